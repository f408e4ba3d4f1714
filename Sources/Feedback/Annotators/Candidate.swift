// SPDX-License-Identifier: Apache-2.0

/// A completion or a trajectory as an annotator meets it: its text, and everything about it that
/// can be known, as plain numbers.
public struct Candidate: Sendable, Hashable {
  /// What is shown.
  public var text: RecordText
  /// True utility.
  public var utility: Double
  /// True aspects; higher is better. Needed by groups with weights, lexicographic rankings, ratings.
  public var aspects: [AspectScore]
  /// Length in words, for length bias.
  public var wordCount: Int
  /// What one believes at the end of the talk; seen by `foresight`.
  public var belief: Double?
  /// What came of one's own choice; seen by `hindsight(.own)`.
  public var outcome: Double?
  /// What came of it with everything disclosed; seen by `hindsight(.all)`.
  public var fullOutcome: Double?
  /// Outcomes that did not happen; a hindsight error shows one of them.
  public var wrongOutcomes: [Double]
  /// Rewards of a trajectory, first step first.
  public var rewards: [Double]
  /// V*(s) - Q*(s, a) of each step, at least 0; seen by `regret`.
  public var optimalityGaps: [Double]

  /// A candidate; a text task needs `text` and `utility`.
  public init(
    _ text: RecordText, utility: Double, aspects: [AspectScore] = [], wordCount: Int? = nil,
    belief: Double? = nil, outcome: Double? = nil, fullOutcome: Double? = nil,
    wrongOutcomes: [Double] = [], rewards: [Double] = [], optimalityGaps: [Double] = []
  ) {
    self.text = text
    self.utility = utility
    self.aspects = aspects
    self.wordCount = wordCount ?? text.wordCount
    self.belief = belief
    self.outcome = outcome
    self.fullOutcome = fullOutcome
    self.wrongOutcomes = wrongOutcomes
    self.rewards = rewards
    self.optimalityGaps = optimalityGaps
  }

  /// The value of one aspect. Traps where the candidate lacks it: the caller mixed up its tasks.
  func aspect(_ name: String) -> Double {
    guard let found = aspects.first(where: { $0.name == name }) else {
      preconditionFailure(
        "Candidate: no aspect '\(name)'; it has \(aspects.map(\.name).listed)")
    }
    return found.value
  }
}

/// Two candidates for one prompt.
public struct CandidatePair: Sendable, Hashable {
  /// What both answer.
  public var prompt: RecordText
  /// One candidate.
  public var first: Candidate
  /// The other.
  public var second: Candidate
  /// Further columns for the record.
  public var extras: JSONObject

  /// A pair to be judged.
  public init(
    prompt: RecordText, first: Candidate, second: Candidate, extras: JSONObject = JSONObject()
  ) {
    self.prompt = prompt
    self.first = first
    self.second = second
    self.extras = extras
  }
}

/// What really happened behind one annotation; kept apart from the record, never written into it.
public struct AnnotationTruth: Sendable, Hashable {
  /// True utilities in the order of the record's completions.
  public var utilities: [Double]
  /// The values the annotator went by, in the same order.
  public var seenValues: [Double]
  /// Name of the annotator's group.
  public var group: String
  /// Whether the worker was adversarial.
  public var isAdversarial: Bool
  /// Whether a mistake turned the choice round.
  public var isFlipped: Bool
  /// Whether the first one shown won, whatever it was.
  public var tookFirst: Bool
  /// Whether the item was skipped.
  public var isSkipped: Bool
  /// Probability that the first completion is preferred, ties counted half, before mistakes; nil for
  /// rankings and ratings.
  public var preference: Double?
}

/// A record made by a simulated annotator, with the truth beside it.
public struct Annotation: Sendable, Hashable {
  /// What a loader would read.
  public var record: Record
  /// What really happened.
  public var truth: AnnotationTruth
}
