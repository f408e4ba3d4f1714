// SPDX-License-Identifier: Apache-2.0

/// Tokens that a request took.
struct Usage: Encodable, Sendable, Equatable {
  /// Tokens of the prompts, each counted once.
  var promptTokens: Int
  /// Tokens of all completions, ends of text included; nil where none are written.
  var completionTokens: Int?
  var totalTokens: Int

  private enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
  }

  init(promptTokens: Int, completionTokens: Int?) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    totalTokens = promptTokens + (completionTokens ?? 0)
  }
}

/// A value that JSON shows as null rather than leaving it out: clients look for the key.
@propertyWrapper
struct Nullable<Value: Encodable & Sendable & Equatable>: Encodable, Sendable, Equatable {
  var wrappedValue: Value?

  init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}
