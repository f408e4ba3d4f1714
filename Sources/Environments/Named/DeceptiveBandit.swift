// SPDX-License-Identifier: Apache-2.0

/// Prompts with fifty answers each, of which the reference knows ten mediocre ones well and the best hardly at all.
///
/// Each prompt has an order of the arms of its own, so that nothing learnt about one prompt helps with another. In that
/// order the first ten arms are mediocre (worth 0.3 to 0.5, together 98.5 to 98.9 % of the reference), the next 39 poor
/// (worth 0 to 0.2, together 1 %), and the last is worth 1 and has what remains, 0.1 to 0.5 %.
public struct DeceptiveBandit: Sendable, Equatable {
  /// Arms a prompt.
  public static let armCount = 50
  /// Arms that the reference prefers.
  public static let mediocreCount = 10

  /// What each arm is worth, `[P][50]`, in [0, 1].
  public let gold: [[Double]]
  /// π_ref, `[P][50]`; each row sums to 1.
  public let reference: [[Double]]
  /// The arm worth 1 of each prompt, `[P]`.
  public let bestArms: [Int]

  /// Draws a world.
  ///
  /// - Parameters:
  ///   - promptCount: P, at least 1.
  ///   - seed: equal seeds give equal worlds.
  public init(promptCount: Int = 60, seed: UInt64) {
    precondition(promptCount > 0, "DeceptiveBandit: needs a prompt; found \(promptCount)")
    var random = SplitMix64(text: "deceptive/\(seed)")
    let mediocre = Self.mediocreCount
    let poor = Self.armCount - mediocre - 1
    let mass = 0.985 + 0.004 * random.uniform()
    let values =
      (0..<mediocre).map { _ in 0.3 + 0.2 * random.uniform() }
      + (0..<poor).map { _ in 0.2 * random.uniform() } + [1]
    let shares =
      [Double](repeating: mass / Double(mediocre), count: mediocre)
      + [Double](repeating: 0.01 / Double(poor), count: poor) + [0.99 - mass]
    var gold: [[Double]] = []
    var reference: [[Double]] = []
    var bestArms: [Int] = []
    for _ in 0..<promptCount {
      var places = Array(0..<Self.armCount)
      random.shuffle(&places)
      gold.append(places.map { values[$0] })
      reference.append(places.map { shares[$0] })
      bestArms.append(places.firstIndex(of: Self.armCount - 1) ?? 0)
    }
    self.gold = gold
    self.reference = reference
    self.bestArms = bestArms
  }

  /// P: number of prompts.
  public var promptCount: Int { gold.count }

  /// E[gold] under a policy `[P][50]`, the mean over prompts.
  public func expectedReward(of policy: [[Double]]) -> Double {
    zip(gold, policy).reduce(0) { $0 + Simplex.mean($1.0, under: $1.1) } / Double(promptCount)
  }

  /// Probability that a policy `[P][50]` gives to the best arm, the mean over prompts.
  public func bestArmProbability(of policy: [[Double]]) -> Double {
    zip(bestArms, policy).reduce(0) { $0 + $1.1[$1.0] } / Double(promptCount)
  }
}
