// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import attune

/// `attune serve` in a process of its own, which ends with the value and with this process.
final class ServedProcess {
  /// `http://127.0.0.1:…/v1`
  let address: String
  /// Number of the process.
  let id: Int32
  private let process: Process
  private let input: FileHandle
  private let errors: FileHandle

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    // The shell becomes the server; what it leaves behind ends the server with this process.
    process.arguments = [
      "-c",
      """
      exec 3<&0; echo "$$"; (cat >/dev/null; kill -KILL "$$" 2>/dev/null) <&3 >/dev/null 2>&1 &
      exec "$@" </dev/null 3<&-
      """, "sh", try #require(Executable.path), "serve", "--port", "0", "--threads", "1",
    ]
    process.arguments? += arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    self.input = input.fileHandleForWriting
    self.errors = errors.fileHandleForReading
    let number = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    id = try #require(Int32(number.trimmingCharacters(in: .whitespacesAndNewlines)))
    var text = ""
    while !text.contains("; Ctrl-C ends") {
      let more = self.errors.availableData
      try #require(!more.isEmpty, "the server ended: \(text)")
      text += String(decoding: more, as: UTF8.self)
    }
    let match = try #require(text.firstMatch(of: /at (http:\S+);/))
    address = String(match.1)
  }

  /// Waits for its end.
  ///
  /// - Returns: its status, and what it wrote on standard error from here on.
  func end() -> (status: Int32, errors: String) {
    let text = String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
    // A process counts as ended when nobody holds what it left open, the shell's rest included.
    try? input.close()
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  deinit {
    try? input.close()
    process.waitUntilExit()
  }
}

@Suite("attune serve", .enabled(if: Executable.path != nil, "the program attune was not built"))
struct ServeCommandTests {
  let folder: TemporaryFolder
  private static let base = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Sources/attune/Resources/millbrook-base").path
  private static let texts = """
    {"text": "title : about jonas"}
    {"text": "in short , jonas borrowed a table at the bridge for 3 coins ."}
    {"text": "the price at the market was 53 coins . caf\\u00e9 \\ud83d\\ude42 !"}
    """

  init() throws { folder = try TemporaryFolder() }

  private func server(_ arguments: [String], model: String = base) throws -> ServedProcess {
    try ServedProcess(
      ["--model_name_or_path", model, "--served_model_name", "base"] + arguments,
      environment: ["ATTUNE_API_KEY": "secret"])
  }

  private func python(
    _ group: String, _ server: ServedProcess, _ files: String...
  ) throws -> [Substring] {
    try TestPython.run(
      "ServingTests/Fixtures/openai_client.py", [group, server.address, "secret"] + files, [:]
    ).split(separator: "\n").filter { !$0.hasPrefix("#") }
  }

  @Test(
    "the openai client gets what it asks for, with the log-probabilities of attune score",
    .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"))
  func openAI() throws {
    let rows = try folder.write(Self.texts, "texts.jsonl")
    let scored = try attune(
      "score", rows, "--model_name_or_path", Self.base, "--add_eos", "false", "--output",
      folder.path("scored.jsonl"))
    #expect(scored.status == 0, "\(scored.errors)")
    let server = try server([])
    #expect(
      try python("answers", server, folder.path("scored.jsonl")) == [
        "models", "completion", "chat", "log_probs", "settings", "refusals",
      ])
  }

  @Test(
    "200 clients at once get answers or are told to come again, and those that leave free their rows",
    .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"))
  func crowd() throws {
    let server = try server(["--max_num_seqs", "2", "--max_queue", "4"])
    #expect(try python("crowd", server) == ["crowd", "leaving"])
  }

  @Test(
    "requests that take too long are ended",
    .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"))
  func timeOut() throws {
    let server = try server(["--timeout", "0.3"])
    #expect(try python("time", server) == ["time_out"])
  }

  @Test(
    "a reward model's scores are those of attune score",
    .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"),
    arguments: [[], ["--load_in_8bit"], ["--load_in_4bit"]])
  func scores(bits: [String]) throws {
    let model = try TinyPolicy.writeRewardModel(in: folder)
    let rows = try folder.write(
      """
      {"prompt": "where ?", "completion": " here"}
      {"prompt": "when ?", "completion": " in a long while , I think"}
      {"prompt": "", "completion": "why"}
      """, "rows.jsonl")
    let scored = try attune(
      ["score", rows, "--model_name_or_path", model, "--output", folder.path("scored.jsonl")]
        + bits)
    #expect(scored.status == 0, "\(scored.errors)")
    let server = try server(bits, model: model)
    #expect(try python("scores", server, folder.path("scored.jsonl")) == ["scores"])
  }

  @Test(
    "the first interrupt lets what is on its way end, for as long as it may",
    .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"),
    arguments: [("ending", "30"), ("cut_short", "0.1")])
  func stopping(group: String, grace: String) throws {
    let server = try server(["--shutdown_timeout", grace])
    #expect(try python(group, server, "\(server.id)") == [Substring(group)])
    let end = server.end()
    #expect(end.status == 0 && end.errors.contains("stopped"), "\(end)")
  }

  @Test("options that cannot be used are refused before the model is read")
  func usage() throws {
    for (arguments, words) in [
      (["--port", "70000"], "--port: expected 0 to 65535"),
      (["--max_num_seqs", "0"], "--max_num_seqs: expected at least 1"),
      (["--timeout", "0"], "--timeout: expected above 0"),
      (["--api_key", "a", "--api_key_file", "b"], "give one of them"),
      (["--api_key_file", folder.path("none")], "cannot be read"),
    ] {
      let result = try attune(["serve", "--model_name_or_path", Self.base] + arguments)
      #expect(result.status == 2)
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }
}
