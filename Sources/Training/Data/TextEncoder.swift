// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import LanguageModels
public import Tokenizers

/// Turns records into token rows by the rules users' losses depend on.
///
/// A prompt and its completion are tokenised as one string; the completion begins where those tokens first differ
/// from the prompt's alone. Plain completions get the end-of-text token as text unless they end with it already.
/// Chats are laid out by the tokenizer's own template, or by ``PlainChatFormat`` where it has none; see ``ChatLayout``.
/// Every method that meets a conversation throws ``TemplateError`` where the template refuses it.
public struct TextEncoder: Sendable {
  /// The tokenizer.
  public let tokenizer: Tokenizer
  /// Most tokens of a row.
  public let maxLength: Int
  /// Whether only completions carry loss where there is a prompt.
  public let completionOnlyLoss: Bool
  /// Whether only assistant turns carry loss in conversations; nil: as ``completionOnlyLoss`` for whole conversations,
  /// and every turn of a completion.
  public let assistantOnlyLoss: Bool?

  /// How conversations become text.
  public let layout: ChatLayout

  /// Creates an encoder.
  public init(
    _ tokenizer: Tokenizer, maxLength: Int, completionOnlyLoss: Bool = true,
    assistantOnlyLoss: Bool? = nil
  ) {
    self.tokenizer = tokenizer
    self.maxLength = maxLength
    self.completionOnlyLoss = completionOnlyLoss
    self.assistantOnlyLoss = assistantOnlyLoss
    layout = ChatLayout(tokenizer)
  }

  /// Why a row was left out.
  public enum Drop: String, Sendable, CaseIterable {
    /// The prompt alone fills the limit.
    case promptTooLong = "prompt fills max_length"
    /// A side of a reward pair is over the limit.
    case tooLong = "longer than max_length"
    /// Nothing is left that carries loss.
    case nothingToLearn = "no token to learn from"
    /// A list whose completions are all equally good.
    case tied = "all completions ranked alike"
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
  public func text(
    ofPrompt prompt: RecordText, _ context: ChatContext = ChatContext()
  ) throws -> String {
    try opening(prompt, context).text
  }

  private func opening(
    _ prompt: RecordText, _ context: ChatContext
  ) throws -> ChatLayout.Page {
    switch prompt {
    case .plain(let text): ChatLayout.Page(text: text, isComplete: false)
    case .messages(let messages):
      try layout.page(messages, context, addGenerationPrompt: true)
    }
  }

  /// Prompt and completion as one text, with the end.
  private func whole(
    _ prompt: RecordText, _ completion: RecordText, _ context: ChatContext
  ) throws -> ChatLayout.Page {
    if layout.usesTemplate, let before = prompt.messages {
      let after = completion.messages ?? [Message(role: .assistant, completion.text)]
      return try layout.page(before + after, context)
    }
    return ChatLayout.Page(
      text: try text(ofPrompt: prompt, context) + (try text(ofCompletion: completion)),
      isComplete: false)
  }

  /// The text that follows a prompt outside templates, with the end of text.
  private func text(ofCompletion completion: RecordText) throws -> String {
    switch completion {
    case .plain(let text): return ended(text)
    case .messages(let messages):
      // The generation prompt is written already, so the first answer's role is not repeated.
      let rest = Array(messages.dropFirst())
      return ended(" " + (messages.first?.text ?? ""))
        + (rest.isEmpty ? "" : "\n\n" + (try layout.page(rest, ChatContext()).text))
    }
  }

  private func ended(_ text: String) -> String {
    guard let end = tokenizer.eosToken, !text.hasSuffix(end) else { return text }
    return text + end
  }

  private func encode(_ page: ChatLayout.Page) -> [Int] {
    tokenizer.encode(page.text, addSpecialTokens: !page.isComplete)
  }

  // MARK: Rows

  /// Token ids of a prompt, before which generation starts.
  public func prompt(
    _ prompt: RecordText, _ context: ChatContext = ChatContext()
  ) throws -> [Int] {
    encode(try opening(prompt, context))
  }

  /// A conversation as text and as the ids a model reads.
  ///
  /// - Parameters:
  ///   - messages: objects with a role and content, and whatever else the tokenizer's own template reads.
  ///   - context: what else the chat template is given.
  ///   - place: the row, for errors.
  ///   - addGenerationPrompt: whether the text ends where the assistant's answer begins.
  /// - Returns: the text, and its tokens with those the template wrote and no others.
  /// - Throws: ``TemplateError`` where the template refuses it; ``FeedbackError`` where there is no template, and the
  ///   plain layout knows no such message.
  public func conversation(
    _ messages: [JSONValue], _ context: ChatContext = ChatContext(), at place: Provenance,
    addGenerationPrompt: Bool = false
  ) throws -> (text: String, ids: [Int]) {
    let whole = context.conversation(messages)
    let page =
      try layout.page(asTheyAre: whole, context, addGenerationPrompt)
      ?? layout.page(
        whole.messages(field: "messages", at: place), context,
        addGenerationPrompt: addGenerationPrompt)
    return (page.text, encode(page))
  }

  /// A row for supervised learning from a text or a prompt with its completion.
  public func supervised(_ record: Record) throws -> Outcome<TokenRow> {
    let context = ChatContext(record)
    switch record.body {
    case .languageModelling(.messages(let messages)): return try chatRow(messages, context)
    case .languageModelling(let text): return wholeText(ended(text.text))
    case .promptCompletion(let prompt, let completion), .scored(let prompt, let completion, _):
      return try joined(prompt, completion, context)
    case .preference(let pair): return try joined(pair.prompt, pair.chosen, context)
    default: return Outcome(row: nil, drop: .nothingToLearn)
    }
  }

  private func wholeText(_ text: String) -> Outcome<TokenRow> {
    let ids = tokenizer.encode(text)
    return cut(TokenRow(ids: ids, isTarget: [Bool](repeating: true, count: ids.count)))
  }

  /// A whole conversation: everything counts, or with ``assistantOnlyLoss`` what the assistant says, each turn with
  /// its end token. A turn of weight 0 never counts.
  private func chatRow(_ messages: [Message], _ context: ChatContext) throws -> Outcome<TokenRow> {
    let page = try layout.page(messages, context)
    let ids = encode(page)
    let countsAll = !(assistantOnlyLoss ?? completionOnlyLoss)
    var isTarget = [Bool](repeating: countsAll, count: ids.count)
    var mergesBorder = false
    for turn in try turns(of: messages, context, page, ids) {
      for place in turn.tokens { isTarget[place] = turn.counts }
      mergesBorder = mergesBorder || turn.mergesBorder
    }
    var outcome = cut(TokenRow(ids: ids, isTarget: isTarget))
    outcome.mergesBorder = mergesBorder
    return outcome
  }

  private func joined(
    _ prompt: RecordText, _ completion: RecordText, _ context: ChatContext
  ) throws -> Outcome<TokenRow> {
    let promptIDs = try self.prompt(prompt, context)
    let page = try whole(prompt, completion, context)
    let ids = encode(page)
    let border = commonPrefix(promptIDs, ids)
    var isTarget = ids.indices.map { !completionOnlyLoss || $0 >= border }
    if case .messages(let before) = prompt, case .messages(let after) = completion {
      let isAssistantOnly = assistantOnlyLoss ?? false
      if isAssistantOnly { isTarget = ids.map { _ in false } }
      if isAssistantOnly || (before + after).contains(where: { $0.weight == 0 }) {
        for turn in try turns(of: before + after, context, page, ids)
        where !completionOnlyLoss || turn.tokens.upperBound > border {
          for place in turn.tokens { isTarget[place] = turn.counts }
        }
      }
    }
    var outcome = cut(TokenRow(ids: ids, isTarget: isTarget))
    outcome.mergesBorder = border < promptIDs.count
    return outcome
  }

  /// Chosen and rejected of a pair, each cut on its own, with one border for both.
  public func pair(
    _ pair: PreferencePair, _ context: ChatContext = ChatContext()
  ) throws -> Outcome<(chosen: TokenRow, rejected: TokenRow)> {
    let both = try completions([pair.chosen, pair.rejected], of: pair.prompt, context)
    return Outcome(
      row: both.row.map { ($0[0], $0[1]) }, drop: both.drop, isCut: both.isCut,
      mergesBorder: both.mergesBorder)
  }

  /// Completions of one prompt, each cut on its own, with one border for all; none where one of them has no token to
  /// learn from.
  public func completions(
    _ completions: [RecordText], of prompt: RecordText, _ context: ChatContext = ChatContext()
  ) throws -> Outcome<[TokenRow]> {
    let promptIDs = try self.prompt(prompt, context)
    let texts = try completions.map { encode(try whole(prompt, $0, context)) }
    let border = texts.map { commonPrefix(promptIDs, $0) }.min() ?? 0
    guard border < maxLength else { return Outcome(row: nil, drop: .promptTooLong) }
    let rows = texts.map { ids in
      let kept = Array(ids.prefix(maxLength))
      return TokenRow(ids: kept, isTarget: kept.indices.map { $0 >= border })
    }
    guard rows.allSatisfy({ $0.targetCount > 0 }) else {
      return Outcome(row: nil, drop: .nothingToLearn)
    }
    return Outcome(
      row: rows, isCut: texts.contains { $0.count > maxLength },
      mergesBorder: border < promptIDs.count)
  }

  /// A whole text for a reward model; never cut, since its last token is where the score is read.
  public func scored(
    _ prompt: RecordText, _ completion: RecordText, _ context: ChatContext = ChatContext()
  ) throws -> Outcome<TokenRow> {
    let ids = encode(try whole(prompt, completion, context))
    guard ids.count <= maxLength else { return Outcome(row: nil, drop: .tooLong) }
    return Outcome(row: TokenRow(ids: ids, isTarget: ids.map { _ in true }))
  }

  /// A row without the end-of-text token that the encoder put behind a text that has none.
  ///
  /// - Parameters:
  ///   - row: made of the text by this encoder.
  ///   - text: what the row ends with.
  /// - Returns: the row; the same where nothing was put there.
  public func withoutAddedEnd(_ row: TokenRow, of text: RecordText) -> TokenRow {
    guard let end = tokenizer.eosToken, row.ids.last == tokenizer.eosTokenID,
      !text.text.hasSuffix(end), row.ids.count > 1
    else { return row }
    return TokenRow(ids: row.ids.dropLast(), isTarget: row.isTarget.dropLast())
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

  func commonPrefix(_ a: [Int], _ b: [Int]) -> Int {
    zip(a, b).prefix { $0 == $1 }.count
  }
}
