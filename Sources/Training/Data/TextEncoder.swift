// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import LanguageModels
public import Tokenizers

/// Turns records into token rows by the rules users' losses depend on.
///
/// A prompt and its completion are tokenised as one string; the completion begins where those tokens first differ
/// from the prompt's alone. Plain completions get the end-of-text token as text unless they end with it already.
/// Chats are laid out by ``PlainChatFormat``.
public struct TextEncoder {
  /// The tokenizer.
  public let tokenizer: Tokenizer
  /// Most tokens of a row.
  public let maxLength: Int
  /// Whether only completions carry loss where there is a prompt.
  public let completionOnlyLoss: Bool
  /// Whether only assistant turns carry loss in conversations; nil: as ``completionOnlyLoss`` for whole conversations,
  /// and every turn of a completion.
  public let assistantOnlyLoss: Bool?

  private let chat: PlainChatFormat

  /// Creates an encoder.
  public init(
    _ tokenizer: Tokenizer, maxLength: Int, completionOnlyLoss: Bool = true,
    assistantOnlyLoss: Bool? = nil
  ) {
    self.tokenizer = tokenizer
    self.maxLength = maxLength
    self.completionOnlyLoss = completionOnlyLoss
    self.assistantOnlyLoss = assistantOnlyLoss
    chat = PlainChatFormat(tokenizer)
  }

  /// Why a row was left out.
  public enum Drop: String, Sendable, CaseIterable {
    /// The prompt alone fills the limit.
    case promptTooLong = "prompt fills max_length"
    /// A side of a reward pair is over the limit.
    case tooLong = "longer than max_length"
    /// Nothing is left that carries loss.
    case nothingToLearn = "no token to learn from"
    /// The row's weight in the loss is 0.
    case noWeight = "weight 0"
  }

  /// What became of a row: the row, or why there is none, and whether it was cut.
  public struct Outcome<Row> {
    /// The row; nil where it was dropped.
    public var row: Row?
    /// Why it was dropped.
    public var drop: Drop?
    /// Whether its end was cut off.
    public var isCut = false
    /// Whether tokens merged over the border of prompt and completion.
    public var mergesBorder = false

    /// What became of a row.
    public init(
      row: Row?, drop: Drop? = nil, isCut: Bool = false, mergesBorder: Bool = false
    ) {
      self.row = row
      self.drop = drop
      self.isCut = isCut
      self.mergesBorder = mergesBorder
    }
  }

  // MARK: Text

  /// The text of a prompt as the model reads it before answering.
  public func text(ofPrompt prompt: RecordText) -> String {
    switch prompt {
    case .plain(let text): text
    case .messages(let messages):
      chat.text(messages.map { ($0.role.rawValue, $0.text) }, addGenerationPrompt: true)
    }
  }

  /// The text that follows the prompt, with the end of text.
  func text(ofCompletion completion: RecordText) -> String {
    switch completion {
    case .plain(let text): ended(text)
    case .messages(let messages):
      // The generation prompt is written already, so the first answer's role is not repeated.
      ended(" " + (messages.first?.text ?? ""))
        + (messages.count > 1
          ? "\n\n" + chat.text(messages.dropFirst().map { ($0.role.rawValue, $0.text) }) : "")
    }
  }

  private func ended(_ text: String) -> String {
    guard let end = tokenizer.eosToken, !text.hasSuffix(end) else { return text }
    return text + end
  }

  // MARK: Rows

  /// Token ids of a prompt, before which generation starts.
  public func prompt(_ prompt: RecordText) -> [Int] {
    tokenizer.encode(text(ofPrompt: prompt))
  }

  /// A row for supervised learning from a text or a prompt with its completion.
  public func supervised(_ record: Record) -> Outcome<TokenRow> {
    switch record.body {
    case .languageModelling(.messages(let messages)): return chatRow(messages)
    case .languageModelling(let text): return wholeText(ended(text.text))
    case .promptCompletion(let prompt, let completion), .scored(let prompt, let completion, _):
      return joined(prompt, completion)
    case .preference(let pair): return joined(pair.prompt, pair.chosen)
    default: return Outcome(row: nil, drop: .nothingToLearn)
    }
  }

  private func wholeText(_ text: String) -> Outcome<TokenRow> {
    let ids = tokenizer.encode(text)
    return cut(TokenRow(ids: ids, isTarget: [Bool](repeating: true, count: ids.count)))
  }

  /// A whole conversation: everything counts, or with ``assistantOnlyLoss`` what the assistant says, each turn with
  /// its end token. A turn of weight 0 never counts.
  private func chatRow(_ messages: [Message]) -> Outcome<TokenRow> {
    let ids = tokenizer.encode(chat.text(messages.map { ($0.role.rawValue, $0.text) }))
    let countsAll = !(assistantOnlyLoss ?? completionOnlyLoss)
    var isTarget = [Bool](repeating: countsAll, count: ids.count)
    let mergesBorder = markTurns(messages, from: 0, ids, &isTarget)
    var outcome = cut(TokenRow(ids: ids, isTarget: isTarget))
    outcome.mergesBorder = mergesBorder
    return outcome
  }

  /// Marks the tokens of assistant turns from message `first` on, those of weight 0 as not counting.
  ///
  /// - Returns: whether tokens merged over a turn's border.
  private func markTurns(
    _ messages: [Message], from first: Int, _ ids: [Int], _ isTarget: inout [Bool]
  ) -> Bool {
    let turns = messages.map { (role: $0.role.rawValue, content: $0.text) }
    var mergesBorder = false
    for (index, message) in messages.enumerated()
    where index >= first && message.role == .assistant {
      let opening = tokenizer.encode(
        chat.text(Array(turns[..<index]), addGenerationPrompt: true))
      let start = commonPrefix(opening, ids)
      let end = commonPrefix(tokenizer.encode(chat.text(Array(turns[...index]))), ids)
      for place in start..<max(start, end) { isTarget[place] = message.weight != 0 }
      mergesBorder = mergesBorder || start < opening.count
    }
    return mergesBorder
  }

  private func joined(_ prompt: RecordText, _ completion: RecordText) -> Outcome<TokenRow> {
    let opening = text(ofPrompt: prompt)
    let promptIDs = tokenizer.encode(opening)
    let ids = tokenizer.encode(opening + text(ofCompletion: completion))
    let border = commonPrefix(promptIDs, ids)
    var isTarget = ids.indices.map { !completionOnlyLoss || $0 >= border }
    if case .messages(let before) = prompt, case .messages(let after) = completion {
      let isAssistantOnly = assistantOnlyLoss ?? false
      if isAssistantOnly { isTarget = ids.map { _ in false } }
      if isAssistantOnly || (before + after).contains(where: { $0.weight == 0 }) {
        let first = completionOnlyLoss ? before.count : 0
        _ = markTurns(before + after, from: first, ids, &isTarget)
      }
    }
    var outcome = cut(TokenRow(ids: ids, isTarget: isTarget))
    outcome.mergesBorder = border < promptIDs.count
    return outcome
  }

  /// Chosen and rejected of a pair, each cut on its own, with one border for both.
  public func pair(_ pair: PreferencePair) -> Outcome<(chosen: TokenRow, rejected: TokenRow)> {
    let opening = text(ofPrompt: pair.prompt)
    let promptIDs = tokenizer.encode(opening)
    let chosen = tokenizer.encode(opening + text(ofCompletion: pair.chosen))
    let rejected = tokenizer.encode(opening + text(ofCompletion: pair.rejected))
    let border = min(commonPrefix(promptIDs, chosen), commonPrefix(promptIDs, rejected))
    guard border < maxLength else { return Outcome(row: nil, drop: .promptTooLong) }
    func row(_ ids: [Int]) -> TokenRow {
      let kept = Array(ids.prefix(maxLength))
      return TokenRow(ids: kept, isTarget: kept.indices.map { $0 >= border })
    }
    let rows = (chosen: row(chosen), rejected: row(rejected))
    guard rows.chosen.targetCount > 0, rows.rejected.targetCount > 0 else {
      return Outcome(row: nil, drop: .nothingToLearn)
    }
    return Outcome(
      row: rows, isCut: max(chosen.count, rejected.count) > maxLength,
      mergesBorder: border < promptIDs.count)
  }

  /// A whole text for a reward model; never cut, since its last token is where the score is read.
  public func scored(_ prompt: RecordText, _ completion: RecordText) -> Outcome<TokenRow> {
    let ids = tokenizer.encode(text(ofPrompt: prompt) + text(ofCompletion: completion))
    guard ids.count <= maxLength else { return Outcome(row: nil, drop: .tooLong) }
    return Outcome(row: TokenRow(ids: ids, isTarget: ids.map { _ in true }))
  }

  private func cut(_ row: TokenRow) -> Outcome<TokenRow> {
    guard row.ids.count > maxLength else {
      return row.targetCount > 0 ? Outcome(row: row) : Outcome(row: nil, drop: .nothingToLearn)
    }
    let kept = TokenRow(
      ids: Array(row.ids.prefix(maxLength)), isTarget: Array(row.isTarget.prefix(maxLength)))
    guard kept.targetCount > 0 else { return Outcome(row: nil, drop: .promptTooLong) }
    return Outcome(row: kept, isCut: true)
  }

  private func commonPrefix(_ a: [Int], _ b: [Int]) -> Int {
    zip(a, b).prefix { $0 == $1 }.count
  }
}
