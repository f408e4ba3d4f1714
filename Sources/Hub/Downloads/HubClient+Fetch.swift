// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1
import Synchronization

/// A file of a commit, as the hub describes it before sending it.
struct RemoteFile: Sendable {
  var path: String
  /// The name of its content in the cache.
  var etag: String
  /// Bytes; nil where the hub does not say.
  var size: Int64?

  var checksum: Checksum { Checksum(etag: etag, size: size) }
}

extension HubClient {
  /// Brings files of a commit into the cache.
  ///
  /// - Parameters:
  ///   - paths: which files.
  ///   - repository: with a commit as its revision.
  ///   - cache: the repository's folder.
  /// - Throws: ``HubError``; what has arrived is kept.
  func fetch(_ paths: [String], of repository: HubRepository, _ cache: HubCache) throws {
    let absent = paths.filter { !cache.has($0, repository.revision) }
    guard !absent.isEmpty else { return }
    let files = try concurrently(absent) { try self.describe($0, repository) }
    // The same content may stand under several names.
    var wanted: [String: RemoteFile] = [:]
    for file in files where !FileManager.default.fileExists(atPath: cache.blob(file.etag).path) {
      wanted[file.etag] = file
    }
    if !wanted.isEmpty {
      let downloads = wanted.values.sorted { ($0.size ?? 0, $1.path) > ($1.size ?? 0, $0.path) }
      try LocalFiles.makeFolder(cache.folder.appending(path: "blobs"))
      try checkSpace(downloads, cache)
      let meter = TransferMeter(
        title: repository.name,
        total: downloads.reduce(0) { sum, file in
          sum.flatMap { sum in file.size.map { sum + $0 } }
        }, observer: observer)
      _ = try concurrently(downloads) { try self.download($0, repository, cache, meter) }
      meter.finish()
    }
    for file in files { try cache.link(file.path, repository.revision, to: file.etag) }
  }

  /// Asks for size and checksum of a file.
  private func describe(_ path: String, _ repository: HubRepository) throws -> RemoteFile {
    var call = HTTPCall(method: .HEAD, address: address(of: path, repository))
    call.stopsAtOtherHost = true
    let answer = try transport.send(call)
    guard (200..<400).contains(answer.status) else { throw try problem(answer, repository, path) }
    guard let commit = answer[header: "X-Repo-Commit"] else {
      throw HubError.malformed(
        what:
          "\(settings.host) does not answer like a hub (no X-Repo-Commit); is HF_ENDPOINT right?")
    }
    guard commit.lowercased() == repository.revision else {
      throw HubError.malformed(what: "\(path) of another commit than was asked for")
    }
    let tag = answer[header: "X-Linked-Etag"] ?? answer[header: "ETag"] ?? ""
    let etag = (tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag)
      .trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    guard HubCache.isSafeTag(etag) else {
      throw HubError.malformed(what: "\(path) has the entity tag '\(tag)'")
    }
    let size =
      answer[header: "X-Linked-Size"]
      ?? (answer.status < 300 ? answer[header: "Content-Length"] : nil)
    return RemoteFile(path: path, etag: etag, size: size.flatMap { Int64($0) })
  }

  private func address(of path: String, _ repository: HubRepository) -> String {
    let parts = path.split(separator: "/").map { HubRepository.escaped(String($0)) }
    return settings.endpoint + repository.pagePath + "/resolve/" + repository.escapedRevision + "/"
      + parts.joined(separator: "/")
  }

  private func checkSpace(_ files: [RemoteFile], _ cache: HubCache) throws {
    let needed = files.reduce(Int64(0)) { sum, file in
      let there =
        try? FileManager.default.attributesOfItem(
          atPath: cache.incomplete(file.etag).path)[.size] as? Int64
      return sum + max(0, (file.size ?? 0) - (there ?? 0))
    }
    guard let free = LocalFiles.freeBytes(at: cache.folder), free < needed else { return }
    throw HubError.diskFull(path: cache.root.path, needed: needed, free: free)
  }

  // MARK: One file

  private func download(
    _ file: RemoteFile, _ repository: HubRepository, _ cache: HubCache, _ meter: TransferMeter
  ) throws {
    var waits = 0
    let lock = try FileLock(cache.lock(file.etag)) {
      try transport.checkCancellation()
      waits += 1
      if waits == 4 { observer.note("\(file.path): another process downloads it; waiting") }
    }
    try withExtendedLifetime(lock) {
      let blob = cache.blob(file.etag)
      guard !FileManager.default.fileExists(atPath: blob.path) else {
        return meter.add(file.size ?? 0)
      }
      let incomplete = cache.incomplete(file.etag)
      // A second time from the start: what was left by an earlier run may have been damaged.
      for isLast in [false, true] {
        let found = try receive(file, repository, into: incomplete, meter)
        guard let expected = file.checksum.expected, let found, found != expected else {
          guard rename(incomplete.path, blob.path) == 0 else { throw LocalFiles.error(blob, errno) }
          return
        }
        meter.add(-(file.size ?? 0))
        unlink(incomplete.path)
        guard !isLast else {
          throw HubError.corrupt(file: file.path, expected: expected, found: found)
        }
        observer.note("\(file.path): the checksum is wrong; downloading it again")
      }
    }
  }

  /// Receives what is missing of a file.
  ///
  /// - Returns: the checksum of the whole file.
  private func receive(
    _ file: RemoteFile, _ repository: HubRepository, into incomplete: URL, _ meter: TransferMeter
  ) throws -> String? {
    let sink = try FileSink(incomplete, checksum: file.checksum, onChange: meter.add)
    if let size = file.size, sink.count > size { try sink.restart() }
    if file.size == nil || sink.count != file.size {
      do {
        let call = HTTPCall(address: address(of: file.path, repository))
        let answer = try transport.send(call, into: sink)
        guard answer.isSuccess else { throw try problem(answer, repository, file.path) }
      } catch HubError.unreachable(_, let reason) where sink.count > 0 {
        throw HubError.broken(
          file: file.path, received: sink.count, size: file.size, reason: reason)
      }
    }
    if let size = file.size, sink.count != size {
      throw HubError.broken(
        file: file.path, received: sink.count, size: size, reason: "another size than was announced"
      )
    }
    return try sink.finish()
  }

  // MARK: Several at once

  /// The results of `body` for all items, a few at a time; the first error ends the rest early.
  func concurrently<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) throws -> Result
  ) throws -> [Result] {
    let work = Work<Item, Result>(items)
    let group = DispatchGroup()
    for _ in 0..<max(1, min(settings.workerCount, items.count)) {
      Thread.detachNewThread(in: group) { work.run(body) }
    }
    group.wait()
    return try work.results()
  }
}

extension Thread {
  fileprivate static func detachNewThread(
    in group: DispatchGroup, _ body: @escaping @Sendable () -> Void
  ) {
    group.enter()
    detachNewThread {
      body()
      group.leave()
    }
  }
}

/// Items that several threads take in turn.
private final class Work<Item: Sendable, Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var results: [Int: Result] = [:]
    var error: (any Error)?
  }

  private let items: [Item]
  private let state = Mutex(State())

  init(_ items: [Item]) { self.items = items }

  func run(_ body: (Item) throws -> Result) {
    while let index = take() {
      do {
        let result = try body(items[index])
        state.withLock { $0.results[index] = result }
      } catch {
        state.withLock { $0.error = $0.error ?? error }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.error == nil, state.next < items.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  func results() throws -> [Result] {
    let state = state.withLock { $0 }
    if let error = state.error { throw error }
    return items.indices.compactMap { state.results[$0] }
  }
}

/// Adds up what several threads transfer.
final class TransferMeter: Sendable {
  private let progress: Mutex<TransferProgress>
  private let observer: any HubObserver

  init(
    title: String, total: Int64?, unit: TransferProgress.Unit = .bytes, observer: any HubObserver
  ) {
    progress = Mutex(
      TransferProgress(title: title, done: 0, total: total, unit: unit, isFinished: false))
    self.observer = observer
  }

  /// Counts more, or less where something is begun anew.
  func add(_ count: Int64) {
    observer.progress(
      progress.withLock {
        $0.done += count
        return $0
      })
  }

  /// Sets how much there is in all.
  func setTotal(_ total: Int64) { progress.withLock { $0.total = total } }

  /// Reports the end.
  func finish() {
    observer.progress(
      progress.withLock {
        $0.isFinished = true
        return $0
      })
  }
}
