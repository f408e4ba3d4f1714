// SPDX-License-Identifier: Apache-2.0

/// Why a request got no answer, in the terms of the OpenAI API: an HTTP status and a body
/// `{"error": {"message", "type", "param", "code"}}`.
public struct ServingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// HTTP status.
  public var status: Int
  /// What happened and what to do.
  public var message: String
  /// The class of errors it belongs to, such as `invalid_request_error`.
  public var type: String
  /// The field of the request at fault; nil for none in particular.
  public var param: String?
  /// A word for programs, such as `model_not_found`.
  public var code: String?
  /// Seconds after which another try makes sense; nil where none does.
  public var retryAfterSeconds: Int?

  /// The message.
  public var description: String { message }

  init(
    _ status: Int, _ message: String, type: String = "invalid_request_error",
    param: String? = nil, code: String? = nil, retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.param = param
    self.code = code
    self.retryAfterSeconds = retryAfterSeconds
  }

  // MARK: The client's side

  /// A field that cannot be used.
  public static func badRequest(_ message: String, param: String? = nil, code: String? = nil)
    -> ServingError
  {
    ServingError(400, message, param: param, code: code)
  }

  /// A field that asks for what this server does not do.
  static func unsupported(_ param: String, _ reason: String) -> ServingError {
    badRequest("'\(param)' is not supported here: \(reason)", param: param, code: "unsupported")
  }

  /// A text with more tokens than the model takes.
  static func tooLong(_ message: String, param: String) -> ServingError {
    badRequest(message, param: param, code: "context_length_exceeded")
  }

  static let unauthorized = ServingError(
    401, "the API key is missing or wrong; send 'Authorization: Bearer <key>'",
    type: "authentication_error", code: "invalid_api_key")

  static func unknownModel(_ name: String, served: String) -> ServingError {
    ServingError(
      404, "the model '\(name)' is not served here; this server has '\(served)'", param: "model",
      code: "model_not_found")
  }

  static func unknownPath(_ method: String, _ path: String) -> ServingError {
    ServingError(404, "no such path: \(method) \(path)", code: "unknown_url")
  }

  static func tooLarge(limit: Int) -> ServingError {
    ServingError(
      413, "the body is larger than \(limit) bytes, the most this server takes",
      code: "request_too_large")
  }

  static let wrongContentType = ServingError(
    415, "the body must be JSON, sent with 'Content-Type: application/json'",
    code: "unsupported_media_type")

  // MARK: The server's side

  /// More requests than the queue holds.
  static let overloaded = ServingError(
    503, "the server has as many requests as it takes; try again in a moment",
    type: "server_error", code: "overloaded", retryAfterSeconds: 1)

  /// A request that came while the server ends.
  static let stopping = ServingError(
    503, "the server is about to stop", type: "server_error", code: "stopping",
    retryAfterSeconds: 5)

  static func timedOut(_ limit: Duration) -> ServingError {
    ServingError(
      504,
      "the answer was not complete within \(limit.components.seconds) s, the time this server "
        + "gives a request; ask for fewer tokens", type: "timeout_error", code: "timeout")
  }

  static func failed(_ reason: String) -> ServingError {
    ServingError(
      500, "the computation failed: \(reason)", type: "server_error", code: "internal_error")
  }
}

/// The body of an answer that is an error.
struct ErrorBody: Encodable, Equatable {
  struct Content: Encodable, Equatable {
    var message: String
    var type: String
    // Clients expect these two to be there, as null if need be.
    var param: String?
    var code: String?

    private enum CodingKeys: String, CodingKey { case message, type, param, code }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(message, forKey: .message)
      try container.encode(type, forKey: .type)
      try container.encode(param, forKey: .param)
      try container.encode(code, forKey: .code)
    }
  }

  var error: Content

  init(_ error: ServingError) {
    self.error = Content(
      message: error.message, type: error.type, param: error.param, code: error.code)
  }
}
