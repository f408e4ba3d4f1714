// SPDX-License-Identifier: Apache-2.0

/// Two completions of one prompt, the better first.
public struct PreferencePair: Sendable, Hashable {
  /// What both answer.
  public var prompt: RecordText
  /// The better completion.
  public var chosen: RecordText
  /// The worse completion.
  public var rejected: RecordText
  /// Whether the row held whole texts and the prompt is their longest common beginning.
  public var isPromptImplicit: Bool

  /// A pair with its prompt.
  public init(
    prompt: RecordText, chosen: RecordText, rejected: RecordText, isPromptImplicit: Bool = false
  ) {
    self.prompt = prompt
    self.chosen = chosen
    self.rejected = rejected
    self.isPromptImplicit = isPromptImplicit
  }
}

/// Which side of a pair is safe, and how sure the judges were.
public struct SafetyMarks: Sendable, Hashable {
  /// A side of a pair.
  public enum Side: String, Sendable, Hashable {
    /// The better completion by helpfulness.
    case chosen
    /// The worse completion by helpfulness.
    case rejected
  }

  /// The safer side; nil where nobody said.
  public var safer: Side?
  /// Whether the chosen completion is safe.
  public var isChosenSafe: Bool?
  /// Whether the rejected completion is safe.
  public var isRejectedSafe: Bool?
  /// Harm of the chosen completion, 0 (none) to 3.
  public var severityChosen: Double?
  /// Harm of the rejected completion, 0 (none) to 3.
  public var severityRejected: Double?
  /// Agreement of the judges, 0 to 1.
  public var confidence: Double?

  /// Marks; leave out what is unknown.
  public init(
    safer: Side? = nil, isChosenSafe: Bool? = nil, isRejectedSafe: Bool? = nil,
    severityChosen: Double? = nil, severityRejected: Double? = nil, confidence: Double? = nil
  ) {
    self.safer = safer
    self.isChosenSafe = isChosenSafe
    self.isRejectedSafe = isRejectedSafe
    self.severityChosen = severityChosen
    self.severityRejected = severityRejected
    self.confidence = confidence
  }
}

/// One score, or a score for each named aspect in the order of the row; higher is better.
public enum Scores: Sendable, Hashable {
  /// A single number.
  case single(Double)
  /// One number an aspect.
  case aspects([AspectScore])
}

/// The value of one aspect; higher is better.
public struct AspectScore: Sendable, Hashable {
  /// Name of the aspect, such as `helpful`.
  public var name: String
  /// Its value, on the data's own scale.
  public var value: Double

  /// One aspect.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// Several completions of one prompt with their ranks.
public struct Ranking: Sendable, Hashable {
  /// What all answer.
  public var prompt: RecordText
  /// The completions, in the order of the row.
  public var completions: [RecordText]
  /// Rank of each completion: 1 is best; equal ranks are ties.
  public var ranks: [Int]
  /// Score of each completion, where there were scores; higher is better.
  public var scores: [Double]?

  /// A ranking; `ranks` and `scores` are as long as `completions`.
  public init(
    prompt: RecordText, completions: [RecordText], ranks: [Int], scores: [Double]? = nil
  ) {
    self.prompt = prompt
    self.completions = completions
    self.ranks = ranks
    self.scores = scores
  }

  /// Ranks of scores, 1 for the highest; equal scores share a rank and the next rank is skipped.
  public static func ranks(ofScores scores: [Double]) -> [Int] {
    let sorted = scores.sorted(by: >)
    var first: [Double: Int] = [:]
    for (position, score) in sorted.enumerated() where first[score] == nil {
      first[score] = position + 1
    }
    return scores.map { first[$0] ?? scores.count }
  }
}

/// A judgement of two completions as it was given, ties and skips included.
public struct Comparison: Sendable, Hashable {
  /// What both answer.
  public var prompt: RecordText
  /// The completion in first place of the row.
  public var first: RecordText
  /// The completion in second place of the row.
  public var second: RecordText
  /// Probability that the first is better, 0 to 1; 0.5 is a tie; nil: the annotator skipped it.
  public var preference: Double?

  /// A judgement.
  public init(prompt: RecordText, first: RecordText, second: RecordText, preference: Double?) {
    self.prompt = prompt
    self.first = first
    self.second = second
    self.preference = preference
  }

  /// The pair with its better side first; nil for a tie or a skipped comparison.
  public var pair: PreferencePair? {
    guard let preference, preference != 0.5 else { return nil }
    return preference > 0.5
      ? PreferencePair(prompt: prompt, chosen: first, rejected: second)
      : PreferencePair(prompt: prompt, chosen: second, rejected: first)
  }
}

/// What a row says; one case a ``RowType``.
public enum RecordBody: Sendable, Hashable {
  /// A text or a conversation to imitate.
  case languageModelling(RecordText)
  /// A prompt alone.
  case promptOnly(RecordText)
  /// A prompt and its completion.
  case promptCompletion(prompt: RecordText, completion: RecordText)
  /// A better and a worse completion.
  case preference(PreferencePair)
  /// A completion that was liked (`label` true) or not.
  case unpairedPreference(prompt: RecordText, completion: RecordText, label: Bool)
  /// Steps of a solution, each right or wrong; as many labels as steps.
  case stepwise(prompt: RecordText, steps: [String], labels: [Bool])
  /// Completions with ranks.
  case ranking(Ranking)
  /// A completion with scores.
  case scored(prompt: RecordText, completion: RecordText, scores: Scores)
  /// A preference with safety marks.
  case safetyPreference(PreferencePair, SafetyMarks)
  /// A judgement of two completions as it was given.
  case comparison(Comparison)

  /// The type of the row.
  public var type: RowType {
    switch self {
    case .languageModelling: .languageModelling
    case .promptOnly: .promptOnly
    case .promptCompletion: .promptCompletion
    case .preference: .preference
    case .unpairedPreference: .unpairedPreference
    case .stepwise: .stepwise
    case .ranking: .ranking
    case .scored: .scored
    case .safetyPreference: .safetyPreference
    case .comparison: .comparison
    }
  }

  /// The prompt; nil for plain language modelling text.
  ///
  /// For a conversation to imitate: everything before its first assistant turn.
  public var prompt: RecordText? {
    switch self {
    case .languageModelling(.plain): nil
    case .languageModelling(.messages(let messages)):
      .messages(Array(messages.prefix { $0.role != .assistant }))
    case .promptOnly(let prompt), .promptCompletion(let prompt, _),
      .unpairedPreference(let prompt, _, _), .stepwise(let prompt, _, _),
      .scored(let prompt, _, _):
      prompt
    case .preference(let pair), .safetyPreference(let pair, _): pair.prompt
    case .ranking(let ranking): ranking.prompt
    case .comparison(let comparison): comparison.prompt
    }
  }

  /// Every completion of the row in its order: chosen before rejected; a text or a conversation to
  /// imitate counts as one.
  public var completions: [RecordText] {
    switch self {
    case .languageModelling(let text): [text]
    case .promptOnly: []
    case .promptCompletion(_, let completion), .unpairedPreference(_, let completion, _),
      .scored(_, let completion, _):
      [completion]
    case .preference(let pair), .safetyPreference(let pair, _): [pair.chosen, pair.rejected]
    case .stepwise(_, let steps, _): steps.map(RecordText.plain)
    case .ranking(let ranking): ranking.completions
    case .comparison(let comparison): [comparison.first, comparison.second]
    }
  }

  /// Whether its texts are messages.
  public var isConversational: Bool {
    (prompt ?? completions.first)?.isConversational ?? false
  }
}
