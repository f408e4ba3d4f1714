// SPDX-License-Identifier: Apache-2.0
public import Tokenizers

/// A completion's text as it grows: whole characters, and never a part of a stop string.
public struct TextStream: Sendable {
  private var decoder: CompletionDecoder
  private let settings: SamplingSettings
  /// Everything decoded, kept where stop strings must be looked for.
  private var text = ""
  private var shownCount = 0

  /// Starts after a prompt; of the settings the stop strings count.
  public init(_ tokenizer: Tokenizer, after prompt: [Int], _ settings: SamplingSettings) {
    decoder = CompletionDecoder(tokenizer, after: prompt)
    self.settings = settings
  }

  /// Takes the next token; gives the text that may be shown now.
  public mutating func append(_ id: Int) -> String { show(decoder.append(id), isLast: false) }

  /// Ends the completion; gives what was held back.
  public mutating func finish() -> String { show(decoder.finish(), isLast: true) }

  private mutating func show(_ new: String, isLast: Bool) -> String {
    guard !settings.stopStrings.isEmpty else { return new }
    text += new
    let safe = isLast ? settings.textBeforeStop(text)[...] : settings.textSafeToShow(text)
    // UTF-8 rather than characters: a later part may join the last character shown.
    let bytes = safe.utf8
    defer { shownCount = max(shownCount, bytes.count) }
    return String(decoding: bytes.dropFirst(shownCount), as: UTF8.self)
  }
}
