// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1

/// Sends large files to the hub's store, whole or in parts, as the protocol of Git LFS has it.
struct LargeUpload: Sendable {
  let hub: HubClient
  let repository: HubRepository

  /// A file with its SHA-256.
  typealias Item = (file: UploadFile, sha256: String)

  /// Where a file goes; without actions the store has it.
  private struct Instruction: Decodable, Sendable {
    struct Action: Decodable, Sendable {
      var href: String
      var header: [String: String]?
    }
    struct Actions: Decodable, Sendable {
      var upload: Action?
      var verify: Action?
    }
    struct Complaint: Decodable, Sendable { var message: String }

    var oid: String
    var actions: Actions?
    var error: Complaint?
  }

  /// Sends what the store does not have.
  func send(_ items: [Item]) throws {
    let files = Dictionary(items.map { ($0.sha256, $0.file) }) { first, _ in first }
    var jobs: [(UploadFile, Instruction)] = []
    for start in stride(from: 0, to: items.count, by: 100) {
      let part = Array(items[start..<min(start + 100, items.count)])
      for instruction in try instructions(part) {
        guard let file = files[instruction.oid] else { continue }
        if let error = instruction.error {
          throw HubError.refused(what: file.path, status: 422, message: error.message)
        }
        if instruction.actions?.upload != nil { jobs.append((file, instruction)) }
      }
    }
    guard !jobs.isEmpty else { return }
    let meter = TransferMeter(
      title: repository.name, total: jobs.reduce(0) { $0 + $1.0.size }, observer: hub.observer)
    _ = try hub.concurrently(jobs) { try self.send($0.0, $0.1, meter) }
    meter.finish()
  }

  private func instructions(_ items: [Item]) throws -> [Instruction] {
    struct Wish: Encodable {
      struct Object: Encodable {
        var oid: String
        var size: Int64
      }
      struct Reference: Encodable { var name: String }
      var operation = "upload"
      var transfers = ["basic", "multipart"]
      var objects: [Object]
      var hash_algo = "sha256"
      var ref: Reference
    }
    struct Answer: Decodable { var objects: [Instruction] }
    let wish = Wish(
      objects: items.map { .init(oid: $0.sha256, size: $0.file.size) },
      ref: .init(name: repository.revision))
    let answer = try hub.transport.send(
      .post(
        "\(hub.settings.endpoint)\(repository.pagePath).git/info/lfs/objects/batch", json: wish,
        type: Self.mediaType))
    guard answer.isSuccess else {
      throw try hub.pushProblem(answer, repository, "preparing large files")
    }
    return try answer.decoded(Answer.self, "the plan for large files").objects
  }

  private static let mediaType = "application/vnd.git-lfs+json"

  private func send(_ file: UploadFile, _ instruction: Instruction, _ meter: TransferMeter) throws {
    guard let upload = instruction.actions?.upload else { return }
    let header = upload.header ?? [:]
    if let length = header["chunk_size"] {
      guard let partSize = Int64(length), partSize > 0 else {
        throw HubError.malformed(what: "\(file.path) is to be sent in parts of '\(length)'")
      }
      try sendParts(file, instruction.oid, upload, partSize, meter)
    } else {
      _ = try put(file, 0..<file.size, upload.href, meter)
    }
    guard let verify = instruction.actions?.verify else { return }
    struct Wish: Encodable {
      var oid: String
      var size: Int64
    }
    let wish = Wish(oid: instruction.oid, size: file.size)
    try check(hub.transport.send(.post(verify.href, json: wish)), file)
  }

  private func sendParts(
    _ file: UploadFile, _ oid: String, _ upload: Instruction.Action, _ partSize: Int64,
    _ meter: TransferMeter
  ) throws {
    struct Wish: Encodable {
      struct Part: Encodable {
        var partNumber: Int
        var etag: String
      }
      var oid: String
      var parts: [Part]
    }
    let addresses = (upload.header ?? [:]).compactMap { key, value in
      Int(key).map { (number: $0, address: value) }
    }.sorted { $0.number < $1.number }
    guard addresses.count == Int((file.size + partSize - 1) / partSize) else {
      throw HubError.malformed(what: "\(file.path) is to be sent in \(addresses.count) parts")
    }
    var parts: [Wish.Part] = []
    for (index, part) in addresses.enumerated() {
      let start = Int64(index) * partSize
      let answer = try put(file, start..<min(start + partSize, file.size), part.address, meter)
      guard let etag = answer[header: "ETag"] else {
        throw HubError.malformed(what: "part \(part.number) of \(file.path) has no entity tag")
      }
      parts.append(.init(partNumber: part.number, etag: etag))
    }
    let done = try HTTPCall.post(
      upload.href, json: Wish(oid: oid, parts: parts), type: Self.mediaType)
    try check(hub.transport.send(done), file)
  }

  private func put(
    _ file: UploadFile, _ range: Range<Int64>, _ address: String, _ meter: TransferMeter
  ) throws -> HTTPAnswer {
    var call = HTTPCall(method: .PUT, address: address)
    switch file.source {
    case .file(let place): call.content = .file(place, range)
    case .text(let text): call.content = .data(Data(text.utf8), type: "application/octet-stream")
    }
    let answer = try hub.transport.send(call)
    try check(answer, file)
    meter.add(Int64(range.count))
    return answer
  }

  private func check(_ answer: HTTPAnswer, _ file: UploadFile) throws {
    guard !answer.isSuccess else { return }
    throw HubError.refused(
      what: "sending \(file.path)", status: answer.status, message: answer.complaint)
  }
}
