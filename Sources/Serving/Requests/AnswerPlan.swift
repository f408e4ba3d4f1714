// SPDX-License-Identifier: Apache-2.0
import LanguageModels

/// What a request comes to: tokens to continue, and how the answer is to be written.
struct AnswerPlan: Sendable {
  /// Token ids of the prompts.
  let prompts: [[Int]]
  /// How completions are drawn.
  let settings: SamplingSettings
  /// Completions of each prompt.
  let choiceCount: Int
  /// Whether the answer comes piece by piece.
  let streams: Bool
  /// Whether a stream ends with the number of tokens.
  let includesUsage: Bool
  /// Whether tokens come with their log-probabilities.
  var wantsLogProbs = false
  /// Whether prompts come back in front of their completions.
  var echoes = false
  /// Whether anything is written at all.
  var writes = true
  /// Whether spaces before an answer are no part of it.
  var dropsLeadingSpaces = false
  private let seeds: @Sendable (_ prompt: Int, _ sample: Int) -> UInt64

  init(
    _ fields: GenerationFields, settings: SamplingSettings, prompts: [[Int]], choiceCount: Int,
    seeds: @escaping @Sendable (_ prompt: Int, _ sample: Int) -> UInt64
  ) {
    self.prompts = prompts
    self.settings = settings
    self.choiceCount = choiceCount
    self.seeds = seeds
    streams = fields.streams ?? false
    includesUsage = fields.streamOptions?.includesUsage ?? false
  }

  /// Whether the prompts' own log-probabilities are wanted.
  var scoresPrompts: Bool { echoes && wantsLogProbs }

  /// The prompt of an answer's choice.
  func prompt(of choice: Int) -> [Int] { prompts[choice / choiceCount] }

  /// Choices of the answer.
  var choices: Range<Int> { 0..<prompts.count * choiceCount }

  /// The work for the computing thread; choices in the order of prompts, then of samples.
  var job: GenerationJob {
    GenerationJob(
      completions: !writes
        ? []
        : choices.map { choice in
          let (prompt, sample) = choice.quotientAndRemainder(dividingBy: choiceCount)
          return GenerationJob.Completion(
            prompt: prompts[prompt], settings: settings, seed: seeds(prompt, sample))
        },
      scoredTexts: !scoresPrompts
        ? []
        : prompts.map {
          GenerationJob.ScoredText(ids: $0, alternativeCount: settings.alternativeCount)
        })
  }

  /// Refuses prompts that leave no room.
  ///
  /// - Parameters:
  ///   - served: says how much there is.
  ///   - namedLength: tokens of a completion that the request named itself; nil for none.
  ///   - param: the field the prompts came from.
  /// - Throws: ``ServingError`` of status 400.
  func check(_ served: ServedModel, namedLength: Int?, param: String) throws(ServingError) {
    guard let limit = served.maximumLength else { return }
    for prompt in prompts {
      let wanted = namedLength ?? 1
      guard prompt.count > limit - min(wanted, limit) else { continue }
      let room = namedLength.map { " and \($0) for the completion" } ?? ""
      throw .tooLong(
        "the model takes \(limit) tokens in all; \(prompt.count) were asked for in '\(param)'"
          + "\(room); shorten the text\(namedLength == nil ? "" : " or the completion")",
        param: param)
    }
  }
}
