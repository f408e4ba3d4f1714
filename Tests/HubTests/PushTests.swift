// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite("Pushes")
struct PushTests {
  let server: HubServer
  let home: ScratchFolder
  let source: ScratchFolder
  private static let largeWeights = Seeds.bytes(5_300_000)
  private var weights: Data { Self.largeWeights }

  init() throws {
    server = try HubServer()
    home = try ScratchFolder()
    source = try ScratchFolder()
    try source.url.write("config.json", #"{"model_type": "llama"}"#)
    try source.url.write("README.md", "---\ntags:\n- test\n---\n# Card\n")
    try source.url.write("model.safetensors", weights)
    try source.url.write("small.safetensors", Seeds.bytes(1000, seed: 2))
    try source.url.write("empty.safetensors", "")
    try source.url.write("deep/notes.txt", "é\n")
    try source.url.write(".hidden/secret", "x")
    try source.url.write("checkpoint-10/model.safetensors", "x")
    try source.url.write("run.json", "{}")
    try source.url.write("half.incomplete", "x")
  }

  private func client(token: String? = "writer") -> HubClient {
    HubClient(HubSettings(server, cache: home, token: token))
  }

  private func push(_ name: String = "tester/pushed", kind: HubRepository.Kind = .model) throws
    -> PushResult
  {
    var options = PushOptions()
    options.leavesOut = ["run.json"]
    return try client().push(source.url, to: Seeds.repository(name, kind: kind), options)
  }

  @Test("a folder arrives whole, large files in parts, and what belongs to this machine stays")
  func folder() throws {
    let result = try push()
    #expect(result.changedCount == 6)
    #expect(result.omitted == ["checkpoint-10", "half.incomplete", "run.json"])
    #expect(result.page == server.endpoint + "/tester/pushed")
    let puts = try server.log().filter { $0.method == "PUT" }
    #expect(
      puts.map(\.size).sorted() == [1000, 57_120, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20])
    #expect(puts.allSatisfy { !$0.authorized })
    let information = try client().information(Seeds.repository("tester/pushed"))
    #expect(information.commit == result.commit)
    #expect(
      information.paths == [
        "README.md", "config.json", "deep/notes.txt", "empty.safetensors", "model.safetensors",
        "small.safetensors",
      ])
    let back = try client().snapshot(
      of: Seeds.repository("tester/pushed"), .files(information.paths))
    for path in information.paths {
      #expect(
        try Data(contentsOf: back.appending(path: path)) == Data(contentsOf: source[path]))
    }
  }

  @Test("a second push sends what has changed and nothing else")
  func again() throws {
    let first = try push()
    try server.clearLog()
    let second = try push()
    #expect(second.commit == nil && second.changedCount == 0)
    #expect(try server.log().filter { $0.method == "PUT" || $0.path.contains("/commit/") }.isEmpty)
    try source.url.write("config.json", "{}")
    let third = try push()
    #expect(third.changedCount == 1 && third.commit != nil && third.commit != first.commit)
    #expect(try server.log().filter { $0.method == "PUT" }.isEmpty)
  }

  @Test("a push that broke is repeated without sending again what has arrived")
  func repeated() throws {
    try server.setFaults(#"[{"match": "POST .*/commit/", "status": 500, "times": 1}]"#)
    #expect(throws: HubError.self) { try push() }
    try server.clearLog()
    #expect(try push().changedCount == 6)
    #expect(try server.log().filter { $0.method == "PUT" }.isEmpty)
  }

  @Test("a part that fails for a moment is sent again")
  func retried() throws {
    try server.setFaults(#"[{"match": "PUT .*/3$", "status": 503, "times": 2}]"#)
    _ = try push()
    let back = try client().snapshot(
      of: Seeds.repository("tester/pushed"), .files(["model.safetensors"]))
    #expect(try Data(contentsOf: back.appending(path: "model.safetensors")) == weights)
  }

  @Test("a data set without a card gets one that names its splits")
  func dataset() throws {
    let rows = try ScratchFolder()
    try rows.url.write("train.jsonl", "{}\n")
    try rows.url.write("test.jsonl", "{}\n")
    let repository = try Seeds.repository("tester/rows", kind: .dataset)
    #expect(try client().push(rows.url, to: repository, PushOptions()).changedCount == 3)
    let back = try client().rows(of: repository, configuration: nil, split: "test")
    #expect(back.lastPathComponent == "test.jsonl")
    let card = back.deletingLastPathComponent().appending(path: "README.md")
    let text = try String(contentsOf: card, encoding: .utf8)
    #expect(text.contains("  - split: test\n    path:\n    - \"test.jsonl\"\n"))
    let one = try client().push(
      rows["train.jsonl"], to: Seeds.repository("tester/one", kind: .dataset), PushOptions())
    #expect(one.changedCount == 2)
  }

  @Test("a private repository is made private")
  func isPrivate() throws {
    var options = PushOptions()
    options.isPrivate = true
    _ = try client().push(source["config.json"], to: Seeds.repository("tester/hidden"), options)
    #expect(throws: HubError.self) {
      try client(token: nil).information(Seeds.repository("tester/hidden"))
    }
  }

  @Test("without the right to write, the reason is the token")
  func rights() throws {
    let repository = try Seeds.repository("tester/pushed")
    let none = #expect(throws: HubError.self) {
      try client(token: nil).push(source.url, to: repository, PushOptions())
    }
    #expect(none?.description.contains("no access token; give an access token: HF_TOKEN=") == true)
    let reader = #expect(throws: HubError.self) {
      try client(token: "reader").push(source.url, to: repository, PushOptions())
    }
    #expect(reader?.description.contains("your token has no right to write there") == true)
    let wrong = #expect(throws: HubError.self) {
      try client(token: "nonsense").push(source.url, to: repository, PushOptions())
    }
    #expect(wrong?.description.contains("does not know your access token") == true)
    var settings = HubSettings(server, cache: home, token: "writer")
    settings.isOffline = true
    #expect(throws: HubError.offlinePush) {
      try HubClient(settings).push(source.url, to: repository, PushOptions())
    }
    #expect(throws: HubError.nothingToPush(path: source[".hidden/empty"].path)) {
      try FileManager.default.createDirectory(
        at: source[".hidden/empty"], withIntermediateDirectories: true)
      return try client().push(source[".hidden/empty"], to: repository, PushOptions())
    }
    #expect(try client().accountName() == "tester")
  }
}
