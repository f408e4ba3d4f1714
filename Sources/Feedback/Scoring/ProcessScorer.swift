// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A user's program as a scorer, in whatever language: one JSON line in for each row, one JSON line
/// `{"score": number}` out, in the same order.
///
/// The program gets `{"prompt": ..., "completion": ..., <other columns>}` on standard input and must
/// write (and flush) each answer to standard output; what it writes to standard error is shown when
/// it fails. It is started at the first call and kept running until this object is gone; after a
/// failure the next call starts it anew.
///
///     let scorer = ProcessScorer(name: "length", command: ["python3", "-u", "score.py"])
///     let scores = try scorer.scores(prompts: ["2 + 2 ="], completions: [" 4"])
///
/// with, in `score.py`:
///
///     import sys, json
///     for line in sys.stdin:
///         row = json.loads(line)
///         print(json.dumps({"score": -len(row["completion"])}), flush=True)
public final class ProcessScorer: Scorer {
  /// Name in logs.
  public let name: String
  /// The program and its arguments.
  public let command: [String]
  /// Longest time a call may take, in seconds.
  public let timeoutSeconds: Double
  /// Whether `{"score": null}` is an answer: the row has no score, which is told as NaN. Otherwise it is a failure.
  public let acceptsNull: Bool

  private var child: ScorerProcess?

  /// A scorer that is not started yet.
  ///
  /// - Parameters:
  ///   - name: name in logs.
  ///   - command: program (a path, or a name to be found on `PATH`) and arguments.
  ///   - timeoutSeconds: longest time for one call with all its rows, above 0.
  ///   - acceptsNull: whether rows may be left without a score.
  public init(
    name: String, command: [String], timeoutSeconds: Double = 60, acceptsNull: Bool = false
  ) {
    self.name = name
    self.command = command
    self.timeoutSeconds = timeoutSeconds
    self.acceptsNull = acceptsNull
  }

  /// Scores all rows in one exchange.
  ///
  /// - Throws: ``FeedbackError/scorer(name:problem:)`` where the program cannot be started, ends,
  ///   answers something else than a score, or takes too long.
  public func scores(prompts: [String], completions: [String], extras: [JSONObject]) throws
    -> [Double]
  {
    guard prompts.count == completions.count, prompts.count == extras.count else {
      throw problem(
        "\(prompts.count) prompts, \(completions.count) completions and \(extras.count) extras; "
          + "there must be as many of each")
    }
    guard !prompts.isEmpty else { return [] }
    let running = try child ?? start()
    child = running
    do throws(ScorerProcess.Failure) {
      let lines = try running.exchange(
        Self.request(prompts, completions, extras), answerCount: prompts.count,
        timeoutSeconds: timeoutSeconds)
      var scores: [Double] = []
      scores.reserveCapacity(lines.count)
      for (index, line) in lines.enumerated() {
        scores.append(try score(in: line, row: index + 1))
      }
      return scores
    } catch {
      child = nil
      running.stop()
      throw problem(message(error, rowCount: prompts.count, stderr: running.errorTail))
    }
  }

  private func start() throws -> ScorerProcess {
    guard let program = command.first, let path = Self.find(program) else {
      throw problem(
        command.isEmpty
          ? "no command given" : "no program '\(command[0])'; give its path, or put it on PATH")
    }
    do {
      return try ScorerProcess(path: path, arguments: Array(command.dropFirst()))
    } catch {
      throw problem("cannot be started: \(error.localizedDescription) (\(path))")
    }
  }

  private func problem(_ text: String) -> FeedbackError { .scorer(name: name, problem: text) }

  private func message(_ failure: ScorerProcess.Failure, rowCount: Int, stderr: String) -> String {
    var text: String
    switch failure {
    case .ended(let status, let answered):
      text = "the program ended (\(status)) after \(answered) of \(rowCount) answers"
    case .tooSlow(let answered):
      text =
        "no answer within \(timeoutSeconds) s (\(answered) of \(rowCount) came); it must flush "
        + "after each line, and may need a longer time-out"
    case .answer(let row, let line, let reason):
      let shown = line.count > 200 ? line.prefix(200) + "..." : line[...]
      text = "answer \(row): expected {\"score\": number}, found \(shown) (\(reason))"
    case .surplus(let line):
      text = "wrote a line that answers no row: \(line.prefix(200))"
    case .input(let reason): text = "the rows could not be handed over: \(reason)"
    }
    let tail = stderr.split(separator: "\n").suffix(5)
    if !tail.isEmpty { text += "; it wrote: \(tail.joined(separator: " | "))" }
    return text
  }

  private static func request(
    _ prompts: [String], _ completions: [String], _ extras: [JSONObject]
  ) -> [UInt8] {
    var serializer = JSONSerializer()
    for index in prompts.indices {
      var row: JSONObject = [
        "prompt": .string(prompts[index]), "completion": .string(completions[index]),
      ]
      for (key, value) in extras[index] where !row.contains(key) { row[key] = value }
      serializer.append(row)
      serializer.bytes.append(0x0A)
    }
    return serializer.bytes
  }

  private func score(in line: [UInt8], row: Int) throws(ScorerProcess.Failure) -> Double {
    let text = String(decoding: line, as: UTF8.self)
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONValue(parsing: line)
    } catch {
      throw .answer(row: row, line: text, reason: "not JSON: \(error.reason)")
    }
    guard let field = value["score"] else {
      throw .answer(row: row, line: text, reason: "no 'score'")
    }
    if acceptsNull, field == .null { return .nan }
    guard let score = field.double else {
      throw .answer(row: row, line: text, reason: "'score' is \(field.kind)")
    }
    return score
  }

  /// The path of a program: as given where it has a slash, otherwise the first on `PATH`.
  private static func find(_ program: String) -> String? {
    let files = FileManager.default
    if program.contains("/") { return files.isExecutableFile(atPath: program) ? program : nil }
    let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return folders.split(separator: ":").map { "\($0)/\(program)" }
      .first(where: files.isExecutableFile(atPath:))
  }
}
