// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Hub
import TestSupport
import Testing

@testable import attune

@Suite("Commands with names of the hub")
struct HubCommandTests {
  let server: HubServer
  let home: TemporaryFolder

  init() throws {
    home = try TemporaryFolder()
    server = try HubServer { folder in
      let models = try TemporaryFolder(at: folder.appending(path: "models/tester"))
      _ = try TinyPolicy.write(in: models, "tiny")
      _ = try TinyPolicy.writeRewardModel(in: models, "judge")
      let sets = folder.appending(path: "datasets/tester")
      for (path, text) in [
        ("demos/train.jsonl", Self.demonstrations), ("demos/test.jsonl", Self.demonstrations),
        ("columns/train.parquet", "PAR1"),
        ("columns/.rows/default/train.jsonl", Self.demonstrations),
        ("private/train.jsonl", "{}"), ("private/.hub.json", #"{"private": true}"#),
      ] {
        let file = sets.appending(path: path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
    }
  }

  private static let demonstrations = (0..<8).map {
    "{\"prompt\": \"question \($0)\", \"completion\": \" answer \($0)\"}\n"
  }.joined()

  private func run(_ arguments: String..., variables: [String: String] = [:]) throws
    -> CommandResult
  {
    try run(arguments, variables: variables)
  }

  private func run(_ arguments: [String], variables: [String: String] = [:]) throws
    -> CommandResult
  {
    let environment = [
      "HOME": home.url.path, "HF_HOME": home.path("hf"), "HF_ENDPOINT": server.endpoint,
      "HF_ROWS_ENDPOINT": server.rows,
    ].merging(variables) { $1 }
    return try HubOptions.$environment.withValue(environment) { try attune(arguments) }
  }

  @Test("a model is named as on the hub, downloaded once, and used offline after that")
  func generate() throws {
    func generate(_ more: String...) throws -> CommandResult {
      try run(
        [
          "generate", "--model_name_or_path", "tester/tiny", "--prompt", "ab", "--max_new_tokens",
          "3",
        ]
          + ["--temperature", "0"] + more)
    }
    let first = try generate()
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.hasPrefix("tester/tiny: ") && first.errors.contains(" % of "))
    try server.clearLog()
    let second = try generate("--offline")
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output == first.output)
    #expect(try server.log().isEmpty)
  }

  @Test("a folder of this machine wins, and the hub is not asked")
  func local() throws {
    let folder = try TinyPolicy.write(in: home, "mine")
    let result = try run(
      "tokenize", home.write("{\"text\": \"ab\"}\n", "rows.jsonl"), "--tokenizer_name_or_path",
      folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try server.log().isEmpty)
    let pinned = try run(
      "generate", "--model_name_or_path", folder, "--revision", "v1", "--prompt", "a")
    #expect(pinned.status == 2)
    #expect(pinned.errors.contains("is on this machine and has no revisions"))
  }

  @Test(
    "data sets are named as on the hub, whether JSON Lines or Parquet",
    arguments: ["demos", "columns"])
  func data(name: String) throws {
    let result = try run("data", "stats", "--dataset_name", "tester/\(name)", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try result.rows[0]["records"] == 8)
    let offline = try run(
      "data", "stats", "--dataset_name", "tester/\(name)", "--json",
      variables: ["HF_HUB_OFFLINE": "1"])
    #expect(offline.output == result.output)
  }

  @Test("training from the hub ends on the hub, with a card that names where it came from")
  func train() throws {
    let result = try run(
      "sft", "--model_name_or_path", "tester/tiny", "--dataset_name", "tester/demos",
      "--dataset_test_split", "test", "--output_dir", home.path("run"), "--max_steps", "1",
      "--save_steps", "1", "--push_to_hub", "--hub_model_id", "ada/tuned", "--hub_private_repo",
      variables: ["HF_TOKEN": "writer"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("pushed to \(server.endpoint)/ada/tuned"))
    let settings = HubSettings(
      environment: [
        "HF_HOME": home.path("other"), "HF_ENDPOINT": server.endpoint, "HF_TOKEN": "reader",
      ])
    let repository = try #require(HubRepository("ada/tuned"))
    let folder = try HubClient(settings).snapshot(
      of: repository, .files(["README.md", "model.safetensors"]))
    let card = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
    #expect(card.contains("base_model: \"tester/tiny\"\ndatasets:\n  - \"tester/demos\"\n"))
    #expect(card.contains("attune chat --model_name_or_path ada/tuned"))
    #expect(
      try Data(contentsOf: folder.appending(path: "model.safetensors"))
        == Data(contentsOf: home.url.appending(path: "run/model.safetensors")))
    let paths = try server.log().filter { $0.path.contains("/preupload/") }
    #expect(paths.count == 1)
    #expect(throws: HubError.self) {
      try HubClient(settings).snapshot(of: repository, .files(["run.json"]))
    }
  }

  @Test("a push that cannot succeed is refused before training")
  func earlyPush() throws {
    let model = try TinyPolicy.write(in: home)
    let rows = try home.write(Self.demonstrations, "rows.jsonl")
    let start = ["sft", "--model_name_or_path", model, "--dataset_path", rows, "--max_steps", "1"]
    func train(_ more: String...) throws -> CommandResult {
      let environment = ["HOME": home.url.path, "HF_ENDPOINT": server.endpoint]
      return try HubOptions.$environment.withValue(environment) {
        try attune(start + ["--output_dir", home.path("none")] + more)
      }
    }
    let tokenless = try train("--push_to_hub", "--hub_model_id", "ada/x")
    #expect(tokenless.status == 1)
    #expect(tokenless.errors.contains("does not let you write model 'ada/x': no access token"))
    let offline = try train("--push_to_hub", "--hub_model_id", "ada/x", "--offline")
    #expect(offline.status == 2)
    let name = try train("--push_to_hub", "--hub_model_id", "x")
    #expect(name.status == 2)
    #expect(name.errors.contains("names are owner/name"))
    #expect(try train("--hub_model_id", "ada/x").status == 2)
    #expect(!FileManager.default.fileExists(atPath: home.path("none/model.safetensors")))
  }

  @Test("push sends a folder, tells what stays, and a second time that nothing has changed")
  func push() throws {
    let folder = try TinyPolicy.write(in: home, "mine")
    try Data("{}".utf8).write(to: home.url.appending(path: "mine/run.json"))
    let token = ["HF_TOKEN": "writer"]
    let first = try run("push", folder, "ada/mine", "--commit_message", "one", variables: token)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.hasPrefix("\(server.endpoint)/ada/mine: "))
    #expect(first.errors.contains("left here: run.json"))
    let second = try run("push", folder, "ada/mine", "--json", variables: token)
    #expect(try second.rows[0]["files_changed"] == 0)
    #expect(try second.rows[0]["commit"] == .null)
    let rows = try home.write(Self.demonstrations, "train.jsonl")
    let data = try run(
      "push", rows, "ada/rows", "--repo_type", "dataset", "--private", variables: token)
    #expect(data.output.hasPrefix("\(server.endpoint)/datasets/ada/rows: 2 files"))
  }

  @Test(
    "what the hub does not give ends with a sentence and the status for its kind",
    arguments: [
      (
        ["generate", "--model_name_or_path", "tester/none", "--prompt", "a"], 4,
        "has no model 'tester/none'"
      ),
      (
        ["generate", "--model_name_or_path", "tester/tiny@v2", "--prompt", "a"], 4, "there are main"
      ),
      (
        ["generate", "--model_name_or_path", "tester/tiny", "--offline", "--prompt", "a"], 4,
        "revision 'main' is not in the cache"
      ),
      (["data", "stats", "--dataset_name", "tester/private"], 3, "does not show it to you"),
      (
        ["data", "stats", "--dataset_name", "tester/demos", "--dataset_split", "dev"], 2,
        "there are test, train"
      ),
      (["data", "stats", "--dataset_name", "demos"], 2, "names are owner/name"),
      (["data", "stats", "rows.jsonl", "--dataset_config", "x"], 2, "--dataset_config"),
      (["push", "nowhere", "ada/x"], 1, "no access token"),
      (["push", "nowhere", "x"], 2, "names are owner/name"),
    ] as [([String], Int32, String)])
  func errors(_ arguments: [String], _ status: Int32, _ sentence: String) throws {
    let environment = [
      "HOME": home.url.path, "HF_ENDPOINT": server.endpoint, "HF_ROWS_ENDPOINT": server.rows,
    ]
    let result = try HubOptions.$environment.withValue(environment) { try attune(arguments) }
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errors.contains(sentence), "\(result.errors)")
    #expect(result.output == "")
  }

  @Test(
    "an interrupt ends a download with status 130, and the next run goes on from there",
    .enabled(if: Executable.path != nil, "the program attune was not built"))
  func interrupt() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "stall": 60, "after": 1000}]"#)
    let rows = try home.write(Self.demonstrations, "rows.jsonl")
    let process = Process()
    // Threads of tests hold signals back, and a process begins as the thread that starts it.
    let unblocked = """
      import os, signal, sys
      signal.pthread_sigmask(signal.SIG_SETMASK, [])
      os.execv(sys.argv[1], sys.argv[1:])
      """
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c", unblocked, try #require(Executable.path), "score", rows,
      "--model_name_or_path", "tester/judge", "--output", home.path("out"),
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["HF_HOME": home.path("hf"), "HF_ENDPOINT": server.endpoint]) { $1 }
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let blobs = home.url.appending(path: "hf/hub/models--tester--judge/blobs")
    func hasPart() -> Bool {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: blobs.path)) ?? []
      return names.contains { name in
        name.hasSuffix(".incomplete")
          && (try? Data(contentsOf: blobs.appending(path: name)).count) == 1000
      }
    }
    while process.isRunning, !hasPart() { Thread.sleep(forTimeInterval: 0.05) }
    process.interrupt()
    let text = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(text.contains("stopped; what has arrived is kept"))
    try server.clearLog()
    let second = try run("score", rows, "--model_name_or_path", "tester/judge")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try server.log().compactMap(\.range).contains("bytes=1000-"))
  }
}

@Suite("Display of transfers")
struct TransferDisplayTests {
  private func progress(_ done: Int64, _ total: Int64?, isFinished: Bool = false)
    -> TransferProgress
  {
    TransferProgress(title: "a/b", done: done, total: total, unit: .bytes, isFinished: isFinished)
  }

  @Test("a line says how much, how fast and how long")
  func lines() {
    #expect(TransferDisplay.line(progress(0, 2_000_000_000), 0) == "a/b: 0 % of 2.0 GB")
    #expect(
      TransferDisplay.line(progress(500_000_000, 2_000_000_000), 10)
        == "a/b: 25 % of 2.0 GB, 50.0 MB/s, 0:30 left")
    #expect(
      TransferDisplay.line(progress(1_000_000, 2_000_000_000), 10)
        == "a/b: 0 % of 2.0 GB, 100.0 kB/s, 5:33:10 left")
    #expect(TransferDisplay.line(progress(1500, nil), 3) == "a/b: 1.5 kB")
    #expect(TransferDisplay.summary(progress(1500, 1500), 3) == "a/b: 1.5 kB in 3.0 s")
  }

  @Test("without a terminal there is a line at the start, one in ten seconds, and one at the end")
  func plain() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("", "errors")
    let file = try FileHandle(forWritingTo: folder.url.appending(path: "errors"))
    let output = Output(results: file.fileDescriptor, progress: file.fileDescriptor)
    let clock = Clock()
    let display = TransferDisplay(output, isLive: false) { clock.next() }
    for done in 0..<25 { display.progress(progress(Int64(done), 25)) }
    display.progress(progress(25, 25, isFinished: true))
    display.note("done")
    #expect(
      try folder.text("errors") == """
        a/b: 0 % of 25 bytes
        a/b: 40 % of 25 bytes, 1 byte/s, 0:15 left
        a/b: 80 % of 25 bytes, 1 byte/s, 0:05 left
        a/b: 25 bytes in 25 s
        done

        """)
  }

  /// A second later each time.
  private final class Clock: @unchecked Sendable {
    // Used by one thread.
    private var time = Date(timeIntervalSince1970: 0)
    func next() -> Date {
      defer { time.addTimeInterval(1) }
      return time
    }
  }
}
