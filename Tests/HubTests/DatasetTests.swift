// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite("Data sets")
struct DatasetTests {
  let server: HubServer
  let home: ScratchFolder
  let listener = Listener()

  init() throws {
    server = try HubServer { folder in
      let sets = folder.appending(path: "datasets/tester")
      try sets.write("plain/train.jsonl", "{\"text\": \"a\"}\n")
      try sets.write("plain/README.md", "# Plain\n")
      try sets.write("sharded/data/train-00000-of-00002.jsonl", "{\"n\": 0}\n")
      try sets.write("sharded/data/train-00001-of-00002.jsonl", "{\"n\": 1}\n")
      try sets.write("sharded/data/test-00000-of-00001.jsonl", "{\"n\": 2}\n")
      try sets.write("columns/data/train-00000-of-00001.parquet", Data([0x50, 0x41, 0x52, 0x31]))
      let rows = (0..<250).map { #"{"n": \#($0), "text": "row \#($0)"}"# + "\n" }.joined()
      try sets.write("columns/.rows/default/train.jsonl", rows)
      try sets.write("columns/.rows/default/test.jsonl", "{\"n\": 1}\n")
      let long = String(repeating: "x", count: 6000)
      try sets.write("long/data.parquet", "PAR1")
      try sets.write(
        "long/.rows/default/train.jsonl", "{\"t\": \"a\"}\n{\"t\": \"\(long)\"}\n{\"t\": \"b\"}\n")
      try sets.write("script/data.parquet", "PAR1")
      try sets.write("bare/README.md", "# Nothing\n")
    }
    home = try ScratchFolder()
  }

  private func client(offline: Bool = false, retries: Int = 3) -> HubClient {
    var settings = HubSettings(server, cache: home)
    settings.isOffline = offline
    settings.retryDelays = Array(repeating: 0, count: retries)
    return HubClient(settings, observer: listener)
  }

  private func rows(
    _ name: String, _ split: String = "train", configuration: String? = nil, limit: Int? = nil,
    offline: Bool = false
  ) throws -> URL {
    try client(offline: offline).rows(
      of: Seeds.repository(name, kind: .dataset), configuration: configuration, split: split,
      limit: limit)
  }

  private func pages() throws -> [String] {
    try server.log().filter { $0.path.hasPrefix("/rows?") }.map(\.path)
  }

  @Test("a split of one file is that file in the cache, offline too")
  func plain() throws {
    let file = try rows("tester/plain")
    #expect(file.lastPathComponent == "train.jsonl")
    #expect(try String(contentsOf: file, encoding: .utf8) == "{\"text\": \"a\"}\n")
    #expect(file.path.contains("hub/datasets--tester--plain/snapshots/"))
    try server.clearLog()
    #expect(try rows("tester/plain", offline: true) == file)
    #expect(try server.log().isEmpty)
  }

  @Test("a split of several files is a folder of them in order, and other splits stay on the hub")
  func sharded() throws {
    let folder = try rows("tester/sharded")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["00000-train-00000-of-00002.jsonl", "00001-train-00001-of-00002.jsonl"])
    let texts = try names.map {
      try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
    }
    #expect(texts == ["{\"n\": 0}\n", "{\"n\": 1}\n"])
    #expect(try server.log().filter { $0.isDownload && $0.path.contains("test-") }.isEmpty)
    #expect(try rows("tester/sharded", offline: true) == folder)
    #expect(throws: HubError.self) { try rows("tester/sharded", "test", offline: true) }
  }

  @Test("an unknown split is told with the known ones")
  func unknownSplit() throws {
    let repository = try Seeds.repository("tester/sharded", kind: .dataset)
    #expect(throws: HubError.noSplit(repository, split: "dev", known: ["test", "train"])) {
      try rows("tester/sharded", "dev")
    }
    let columns = try Seeds.repository("tester/columns", kind: .dataset)
    #expect(throws: HubError.noSplit(columns, split: "dev", known: ["test", "train"])) {
      try rows("tester/columns", "dev")
    }
    #expect(
      throws: HubError.noConfiguration(columns, configuration: "x", known: ["default"])
    ) { try rows("tester/columns", configuration: "x") }
  }

  @Test("Parquet is read from the rows service once, page by page")
  func service() throws {
    let file = try rows("tester/columns")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 250)
    #expect(lines[249] == #"{"n": 249, "text": "row 249"}"#)
    #expect(try pages().count == 3)
    #expect(
      listener.notes.contains { $0.contains("as Parquet, which is not read directly: 1 file") })
    #expect(listener.progress.last?.done == 250 && listener.progress.last?.unit == .rows)
    try server.clearLog()
    #expect(try rows("tester/columns") == file)
    #expect(try pages().isEmpty)
    #expect(try rows("tester/columns", offline: true) == file)
    #expect(try server.log().filter { $0.isDownload && $0.path.contains("parquet") }.isEmpty)
  }

  @Test("with a limit, only the pages that are needed are asked for")
  func limited() throws {
    let file = try rows("tester/columns", limit: 120)
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.split(separator: "\n").count == 120)
    #expect(try pages().map { $0.split(separator: "=").last } == ["100", "20"])
  }

  @Test("an interrupted reading goes on with the next row, half a line removed")
  func resumed() throws {
    try server.setFaults(#"[{"match": "GET /rows.*offset=100", "status": 500, "times": 99}]"#)
    #expect(throws: HubError.self) { try rows("tester/columns") }
    let place = home["assets/attune/datasets--tester--columns"]
    let commit = try #require(
      try FileManager.default.contentsOfDirectory(atPath: place.path).first)
    let part = place.appending(path: commit).appending(path: "default--train.jsonl.incomplete")
    let handle = try FileHandle(forWritingTo: part)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(#"{"n": 10"#.utf8))
    try handle.close()
    try server.setFaults("[]")
    try server.clearLog()
    let lines = try String(contentsOf: rows("tester/columns"), encoding: .utf8)
      .split(separator: "\n")
    #expect(lines.count == 250 && lines[100] == #"{"n": 100, "text": "row 100"}"#)
    #expect(try pages().count == 2)
  }

  @Test("rows that the service cuts are left out and counted")
  func cut() throws {
    let text = try String(contentsOf: rows("tester/long"), encoding: .utf8)
    #expect(text == "{\"t\": \"a\"}\n\n{\"t\": \"b\"}\n")
    #expect(listener.notes.contains { $0.contains("1 of 3 rows left out") })
  }

  @Test("what neither side can read says what to do")
  func unreadable() throws {
    for (name, found) in [
      ("tester/script", "its files are .parquet"), ("tester/bare", "there are no data files"),
    ] {
      let error = #expect(throws: HubError.self) { try rows(name) }
      #expect(error?.description.contains(found) == true)
      #expect(error?.description.contains("give --dataset_path") == true)
    }
  }
}
