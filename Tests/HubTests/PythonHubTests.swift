// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Hub

/// The hub's own Python client, `huggingface_hub`, beside ours: on the same server, in the same cache.
@Suite(
  "With huggingface_hub",
  .enabled(if: TestPython.path != nil, "no .venv-test; Scripts/test makes it"))
struct PythonHubTests {
  private func python(
    _ server: HubServer, _ home: ScratchFolder, _ arguments: String..., offline: Bool = false
  ) throws -> String {
    try TestPython.run(
      "HubTests/Fixtures/hub_client.py", arguments,
      [
        "HF_ENDPOINT": server.endpoint, "HF_HOME": home.url.path, "HF_TOKEN": "writer",
        "HF_HUB_OFFLINE": offline ? "1" : "0",
      ]
    ).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test("the test server answers as huggingface_hub expects of a hub")
  func honestServer() throws {
    let server = try HubServer { folder in
      let models = folder.appending(path: "models/seeds")
      try models.write("gated/config.json", "{}")
      try models.write("gated/.hub.json", #"{"gated": true}"#)
      try models.write("private/.hub.json", #"{"private": true}"#)
      try models.write("renamed/.hub.json", #"{"moved_to": "seeds/gated"}"#)
    }
    let scratch = try ScratchFolder()
    let report = try TestPython.run(
      "HubTests/Fixtures/check_server.py", [scratch.url.path], ["HF_ENDPOINT": server.endpoint])
    #expect(report.contains("data sets"))
  }

  @Test("a cache made by huggingface_hub is used as it is")
  func theirCache() throws {
    let server = try HubServer(seed: Seeds.model)
    let home = try ScratchFolder()
    let folder = try python(server, home, "snapshot", "tester/small")
    try server.clearLog()
    let hub = HubClient(HubSettings(server, cache: home))
    let ours = try hub.snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(
      ours.resolvingSymlinksInPath().path == URL(filePath: folder).resolvingSymlinksInPath().path)
    #expect(try server.log().filter(\.isDownload).isEmpty)
    #expect(try server.log().count == 1)
    var offline = HubSettings(server, cache: home)
    offline.isOffline = true
    #expect(try HubClient(offline).snapshot(of: Seeds.repository("tester/small"), .model) == ours)
  }

  @Test("a cache made here is used by huggingface_hub as it is, online and offline")
  func ourCache() throws {
    let server = try HubServer(seed: Seeds.model)
    let home = try ScratchFolder()
    let hub = HubClient(HubSettings(server, cache: home))
    let ours = try hub.snapshot(of: Seeds.repository("tester/small"), .model)
    try server.clearLog()
    let names = "config.json,tokenizer.json,model.safetensors"
    let folder = try python(server, home, "snapshot", "tester/small", names)
    #expect(URL(filePath: folder).lastPathComponent == ours.lastPathComponent)
    #expect(try server.log().filter(\.isDownload).isEmpty)
    try server.clearLog()
    #expect(try python(server, home, "snapshot", "tester/small", names, offline: true) == folder)
    #expect(
      try python(server, home, "file", "tester/small", "config.json", offline: true).hasPrefix(
        folder))
    #expect(try server.log().isEmpty)
    #expect(try python(server, home, "scan") == "tester/small 3")
  }

  @Test("what is pushed here is what huggingface_hub downloads, and the reverse")
  func pushes() throws {
    let server = try HubServer()
    let (home, source) = (try ScratchFolder(), try ScratchFolder())
    let weights = Seeds.bytes(2_500_000)
    try source.url.write("config.json", "{}")
    try source.url.write("model.safetensors", weights)
    let hub = HubClient(HubSettings(server, cache: home, token: "writer"))
    _ = try hub.push(source.url, to: Seeds.repository("tester/ours"), PushOptions())
    let theirs = URL(filePath: try python(server, home, "snapshot", "tester/ours"))
    #expect(try Data(contentsOf: theirs.appending(path: "model.safetensors")) == weights)
    #expect(try python(server, home, "upload", "tester/theirs", source.url.path).count == 40)
    let ours = try hub.snapshot(of: Seeds.repository("tester/theirs"), .model)
    #expect(try Data(contentsOf: ours.appending(path: "model.safetensors")) == weights)
    #expect(
      try hub.push(source.url, to: Seeds.repository("tester/theirs"), PushOptions()).changedCount
        == 1)
  }

  @Test("both at once on one cache leave whole files")
  func atOnce() throws {
    let server = try HubServer(seed: Seeds.model)
    let home = try ScratchFolder()
    let hub = HubClient(HubSettings(server, cache: home))
    let folders = try hub.concurrently([true, false, true, false]) { isOurs in
      isOurs
        ? try HubClient(HubSettings(server, cache: home))
          .snapshot(of: Seeds.repository("tester/small"), .model).path
        : try python(server, home, "snapshot", "tester/small")
    }
    #expect(Set(folders.map { URL(filePath: $0).lastPathComponent }).count == 1)
    let weights = URL(filePath: folders[0]).appending(path: "model.safetensors")
    #expect(try Data(contentsOf: weights) == Seeds.weights)
  }
}
