// SPDX-License-Identifier: Apache-2.0

/// One judged comparison of a model with its opponent.
public struct Comparison: Sendable, Equatable, Codable {
  /// What the comparison is about; comparisons of one prompt are not independent.
  public var prompt: String
  /// 1 for a win of the model, ½ for a tie, 0 for a loss, or the judge's probability of a win;
  /// nil where the judgement could not be read.
  public var score: Double?

  /// Creates a comparison.
  public init(prompt: String, score: Double?) {
    self.prompt = prompt
    self.score = score
  }
}

/// The share of comparisons a model wins, ties counted ½.
///
///     w = mean over prompts of (mean score of the prompt's comparisons)
///     sem = sd(prompt means, n − 1) / √n
///
/// With one comparison a prompt this is the plain mean of s ∈ {1, ½, 0}. Comparisons without a
/// score are dropped and counted. The sign test is over prompts whose mean is not ½.
/// Without a bootstrap the interval is Wilson's on w and the number of prompts, approximate where
/// there are ties; with one it is the percentile interval over prompts.
///
/// Identity: w(A, B) + w(B, A) = 1.
public struct WinRate: Sendable, Equatable {
  /// Resampling over prompts; nil uses Wilson's interval.
  public var bootstrap: Bootstrap?
  /// Intended coverage of Wilson's interval; a bootstrap brings its own.
  public var level: Double

  /// Creates the metric.
  public init(bootstrap: Bootstrap? = nil, level: Double = 0.95) {
    self.bootstrap = bootstrap
    self.level = level
  }

  /// Everything a reader asks about a win rate.
  public struct Result: Sendable, Equatable, Codable {
    /// The win rate w in [0, 1]; `count` is the number of prompts.
    public var estimate: Estimate
    /// The same after rounding each score to 1, ½ or 0; equal to `estimate` unless scores are
    /// probabilities ("discrete win rate").
    public var discrete: Double
    /// sd / √n over prompts; nil for a single prompt.
    public var standardError: Double?
    /// Comparisons with a score above ½.
    public var winCount: Int
    /// Comparisons with a score of exactly ½.
    public var tieCount: Int
    /// Comparisons with a score below ½.
    public var lossCount: Int
    /// Comparisons dropped because the judgement could not be read.
    public var invalidCount: Int
    /// wins / (wins + losses), pooled over comparisons; nil where all were ties.
    public var withoutTies: Double?
    /// Exact two-sided sign test over decided prompts, in (0, 1].
    public var signTestPValue: Double
  }

  /// Measures the win rate.
  ///
  /// - Parameter comparisons: scores in [0, 1] in any order; at least one must be readable.
  /// - Returns: the rate with its interval and counts.
  /// - Throws: ``EvaluationError`` where no comparison is readable or a score lies outside [0, 1].
  public func callAsFunction(_ comparisons: [Comparison]) throws -> Result {
    let scores = comparisons.compactMap(\.score)
    try Require.count(scores.count, atLeast: 1, "readable comparisons", in: "win rate")
    try Require.probabilities(scores, "score", in: "win rate")

    let means = Self.promptMeans(comparisons)
    let winCount = scores.count { $0 > 0.5 }
    let tieCount = scores.count { $0 == 0.5 }
    let lossCount = scores.count - winCount - tieCount
    let decided = winCount + lossCount
    let value = means.mean

    var options = ["ties": "half", "cluster": "prompt"]
    let interval: Interval
    if let bootstrap {
      interval = bootstrap.interval(ofMean: means)
      options.merge(bootstrap.options) { _, new in new }
    } else {
      interval = try .wilson(
        successes: value * Double(means.count), count: means.count, level: level)
    }
    return Result(
      estimate: Estimate(value: value, count: means.count, interval: interval, options: options),
      discrete: Self.promptMeans(comparisons, transform: Self.rounded).mean,
      standardError: means.standardErrorOfMean,
      winCount: winCount, tieCount: tieCount, lossCount: lossCount,
      invalidCount: comparisons.count - scores.count,
      withoutTies: decided > 0 ? Double(winCount) / Double(decided) : nil,
      signTestPValue: signTest(wins: means.count { $0 > 0.5 }, losses: means.count { $0 < 0.5 }))
  }

  /// Mean readable score of each prompt, in order of first appearance.
  private static func promptMeans(
    _ comparisons: [Comparison], transform: (Double) -> Double = { $0 }
  ) -> [Double] {
    var positions: [String: Int] = [:]
    var sums: [(total: Double, count: Int)] = []
    for comparison in comparisons {
      guard let score = comparison.score else { continue }
      let position = positions[comparison.prompt, default: sums.count]
      if position == sums.count {
        positions[comparison.prompt] = position
        sums.append((0, 0))
      }
      sums[position].total += transform(score)
      sums[position].count += 1
    }
    return sums.map { $0.total / Double($0.count) }
  }

  private static func rounded(_ score: Double) -> Double {
    score > 0.5 ? 1 : score < 0.5 ? 0 : 0.5
  }
}

/// The preference of a judge that answers with one of two tokens.
///
///     P(second) = e^{l₂} / (e^{l₁} + e^{l₂}) = σ(l₂ − l₁)
///
/// - Parameters:
///   - firstLogProb: log-probability of the token for the first completion, in nats.
///   - secondLogProb: the same for the second.
/// - Returns: the probability that the second is preferred, in (0, 1).
public func weightedPreference(firstLogProb: Double, secondLogProb: Double) -> Double {
  sigmoid(secondLogProb - firstLogProb)
}
