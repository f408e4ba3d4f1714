// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// `attune data advise`: what is the data good for?
struct DataAdviseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "advise",
    abstract:
      "Say which methods the rows can feed, which rows fail and why, and what would open more.",
    discussion: """
      Every row is read, as training would read it. Docs/which-method.md says how to choose among the methods.

        attune data advise pairs.jsonl
        attune data advise votes.csv --columns prompt=question --json
      """)

  @Argument(help: "Files or folders of data, each looked at by itself.", completion: .file())
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "Our names for the file's columns, such as prompt=question,chosen=best.",
      valueName: "ours=yours,..."))
  var columns: String?

  @Option(
    name: .customLong("max_errors"), help: "Show at most this many kinds of failing rows a method.")
  var maxErrors = 3

  @Option(help: "Print one JSON array, an object for each path.")
  var json = false

  func run() throws {
    let mapping = try columns.map { try ColumnMapping(parsing: $0) } ?? ColumnMapping()
    let advice = try paths.map {
      try DataAdvice($0, columns: mapping, methods: LearningRows.methods)
    }
    if json {
      return Output.current.line(
        JSONValue.array(advice.map { .object($0.json) }).serialized())
    }
    for one in advice { one.lines(maxErrors).forEach { Output.current.line($0) } }
  }
}

extension DataAdvice {
  /// The advice in words.
  fileprivate func lines(_ maxErrors: Int) -> [String] {
    func shown(_ failures: [Failure]) -> [String] {
      let more = failures.count - maxErrors
      return failures.prefix(maxErrors).map { "    fails: \($0.description)" }
        + (more > 0 ? ["    and \(more) other kinds; --max_errors shows more of them"] : [])
    }
    var lines = ["\(path): \(rowCount) rows, columns: \(columns.joined(separator: ", "))"]
    lines += broken.map { "  broken: \($0.description)" }
    lines.append(uses.isEmpty ? "  feeds no method as it is" : "  feeds:")
    for use in uses {
      let records = use.recordCount == use.rowCount ? "" : ", as \(use.recordCount) records"
      lines.append(
        "  \(use.method.name): \(use.rowCount) of \(rowCount) rows\(records) (\(use.conversion))")
      lines += shown(use.failures)
    }
    if !openings.isEmpty { lines.append("  would open more:") }
    for opening in openings {
      let parts = [opening.renaming].compactMap { $0 } + opening.columns.map { "column \($0)" }
      lines.append(
        "  \(parts.joined(separator: " and ")) -> \(opening.methods.joined(separator: "; "))")
    }
    return lines
  }

  /// The advice as an object.
  fileprivate var json: JSONObject {
    func list(_ failures: [Failure]) -> JSONValue {
      .array(
        failures.map {
          .object([
            "problem": .string($0.problem), "count": .integer($0.count),
            "first": $0.first.map { .string($0.description) } ?? .null,
          ])
        })
    }
    func names(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    return [
      "path": .string(path), "rows": .integer(rowCount), "columns": names(columns),
      "broken": list(broken),
      "feeds": .array(
        uses.map {
          .object([
            "method": .string($0.method.name), "rows": .integer($0.rowCount),
            "records": .integer($0.recordCount), "as": .string($0.conversion),
            "columns": names($0.method.columns), "failures": list($0.failures),
          ])
        }),
      "opens": .array(
        openings.map {
          .object([
            "columns": names($0.columns), "methods": names($0.methods),
            "renaming": $0.renaming.map { .string($0) } ?? .null,
          ])
        }),
    ]
  }
}
