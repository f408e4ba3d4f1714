// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Hub

@Suite("Downloads")
struct DownloadTests {
  let server: HubServer
  let home: ScratchFolder
  let listener = Listener()

  init() throws {
    server = try HubServer(seed: Seeds.model)
    home = try ScratchFolder()
  }

  private func client(token: String? = nil, isCancelled: @escaping @Sendable () -> Bool = { false })
    -> HubClient
  {
    HubClient(
      HubSettings(server, cache: home, token: token), observer: listener, isCancelled: isCancelled)
  }

  private func downloads() throws -> [HubServer.Request] { try server.log().filter(\.isDownload) }

  private var blobs: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(
        atPath: home["hub/models--tester--small/blobs"].path
      ).sorted()
    }
  }

  @Test("a model's files arrive as links into the contents, and nothing that is not needed")
  func snapshot() throws {
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["config.json", "model.safetensors", "tokenizer.json"])
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    let link = try FileManager.default.destinationOfSymbolicLink(
      atPath: folder.appending(path: "config.json").path)
    #expect(link == "../../blobs/\(Digest.gitBlob(Data(#"{"model_type": "llama"}"#.utf8)))")
    let reference = home["hub/models--tester--small/refs/main"]
    #expect(try String(contentsOf: reference, encoding: .utf8) == folder.lastPathComponent)
    let last = try #require(listener.progress.last)
    #expect(last.isFinished && last.done == last.total)
  }

  @Test("the second time, one question is asked and nothing is downloaded")
  func cached() throws {
    let first = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    try server.clearLog()
    #expect(try client().snapshot(of: Seeds.repository("tester/small"), .model) == first)
    #expect(try server.log().map(\.method) == ["GET"])
  }

  @Test("offline, the cache serves without a single request, by branch and by commit")
  func offline() throws {
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    try server.clearLog()
    var settings = HubSettings(server, cache: home)
    settings.isOffline = true
    let hub = HubClient(settings)
    #expect(try hub.snapshot(of: Seeds.repository("tester/small"), .model) == folder)
    let pinned = try Seeds.repository("tester/small@\(folder.lastPathComponent)")
    #expect(try hub.snapshot(of: pinned, .model) == folder)
    #expect(try server.log().isEmpty)
  }

  @Test("offline, what is missing is named")
  func offlineMissing() throws {
    _ = try client().snapshot(of: Seeds.repository("tester/small"), .tokenizer)
    var settings = HubSettings(server, cache: home)
    settings.isOffline = true
    let hub = HubClient(settings)
    let repository = try Seeds.repository("tester/small")
    #expect(
      throws: HubError.offline(
        repository, missing: "'model.safetensors'", cache: settings.cacheFolder)
    ) { try hub.snapshot(of: repository, .model) }
    let other = try Seeds.repository("tester/other")
    #expect(
      throws: HubError.offline(other, missing: "revision 'main'", cache: settings.cacheFolder)
    ) { try hub.snapshot(of: other, .model) }
  }

  @Test("a hub that fails leaves the newest copy in use, and says so")
  func fallback() throws {
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    try server.setFaults(#"[{"match": "GET /api/", "status": 503, "times": 99}]"#)
    #expect(try client().snapshot(of: Seeds.repository("tester/small"), .model) == folder)
    #expect(listener.notes.last?.hasSuffix("using the copy in the cache") == true)
  }

  @Test("a cut connection goes on where it broke")
  func cut() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "cut_after": 1000000, "times": 2}]"#)
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    let ranges = try downloads().filter { $0.service == "files" }.map(\.range)
    #expect(ranges == [nil, "bytes=1000000-", "bytes=2000000-"])
  }

  @Test("what an earlier run left is not downloaded again, and is checked")
  func resumed() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "cut_after": 500000, "times": 99}]"#)
    var settings = HubSettings(server, cache: home)
    settings.retryDelays = []
    #expect(throws: HubError.self) {
      try HubClient(settings).snapshot(of: Seeds.repository("tester/small"), .model)
    }
    #expect(try blobs.count { $0.hasSuffix(".incomplete") } == 1)
    try server.setFaults("[]")
    try server.clearLog()
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    #expect(try downloads().compactMap(\.range) == ["bytes=500000-", "bytes=500000-"])
    #expect(try blobs.allSatisfy { !$0.hasSuffix(".incomplete") })
  }

  @Test("a connection that breaks each time is given up, with what has arrived")
  func broken() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "cut_after": 0, "times": 99}]"#)
    let folder = home["hub/models--tester--small/blobs"]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let etag = try Self.sha256(Seeds.weights, in: home)
    try Seeds.weights.prefix(100).write(to: folder.appending(path: etag + ".incomplete"))
    #expect(
      throws: HubError.broken(
        file: "model.safetensors", received: 100, size: 3_000_000,
        reason: "the connection was closed")
    ) { try client().snapshot(of: Seeds.repository("tester/small"), .model) }
    #expect(try blobs.contains(etag + ".incomplete"))
  }

  private static func sha256(_ data: Data, in folder: ScratchFolder) throws -> String {
    try data.write(to: folder["hashed"])
    return try Digest.sha256(of: folder["hashed"])
  }

  @Test("a server that cannot continue sends everything, and the file is right")
  func withoutRange() throws {
    try server.setFaults(
      #"[{"match": "GET .*signature", "cut_after": 1000000}, {"match": "GET .*signature", "ignore_range": true}]"#
    )
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    #expect(listener.progress.last?.done == listener.progress.last?.total)
  }

  @Test("a wrong checksum is downloaded once more", arguments: ["GET .*signature", "GET .*config"])
  func corruptOnce(match: String) throws {
    try server.setFaults(#"[{"match": "\#(match)", "corrupt": true}]"#)
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    #expect(listener.notes.contains { $0.hasSuffix("downloading it again") })
  }

  @Test("a checksum that is wrong twice is an error, and no content gets the name")
  func corruptTwice() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "corrupt": true, "times": 2}]"#)
    let error = #expect(throws: HubError.self) {
      try client().snapshot(of: Seeds.repository("tester/small"), .model)
    }
    guard case .corrupt("model.safetensors", let expected, _)? = error else {
      Issue.record("expected a checksum error, found \(String(describing: error))")
      return
    }
    #expect(try !blobs.contains { $0.hasPrefix(expected) })
  }

  @Test("an interrupted download keeps what has arrived, and goes on from there")
  func interrupted() throws {
    try server.setFaults(#"[{"match": "GET .*signature", "stall": 30, "after": 1000000}]"#)
    let listener = listener
    let hub = client { listener.progress.contains { $0.done >= 1_000_000 } }
    #expect(throws: HubError.cancelled) {
      try hub.snapshot(of: Seeds.repository("tester/small"), .model)
    }
    try server.clearLog()
    let folder = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    #expect(try downloads().compactMap(\.range).allSatisfy { $0 == "bytes=1000000-" })
  }

  @Test(
    "a disk too small for a file is told before anything is downloaded",
    .enabled(if: SmallDisk.isAvailable, "needs the right to mount a small disk"))
  func smallDisk() throws {
    let disk = try #require(try SmallDisk(byteCount: 1_000_000))
    let settings = HubSettings(server, cache: disk.url)
    #expect {
      try HubClient(settings).snapshot(of: Seeds.repository("tester/small"), .model)
    } throws: { error in
      guard case HubError.diskFull(_, let needed?, let free?) = error else { return false }
      return needed >= 3_000_000 && free <= 1_048_576
    }
    #expect(try downloads().allSatisfy { $0.service != "files" })
  }

  @Test(
    "a disk that fills up in the middle ends the download, which goes on once there is space",
    .enabled(if: SmallDisk.isAvailable, "needs the right to mount a small disk"))
  func diskFillsUp() throws {
    let disk = try #require(try SmallDisk(byteCount: 4_000_000))
    let other = disk.url.appending(path: "other")
    let settings = HubSettings(server, cache: disk.url)
    try server.setFaults(#"[{"match": "GET .*signature", "stall": 1, "after": 1000000}]"#)
    let repository = try Seeds.repository("tester/small")
    #expect {
      try HubClient(settings, observer: Crowding(other, byteCount: 2_000_000)).snapshot(
        of: repository, .model)
    } throws: { error in
      guard case HubError.diskFull(_, nil, _) = error else { return false }
      return "\(error)".contains("no space left for")
    }
    #expect(FileManager.default.fileExists(atPath: other.path))
    try FileManager.default.removeItem(at: other)
    try server.setFaults("[]")
    try server.clearLog()
    let folder = try HubClient(settings).snapshot(of: repository, .model)
    #expect(try Data(contentsOf: folder.appending(path: "model.safetensors")) == Seeds.weights)
    #expect(try downloads().contains { $0.range?.hasPrefix("bytes=") == true })
  }

  @Test("several at once leave one whole content, and download it once")
  func concurrent() throws {
    let repository = try Seeds.repository("tester/small")
    let hub = client()
    let clients = (0..<4).map { _ in HubClient(HubSettings(server, cache: home)) }
    let folders = try hub.concurrently(clients) { try $0.snapshot(of: repository, .model) }
    #expect(Set(folders).count == 1)
    #expect(
      try Data(contentsOf: folders[0].appending(path: "model.safetensors")) == Seeds.weights)
    #expect(try downloads().filter { $0.service == "files" }.count == 1)
  }

  @Test("the token goes to the hub and never to the store of files")
  func token() throws {
    _ = try client(token: "reader").snapshot(of: Seeds.repository("tester/small"), .model)
    let log = try server.log()
    #expect(log.filter { $0.service == "hub" }.allSatisfy { $0.authorized })
    #expect(log.filter { $0.service == "files" }.allSatisfy { !$0.authorized })
    #expect(log.contains { $0.service == "files" })
  }

  @Test("too many requests and failures of the moment are tried again")
  func retries() throws {
    try server.setFaults(
      #"[{"match": "GET /api", "status": 429, "headers": {"Retry-After": "0"}}, {"match": "GET /api", "status": 502}]"#
    )
    _ = try client().snapshot(of: Seeds.repository("tester/small"), .model)
    try server.setFaults(#"[{"match": "GET /api", "status": 429, "times": 99}]"#)
    #expect(throws: HubError.rateLimited(host: "127.0.0.1")) {
      try client().accountName()
    }
  }
}

/// Takes up the disk as soon as something of the weights has arrived.
private final class Crowding: HubObserver {
  private let file: URL
  private let byteCount: Int
  private let isDone = Mutex(false)

  init(_ file: URL, byteCount: Int) {
    self.file = file
    self.byteCount = byteCount
  }

  func note(_ text: String) {}

  func progress(_ progress: TransferProgress) {
    guard progress.done >= 500_000 else { return }
    isDone.withLock { isDone in
      if !isDone { _ = try? Data(count: byteCount).write(to: file) }
      isDone = true
    }
  }
}
