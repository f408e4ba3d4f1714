// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird

extension Response {
  /// A body of JSON.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) throws -> Response {
    var headers = headers
    headers[.contentType] = "application/json"
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONText.data(value))))
  }

  /// The answer for a request that gets none.
  ///
  /// - Parameters:
  ///   - error: why.
  ///   - closes: whether the connection ends with it, as it does once somebody watched for the client to leave.
  /// - Returns: the response.
  /// - Throws: errors of the encoder.
  static func error(_ error: ServingError, closes: Bool = false) throws -> Response {
    var headers: HTTPFields = [:]
    if closes { headers[.connection] = "close" }
    if let seconds = error.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
    if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    return try .json(
      ErrorBody(error), status: HTTPResponse.Status(code: error.status), headers: headers)
  }
}

/// Values as JSON text, keys in the order of the alphabet.
enum JSONText {
  static func data(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }
}

/// Writes server-sent events.
enum EventStream {
  static let headers: HTTPFields = [
    .contentType: "text/event-stream", .cacheControl: "no-cache", .connection: "close",
  ]
  static let end = ByteBuffer(string: "data: [DONE]\n\n")

  /// One event; JSON never holds a bare newline, so one line is enough.
  static func event(_ value: some Encodable) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: "data: ")
    buffer.writeBytes(try JSONText.data(value))
    buffer.writeString("\n\n")
    return buffer
  }
}
