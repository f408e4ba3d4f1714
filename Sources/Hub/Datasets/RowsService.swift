// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads a split from the hub's rows service, a hundred rows a request, into a JSON Lines file.
///
/// Line n of the file is row n; a row that the service cut is left out as an empty line. Rows stand in
/// `….jsonl.incomplete` until the last has arrived.
struct RowsService {
  let hub: HubClient
  let repository: HubRepository
  /// The folder for this commit's rows.
  let place: URL
  /// What the data set's own files are, for messages.
  let kind: String
  /// Rows wanted; nil for all.
  let limit: Int?

  static let pageLength = 100

  /// The file with the rows of a split.
  func file(configuration: String?, split: String) throws -> URL {
    if let configuration, let found = finished(configuration, split) { return found }
    if hub.settings.isOffline, configuration == nil, let found = onlyFinished(split) {
      return found
    }
    guard !hub.settings.isOffline else {
      throw HubError.offline(
        repository, missing: "split '\(split)'", cache: hub.settings.assetsFolder)
    }
    let name = try choose(configuration, split)
    if let found = finished(name, split) { return found }
    let target = target(name, split, limit)
    let lock = try FileLock(target.appendingPathExtension("lock")) {
      try hub.transport.checkCancellation()
    }
    return try withExtendedLifetime(lock) {
      try finished(name, split) ?? read(name, split, into: target)
    }
  }

  private func target(_ configuration: String, _ split: String, _ limit: Int?) -> URL {
    let first = limit.map { "--first-\($0)" } ?? ""
    return place.appending(path: HubClient.fileName(configuration, split) + first + ".jsonl")
  }

  private func finished(_ configuration: String, _ split: String) -> URL? {
    [target(configuration, split, nil), target(configuration, split, limit)].first {
      FileManager.default.fileExists(atPath: $0.path)
    }
  }

  /// The file of a split whose configuration was chosen by an earlier run.
  private func onlyFinished(_ split: String) -> URL? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    let marks = ["--\(split).jsonl"] + (limit.map { ["--\(split)--first-\($0).jsonl"] } ?? [])
    let found = names.filter { name in marks.contains { name.hasSuffix($0) } }.sorted()
    let configurations = Set(found.map { $0.split(separator: "-").first })
    return configurations.count == 1 ? place.appending(path: found[0]) : nil
  }

  // MARK: Questions

  /// The configuration that is meant, which has the split.
  private func choose(_ wanted: String?, _ split: String) throws -> String {
    struct Answer: Decodable {
      struct Split: Decodable {
        var config: String
        var split: String
      }
      var splits: [Split]
    }
    let answer = try ask("splits", [:]).decoded(Answer.self, "the list of splits")
    var names: [String] = []
    for entry in answer.splits where !names.contains(entry.config) { names.append(entry.config) }
    let name = try DatasetLayout.choose(
      wanted, among: names.map { ($0, $0 == "default") }, repository)
    let splits = answer.splits.filter { $0.config == name }.map(\.split)
    guard splits.contains(split) else {
      throw HubError.noSplit(repository, split: split, known: splits)
    }
    return name
  }

  private func ask(_ service: String, _ query: [(String, String)]) throws -> HTTPAnswer {
    let items = [("dataset", repository.name)] + query
    let text = items.map { "\($0.0)=\(HubRepository.escaped($0.1))" }.joined(separator: "&")
    let address = "\(hub.settings.rowsEndpoint)/\(service)?\(text)"
    let answer: HTTPAnswer
    do {
      answer = try hub.transport.send(HTTPCall(address: address))
    } catch HubError.unreachable(let host, let reason) {
      throw HubError.unreadableData(
        repository, found: kind, reason: "the rows service \(host) cannot be reached (\(reason))")
    }
    guard answer.isSuccess else {
      let host = URL(string: hub.settings.rowsEndpoint)?.host() ?? hub.settings.rowsEndpoint
      let said = answer.complaint.isEmpty ? "status \(answer.status)" : answer.complaint
      throw HubError.unreadableData(
        repository, found: kind, reason: "the rows service \(host) answers: \(said)")
    }
    return answer
  }

  private func ask(_ service: String, _ query: KeyValuePairs<String, String>) throws -> HTTPAnswer {
    try ask(service, query.map { ($0.key, $0.value) })
  }

  private func page(_ configuration: String, _ split: String, offset: Int) throws -> RowsPage {
    let length = min(Self.pageLength, limit.map { $0 - offset } ?? .max)
    let answer = try ask(
      "rows",
      [
        "config": configuration, "split": split, "offset": "\(offset)", "length": "\(length)",
      ])
    return try RowsPage(answer.body)
  }

  /// Tells how the same rows stand on the hub; without an answer there is nothing to tell.
  private func tell(_ configuration: String, _ split: String) {
    struct Answer: Decodable {
      struct File: Decodable {
        var config: String
        var split: String
        var size: Int64
      }
      var files: [File]
      enum CodingKeys: String, CodingKey { case files = "parquet_files" }
    }
    let files = (try? ask("parquet", [:]).decoded(Answer.self, "Parquet files").files)?
      .filter { $0.config == configuration && $0.split == split }
    let parquet = files.map { files in
      " (as Parquet, which is not read directly: \(files.count) "
        + "file\(files.count == 1 ? "" : "s"), "
        + "\(HubError.size(files.reduce(0) { $0 + $1.size })))"
    }
    hub.observer.note(
      "\(repository.name): reading '\(split)' of '\(configuration)' from the rows service"
        + (parquet ?? ""))
  }

  // MARK: Reading

  private func read(_ configuration: String, _ split: String, into target: URL) throws -> URL {
    tell(configuration, split)
    let file = try RowsFile(target.appendingPathExtension("incomplete"))
    let meter = TransferMeter(
      title: repository.name, total: nil, unit: .rows, observer: hub.observer)
    meter.add(Int64(file.count))
    var total = limit ?? .max
    while file.count < total {
      let page = try page(configuration, split, offset: file.count)
      total = min(page.total, limit ?? .max)
      meter.setTotal(Int64(total))
      guard file.count < total else { break }
      let indices = page.rows.map(\.index)
      guard !indices.isEmpty, indices == Array(file.count..<(file.count + indices.count)) else {
        throw HubError.malformed(what: "rows \(indices.first ?? -1)… in place of \(file.count)…")
      }
      try file.append(page.rows)
      meter.add(Int64(page.rows.count))
      if page.isPartial, file.count >= total {
        hub.observer.note(
          "\(repository.name): the rows service has only the first \(page.total) rows of '\(split)'"
        )
      }
    }
    if file.cutCount > 0 {
      hub.observer.note(
        "\(repository.name): \(file.cutCount) of \(file.count) rows left out, since the rows service "
          + "cuts long cells")
    }
    try file.finish(as: target)
    meter.finish()
    return target
  }
}

/// The lines that have arrived.
private final class RowsFile {
  private let file: URL
  private let handle: FileHandle
  /// Lines in the file.
  private(set) var count = 0
  /// Lines without a row.
  private(set) var cutCount = 0

  /// Opens the file, made where it is missing; half a line at its end is removed.
  init(_ file: URL) throws {
    self.file = file
    do {
      if !FileManager.default.fileExists(atPath: file.path) {
        try LocalFiles.makeFolder(file.deletingLastPathComponent())
        try Data().write(to: file)
      }
      handle = try FileHandle(forUpdating: file)
      let end = try countLines()
      try handle.truncate(atOffset: end)
    } catch {
      throw LocalFiles.error(file, error)
    }
  }

  private func countLines() throws -> UInt64 {
    var (offset, end): (UInt64, UInt64) = (0, 0)
    while let block = try handle.read(upToCount: 1 << 20), !block.isEmpty {
      for byte in block {
        offset += 1
        guard byte == 0x0A else { continue }
        if offset == end + 1 { cutCount += 1 }
        count += 1
        end = offset
      }
    }
    return end
  }

  func append(_ rows: [RowsPage.Row]) throws {
    var text = Data()
    for row in rows {
      if row.isCut { cutCount += 1 } else { text.append(contentsOf: row.json) }
      text.append(0x0A)
    }
    do {
      try handle.write(contentsOf: text)
    } catch {
      throw LocalFiles.error(file, error)
    }
    count += rows.count
  }

  func finish(as target: URL) throws {
    do {
      try handle.synchronize()
      try handle.close()
    } catch {
      throw LocalFiles.error(file, error)
    }
    guard rename(file.path, target.path) == 0 else { throw LocalFiles.error(target, errno) }
  }
}
