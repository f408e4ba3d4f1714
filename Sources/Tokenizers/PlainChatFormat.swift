// SPDX-License-Identifier: Apache-2.0

/// The layout of chats for tokenizers that have no ``ChatTemplate`` of their own.
///
/// Each message is its role with a capital first letter, a colon, a space and the content; an
/// assistant's content is followed by the end token; a blank line stands between messages. With
/// `<|endoftext|>` as end token:
///
///     System: Be brief.
///
///     User: What is 2 + 2?
///
///     Assistant: 4<|endoftext|>
///
/// A generation prompt ends with `Assistant:` and no space, so that the model's first token may
/// carry the space as it does in running text. The prompt's text is thus always the beginning of
/// the text with the answer.
public struct PlainChatFormat: Sendable, Equatable {
  /// Written after each assistant message; empty where the tokenizer has no end token.
  public var endToken: String

  /// Makes the format.
  ///
  /// - Parameter endToken: ends an assistant message; nil or empty for none, and then a trained
  ///   model has no way to say that it is done.
  public init(endToken: String?) {
    self.endToken = endToken ?? ""
  }

  /// Makes the format with the tokenizer's end token.
  public init(_ tokenizer: Tokenizer) {
    self.init(endToken: tokenizer.eosToken)
  }

  /// Writes messages as text.
  ///
  /// - Parameters:
  ///   - messages: role ("system", "user", "assistant" or any other) and content, in order.
  ///   - addGenerationPrompt: whether to end with the opening of an assistant message.
  /// - Returns: the text, to be encoded without adding special tokens of its own.
  public func text(
    _ messages: [(role: String, content: String)], addGenerationPrompt: Bool = false
  ) -> String {
    var parts = messages.map { message in
      let end = message.role == "assistant" ? endToken : ""
      return "\(Self.title(message.role)): \(message.content)\(end)"
    }
    if addGenerationPrompt { parts.append("Assistant:") }
    return parts.joined(separator: "\n\n")
  }

  private static func title(_ role: String) -> String {
    role.prefix(1).uppercased() + role.dropFirst()
  }
}
