// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// One request.
struct HTTPCall: Sendable {
  /// What is sent along.
  enum Content: Sendable {
    case none
    /// Bytes of a media type.
    case data(Data, type: String)
    /// A part of a file, as a half-open range of bytes.
    case file(URL, Range<Int64>)
  }

  var method: HTTPMethod = .GET
  /// The whole address.
  var address: String
  var content = Content.none
  /// Whether sending it twice does no more than sending it once.
  var isRepeatable = true
  /// Whether a redirection to another host is the answer, in place of what it leads to.
  var stopsAtOtherHost = false

  /// A call with a value as JSON.
  static func post(
    _ address: String, json value: some Encodable, type: String = "application/json"
  ) throws -> HTTPCall {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return HTTPCall(
      method: .POST, address: address, content: .data(try encoder.encode(value), type: type))
  }

  /// The content as the client library takes it.
  var body: HTTPClient.Body? {
    switch content {
    case .none: nil
    case .data(let data, _): .bytes(data)
    case .file(let file, let range):
      .stream(contentLength: Int64(range.count)) { writer in
        FilePart(file: file, range: range).send(to: writer)
      }
    }
  }
}

/// What came back.
struct HTTPAnswer: Sendable {
  var status: Int
  var headers: HTTPHeaders
  /// The body, unless it went into a file.
  var body = Data()

  var isSuccess: Bool { (200..<300).contains(status) }

  subscript(header name: String) -> String? { headers.first(name: name) }

  /// The body as a value.
  ///
  /// - Throws: ``HubError/malformed(what:)``.
  func decoded<Value: Decodable>(_ type: Value.Type, _ what: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: body)
    } catch {
      throw HubError.malformed(what: "\(what) is not what was expected")
    }
  }

  /// What the hub says went wrong.
  var complaint: String {
    struct Complaint: Decodable { var error: String }
    let text =
      self[header: "X-Error-Message"]
      ?? (try? JSONDecoder().decode(Complaint.self, from: body))?.error ?? ""
    return String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(300))
  }
}

/// Sends a part of a file, a block at a time, as fast as the network takes it.
private struct FilePart: Sendable {
  let file: URL
  let range: Range<Int64>
  private static let blockSize: Int64 = 1 << 18

  func send(to writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
    // The first, empty block tells which event loop the rest goes to.
    writer.write(.byteBuffer(ByteBuffer())).flatMapWithEventLoop { _, loop in
      do {
        let handle = try FileHandle(forReadingFrom: file)
        try handle.seek(toOffset: UInt64(range.lowerBound))
        let promise = loop.makePromise(of: Void.self)
        next(Shared(handle), range.lowerBound, writer, promise)
        return promise.futureResult
      } catch {
        return loop.makeFailedFuture(
          HubError.localFile(path: file.path, reason: error.localizedDescription))
      }
    }
  }

  private func next(
    _ handle: Shared, _ offset: Int64, _ writer: HTTPClient.Body.StreamWriter,
    _ promise: EventLoopPromise<Void>
  ) {
    let count = min(Self.blockSize, range.upperBound - offset)
    guard count > 0 else { return promise.succeed() }
    guard let block = try? handle.value.read(upToCount: Int(count)), block.count == Int(count)
    else {
      return promise.fail(
        HubError.localFile(path: file.path, reason: "it changed while it was being sent"))
    }
    writer.write(.byteBuffer(ByteBuffer(bytes: block))).hop(to: promise.futureResult.eventLoop)
      .whenComplete { result in
        switch result {
        case .success:
          // Back through the loop, so that a fast network does not deepen the stack.
          promise.futureResult.eventLoop.execute { next(handle, offset + count, writer, promise) }
        case .failure(let error): promise.fail(error)
        }
      }
  }

  /// A file handle that one event loop alone uses.
  // Safe: every access after creation happens on the event loop of the promise, one after another.
  private final class Shared: @unchecked Sendable {
    let value: FileHandle
    init(_ value: FileHandle) { self.value = value }
  }
}
