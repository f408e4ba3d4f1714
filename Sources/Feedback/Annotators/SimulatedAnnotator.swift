// SPDX-License-Identifier: Apache-2.0

/// An annotator whose tastes, haste and errors are known: Bradley-Terry choice with groups of
/// people, partial sight, skipping, ties, biases, drift and mistakes. Every part is off unless set.
///
/// A comparison of a and b goes through six steps, in this order:
///
///     1 who       a group with weights w: v = Σ w·aspect, or the utility; a worker with a mistake rate
///     2 seen      v as the ``View`` shows it
///     3 skip      max(v_a, v_b) <= skipBelow, or with probability skipRate
///     4 tie       |v_a − v_b| < d, or Rao-Kupper: P(a) = σ(z − ln θ), P(b) = σ(−z − ln θ)
///     5 choice    z = β[(v_a − v_b) + lengthBias·(words_a − words_b)] + positionBias·(±1); P = σ(z)
///     6 mistake   P' = (1 − m)P + m(1 − P), drawn as a flip; takesFirst
///
/// Randomness comes from `seed/name/study/i` for item i, every part from its own draw: changing
/// one setting leaves all other draws as they were.
///
///     var annotator = SimulatedAnnotator(seed: 7, study: "digest")
///     annotator.beta = 3
///     let annotations = annotator.compare(pairs)
public struct SimulatedAnnotator: Sendable, Hashable {
  /// People of one taste.
  public struct Group: Sendable, Hashable {
    /// Name, in the truth only.
    public var name: String
    /// Share of the crowd relative to the other groups, above 0.
    public var share: Double
    /// Weight of each aspect in the value; nil: the task's utility.
    public var weights: [AspectScore]?

    /// A group.
    public init(_ name: String, share: Double = 1, weights: [AspectScore]? = nil) {
      self.name = name
      self.share = share
      self.weights = weights
    }
  }

  /// What an annotator goes by.
  public enum View: Sendable, Hashable {
    /// The true value.
    case value
    /// The belief at the end of the talk.
    case foresight
    /// The outcome; with probability `error` a wrong one.
    case hindsight(Disclosure, error: Double)
    /// Σ discountᵗ·rₜ from the start of a trajectory.
    case partialReturn(discount: Double)
    /// Σ μ^(H−t)·rₜ: the last step has weight 1.
    case myopicReturn(myopia: Double)
    /// −Σ (V* − Q*).
    case regret
  }

  /// How much of an outcome is told.
  public enum Disclosure: Sendable, Hashable {
    /// What came of one's own choice.
    case own
    /// Everything.
    case all
  }

  /// When two candidates count as equal.
  public enum TieRule: Sendable, Hashable {
    /// Values closer than this, whatever the noise; myopia does not enter.
    case threshold(Double)
    /// The Rao-Kupper model with parameter θ >= 1; 1 gives no ties.
    case raoKupper(Double)
  }

  /// Seed of the study.
  public var seed: UInt64
  /// Name of the annotator; the `annotator` of its records.
  public var name: String
  /// Name of the study; another study draws other numbers.
  public var study: String

  /// The crowd; at least one group.
  public var groups: [Group] = [Group("all")]
  /// Comparisons a person gives before the next person takes over, such as 2...8; nil: every
  /// comparison may come from another group, under one name. Persons are called `<name>-<k>`.
  public var comparisonsPerPerson: ClosedRange<Int>?
  /// Reliability η of a worker, 0 to 1: mistakes with probability 1 − η; nil: `mistake` holds.
  public var reliability: Double?
  /// Share of workers who mean harm: their mistake rate is 0.8.
  public var adversarialShare = 0.0

  /// What the annotator goes by.
  public var view = View.value
  /// Skips where neither is above this value; nil: never.
  public var skipBelow: Double?
  /// Probability of skipping for no reason.
  public var skipRate = 0.0
  /// When two count as equal; nil: never, save at infinite `beta`.
  public var ties: TieRule?

  /// Rationality; `.infinity` always prefers the better.
  public var beta = 6.0
  /// Share of `beta` lost by the end of the study: β·(1 − drift·i/n).
  public var drift = 0.0
  /// Value of one word more.
  public var lengthBias = 0.0
  /// Added to the logit of whatever is shown first.
  public var positionBias = 0.0
  /// Probability m of choosing the other one by mistake; answering at random with ε is m = ε/2.
  public var mistake = 0.1
  /// Probability that the one shown first wins whatever it is.
  public var takesFirst = 0.0
  /// Whether records hold P' in place of a drawn 1, 0 or 0.5.
  public var givesSoftLabels = false

  /// How lists are ordered.
  public var rankingRule = RankingRule.plackettLuce
  /// How single completions are rated.
  public var ratingRule = RatingRule.rounded(1...5, noise: 0.5)

  /// Unix time of the first item, a minute an item; nil: records have no `time`.
  public var startTime: Int?

  /// An annotator with β 6 and a mistake in ten, nothing else.
  public init(seed: UInt64, name: String = "annotator", study: String = "study") {
    self.seed = seed
    self.name = name
    self.study = study
  }
}

extension SimulatedAnnotator {
  /// The value a person of `group` goes by before anything is seen or not seen.
  func value(of candidate: Candidate, for group: Group) -> Double {
    guard let weights = group.weights else { return candidate.utility }
    return weights.reduce(0) { $0 + $1.value * candidate.aspect($1.name) }
  }

  /// The value as the view shows it. `draw` decides whether, and which, wrong outcome is seen.
  func seenValue(of candidate: Candidate, for group: Group, draw: (error: Double, which: Double))
    -> Double
  {
    switch view {
    case .value: return value(of: candidate, for: group)
    case .foresight: return Self.known(candidate.belief, "belief")
    case .hindsight(let disclosure, let error):
      if draw.error < error, !candidate.wrongOutcomes.isEmpty {
        return candidate.wrongOutcomes[Int(draw.which * Double(candidate.wrongOutcomes.count))]
      }
      return disclosure == .own
        ? Self.known(candidate.outcome, "outcome")
        : Self.known(candidate.fullOutcome, "fullOutcome")
    case .partialReturn(let discount):
      return Self.discounted(candidate.rewards, by: discount)
    case .myopicReturn(let myopia):
      return Self.discounted(candidate.rewards.reversed(), by: myopia)
    case .regret:
      return -candidate.optimalityGaps.reduce(0, +)
    }
  }

  /// The value by which ties are decided: the seen one, save that myopia does not enter.
  func tieValue(of candidate: Candidate, seen: Double) -> Double {
    if case .myopicReturn = view { return candidate.rewards.reduce(0, +) }
    return seen
  }

  private static func discounted(_ rewards: some Sequence<Double>, by factor: Double) -> Double {
    var weight = 1.0
    var sum = 0.0
    for reward in rewards {
      sum += weight * reward
      weight *= factor
    }
    return sum
  }

  private static func known(_ value: Double?, _ field: String) -> Double {
    guard let value else {
      preconditionFailure(
        "SimulatedAnnotator: the view needs the candidates' \(field), which is nil")
    }
    return value
  }
}
