// SPDX-License-Identifier: Apache-2.0

/// Decodes tokens one by one as a model makes them, and gives out only whole characters.
///
/// ```swift
/// var decoder = StreamingDecoder(tokenizer)
/// for id in ids { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
///
/// All pieces joined equal ``Tokenizer/decode(_:skipSpecialTokens:)`` of all ids. With byte-fallback
/// tokens a run of bytes is given out as a whole when it ends, for one broken byte spoils all of it.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecialTokens: Bool
  private let isByteLevel: Bool
  private let fallsBackToBytes: Bool
  /// Bytes of a scalar that is not complete yet; byte-level decoders only.
  private var bytes: [UInt8] = []
  /// Tokens since the last text but one, as context for stages that look at neighbours.
  private var window: [[UInt8]] = []
  /// How many tokens of the window have been given out.
  private var givenCount = 0

  /// Starts at the beginning of a text.
  ///
  /// - Parameters:
  ///   - tokenizer: the tokenizer that made the ids.
  ///   - skipSpecialTokens: leaves out added tokens that are marked special.
  public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
    self.tokenizer = tokenizer
    self.skipSpecialTokens = skipSpecialTokens
    isByteLevel = tokenizer.pipeline.decoder is ByteLevelDecoder
    fallsBackToBytes = tokenizer.pipeline.decoder?.fallsBackToBytes ?? false
  }

  /// Takes the next token.
  ///
  /// - Parameter id: a token id; one that no token has adds nothing.
  /// - Returns: the text that is now complete; empty while a character still misses bytes.
  public mutating func append(_ id: Int) -> String {
    guard let token = tokenizer.tokens([id], skipSpecialTokens: skipSpecialTokens).first else {
      return ""
    }
    if isByteLevel {
      bytes += ByteLevelDecoder.raw(token)
      let wholeCount = bytes.count - UTF8Scan.incompleteTailCount(bytes)
      defer { bytes.removeFirst(wholeCount) }
      return String(decoding: bytes[..<wholeCount], as: UTF8.self)
    }
    window.append(token)
    if fallsBackToBytes, ByteFallbackDecoder.byte(token) != nil { return "" }
    let text = tokenizer.pipeline.decode(window)
    return text.utf8.suffix(3).elementsEqual("\u{FFFD}".utf8) ? "" : giveOut(text)
  }

  /// Ends the text.
  ///
  /// - Returns: what was held back; bytes that never became a character come as U+FFFD. The decoder
  ///   is then ready for a new text.
  public mutating func finish() -> String {
    defer { self = StreamingDecoder(tokenizer, skipSpecialTokens: skipSpecialTokens) }
    if isByteLevel { return String(decoding: bytes, as: UTF8.self) }
    return giveOut(tokenizer.pipeline.decode(window))
  }

  /// The part of `text`, the decoded window, that was not given out before.
  private mutating func giveOut(_ text: String) -> String {
    let before = tokenizer.pipeline.decode(Array(window[..<givenCount]))
    let new = window[givenCount...]
    defer {
      if !new.isEmpty {
        // A first token that decodes to nothing (a stripped space) stays as context.
        if givenCount > 0 { window.removeFirst(givenCount) }
        givenCount = window.count
      }
    }
    guard text.utf8.starts(with: before.utf8) else {
      return tokenizer.pipeline.decode(Array(new))
    }
    return String(decoding: Array(text.utf8.dropFirst(before.utf8.count)), as: UTF8.self)
  }
}
