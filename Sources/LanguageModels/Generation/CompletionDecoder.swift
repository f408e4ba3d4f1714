// SPDX-License-Identifier: Apache-2.0

public import Tokenizers

/// Decodes a completion as it continues its prompt.
///
/// Some decoders drop the space before the first token of a text. A completion is no beginning, so its
/// prompt's last tokens are decoded first: prompt and completion as texts then join as their tokens do.
public struct CompletionDecoder: Sendable {
  private var decoder: StreamingDecoder

  /// Tokens of a prompt that may change how what follows is decoded: bytes of one character, with room.
  private static let contextLength = 8

  /// Starts after a prompt.
  public init(_ tokenizer: Tokenizer, after prompt: [Int]) {
    decoder = StreamingDecoder(tokenizer)
    for id in prompt.suffix(Self.contextLength) { _ = decoder.append(id) }
  }

  /// Takes the next token; gives the text that is now whole.
  public mutating func append(_ id: Int) -> String { decoder.append(id) }

  /// Ends the completion; gives what was held back.
  public mutating func finish() -> String { decoder.finish() }
}

extension Tokenizer {
  /// The text of a completion's tokens as it continues its prompt, without special tokens.
  public func decode(_ completion: [Int], after prompt: [Int]) -> String {
    var decoder = CompletionDecoder(self, after: prompt)
    var text = ""
    for id in completion { text += decoder.append(id) }
    return text + decoder.finish()
  }
}
