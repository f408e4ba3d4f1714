// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Tokenizers

/// A token as answers show it.
struct TokenEntry: Sendable, Equatable {
  /// A token's name and weight.
  struct Likely: Sendable, Equatable {
    /// The text it adds; of a special token its name, of a part of a character `bytes:\xf0\x9f`.
    var text: String
    /// The bytes it stands for.
    var bytes: [UInt8]
    /// Nats.
    var logProb: Float
  }

  /// The token itself; the first one of a text has no log-probability.
  var token: Likely
  /// Whether anything came before it that it could be predicted from.
  var isPredicted = true
  /// The likeliest tokens in its place, in descending order.
  var alternatives: [Likely] = []
  /// Unicode scalars of the text before it.
  var offset: Int
}

/// Turns one choice's tokens into text that may be shown, with an entry for each token where they are wanted.
struct ChoiceReader {
  /// What became showable.
  struct Piece: Equatable {
    var text = ""
    var tokens: [TokenEntry] = []

    var isEmpty: Bool { text.isEmpty && tokens.isEmpty }
  }

  private var stream: TextStream
  private var names: TokenNames?
  private var dropsSpaces: Bool
  /// Tokens so far.
  private(set) var tokenCount = 0

  /// Starts a choice.
  ///
  /// - Parameters:
  ///   - tokenizer: decodes.
  ///   - plan: says which prompt it continues, and what is wanted.
  ///   - choice: its place in the answer.
  ///   - offset: Unicode scalars of the answer's text before it.
  init(_ tokenizer: Tokenizer, _ plan: AnswerPlan, choice: Int, offset: Int = 0) {
    let prompt = plan.prompt(of: choice)
    stream = TextStream(tokenizer, after: prompt, plan.settings)
    names = plan.wantsLogProbs ? TokenNames(tokenizer, after: prompt, offset: offset) : nil
    dropsSpaces = plan.dropsLeadingSpaces
  }

  /// Takes the next token.
  mutating func append(_ token: DecodedToken) -> Piece {
    tokenCount += 1
    let text = shown(stream.append(token.id))
    return Piece(text: text, tokens: (names?.entry(token)).map { [$0] } ?? [])
  }

  /// Ends the choice; gives what was held back.
  mutating func finish() -> String { shown(stream.finish()) }

  private mutating func shown(_ text: String) -> String {
    guard dropsSpaces else { return text }
    let rest = text.drop { $0 == " " }
    if !rest.isEmpty { dropsSpaces = false }
    return String(rest)
  }
}

/// Names tokens by what they add to a text.
struct TokenNames {
  private let tokenizer: Tokenizer
  private var decoder: CompletionDecoder
  private var offset: Int
  private let specialIDs: Set<Int>

  init(_ tokenizer: Tokenizer, after prompt: [Int], offset: Int) {
    self.tokenizer = tokenizer
    specialIDs = tokenizer.specialTokenIDs
    self.offset = offset
    decoder = CompletionDecoder(tokenizer, after: prompt)
  }

  /// The entry of the next token, which becomes part of the text.
  mutating func entry(_ token: DecodedToken, isPredicted: Bool = true) -> TokenEntry {
    let entry = TokenEntry(
      token: likely(token.id, token.logProb), isPredicted: isPredicted,
      alternatives: token.alternatives.map { likely($0.id, $0.logProb) }, offset: offset)
    offset += decoder.append(token.id).unicodeScalars.count
    return entry
  }

  private func likely(_ id: Int, _ logProb: Float) -> TokenEntry.Likely {
    // JSON has no infinity; the API's own stand-in for "never".
    let logProb = logProb > -9999 ? logProb : -9999
    if specialIDs.contains(id), let name = tokenizer.token(of: id) {
      return TokenEntry.Likely(text: name, bytes: Array(name.utf8), logProb: logProb)
    }
    let raw = tokenizer.rawBytes(of: id)
    if let raw, String(validating: raw, as: UTF8.self) == nil {
      // A part of a character: the API's own way to write it.
      let text = "bytes:" + raw.map { "\\x" + Self.hexadecimal($0) }.joined()
      return TokenEntry.Likely(text: text, bytes: raw, logProb: logProb)
    }
    var probe = decoder
    let text = probe.append(id) + probe.finish()
    return TokenEntry.Likely(text: text, bytes: raw ?? Array(text.utf8), logProb: logProb)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}
