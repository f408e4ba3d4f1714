// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Tokenizers

/// Writes the answer to one request as its tokens come.
struct AnswerWriter<Format: AnswerFormat> {
  private let plan: AnswerPlan
  private let format: Format
  private let served: ServedModel
  private var readers: [ChoiceReader] = []
  private var choices: [FinishedChoice]
  private var openChoices: Set<Int>
  private var openTexts: Set<Int>

  init(_ plan: AnswerPlan, _ served: ServedModel) {
    self.plan = plan
    self.served = served
    format = Format(AnswerHead(model: served.name))
    choices = plan.choices.map { _ in FinishedChoice(wantsLogProbs: plan.wantsLogProbs) }
    openChoices = plan.writes ? Set(plan.choices) : []
    openTexts = plan.scoresPrompts ? Set(plan.prompts.indices) : []
    readers = plan.choices.map { choice in
      let echo = plan.echoes ? served.tokenizer.decode(plan.prompt(of: choice)) : ""
      choices[choice].text = echo
      return ChoiceReader(
        served.tokenizer, plan, choice: choice, offset: echo.unicodeScalars.count)
    }
  }

  /// Whether every choice has ended.
  var isComplete: Bool { openChoices.isEmpty && openTexts.isEmpty }

  /// Tokens so far.
  var usage: Usage {
    Usage(
      promptTokens: plan.prompts.reduce(0) { $0 + $1.count },
      completionTokens: readers.reduce(0) { $0 + $1.tokenCount })
  }

  /// The whole answer.
  var whole: Format.Whole { format.whole(choices, usage) }

  /// What a stream begins with.
  var opening: [Format.Chunk] {
    let openings = plan.choices.compactMap { format.opening(choice: $0) }
    return plan.scoresPrompts ? openings : openings + plan.choices.compactMap(echo)
  }

  /// The prompt in front of a choice; nil where none is wanted.
  private func echo(_ choice: Int) -> Format.Chunk? {
    guard plan.echoes else { return nil }
    let piece = ChoiceReader.Piece(text: choices[choice].text, tokens: choices[choice].tokens)
    return format.chunk(choice: choice, piece, end: plan.writes ? nil : .length)
  }

  /// What a stream ends with.
  var closing: [Format.Chunk] { plan.includesUsage ? [format.chunk(usage)] : [] }

  /// Takes what happened.
  ///
  /// - Returns: what a stream shows of it.
  /// - Throws: the ``ServingError`` that ended the work.
  mutating func take(_ event: GenerationEvent) throws(ServingError) -> [Format.Chunk] {
    switch event {
    case .token(let choice, let token):
      let piece = readers[choice].append(token)
      choices[choice].text += piece.text
      choices[choice].tokens += piece.tokens
      return piece.isEmpty ? [] : [format.chunk(choice: choice, piece, end: nil)]
    case .finished(let choice, let reason):
      let rest = readers[choice].finish()
      choices[choice].text += rest
      choices[choice].end = reason
      openChoices.remove(choice)
      return [format.chunk(choice: choice, ChoiceReader.Piece(text: rest), end: reason)]
    case .scored(let prompt, let tokens):
      openTexts.remove(prompt)
      return takePrompt(prompt, tokens)
    case .failed(let error): throw error
    }
  }

  /// Puts the entries of a prompt's own tokens before those of its completions.
  private mutating func takePrompt(_ prompt: Int, _ tokens: [DecodedToken]) -> [Format.Chunk] {
    var names = TokenNames(served.tokenizer, after: [], offset: 0)
    let first = DecodedToken(id: plan.prompts[prompt][0], logProb: 0, alternatives: [])
    let entries = [names.entry(first, isPredicted: false)] + tokens.map { names.entry($0) }
    let continued = plan.choices.filter { $0 / plan.choiceCount == prompt }
    for choice in continued { choices[choice].tokens = entries + choices[choice].tokens }
    return continued.compactMap(echo)
  }
}
