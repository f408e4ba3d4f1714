// SPDX-License-Identifier: Apache-2.0

/// The chance that the most frequent answer of k samples is right ("self-consistency").
///
/// With t answers tied for the most votes, a right one among them counts 1/t. Samples without a
/// readable answer do not vote; if none votes the item scores 0. With more than k samples the value
/// is the mean over seeded draws of k of them without replacement.
///
/// Source: Wang et al. 2023, arXiv:2203.11171.
public struct MajorityAtK: Sendable, Equatable {
  /// Samples that vote, 1 or more.
  public var k: Int
  /// Draws of k samples where more are at hand.
  public var draws: Int
  /// Seed of those draws.
  public var seed: UInt64
  /// Resampling over problems for the interval; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(k: Int, draws: Int = 100, seed: UInt64, bootstrap: Bootstrap? = nil) {
    precondition(k > 0 && draws > 0, "MajorityAtK: k \(k), draws \(draws); use 1 or more")
    self.k = k
    self.draws = draws
    self.seed = seed
    self.bootstrap = bootstrap
  }

  /// The samples of one problem.
  public struct Problem: Sendable, Equatable, Codable {
    /// The answer read from each sample; nil where none could be read.
    public var answers: [String?]
    /// The right answer, written the same way.
    public var correct: String

    /// Creates a problem.
    public init(answers: [String?], correct: String) {
      self.answers = answers
      self.correct = correct
    }
  }

  /// Measures majority accuracy.
  ///
  /// - Parameter problems: at least one, each with at least k samples.
  /// - Returns: the mean in [0, 1]; `count` is the number of problems.
  /// - Throws: ``EvaluationError/tooFew(metric:what:found:minimum:)`` for no problems or samples.
  public func callAsFunction(_ problems: [Problem]) throws -> Estimate {
    try Require.count(problems.count, atLeast: 1, "problems", in: "maj@\(k)")
    var generator = SplitMix64(seed: seed)
    var values: [Double] = []
    for problem in problems {
      try Require.count(problem.answers.count, atLeast: k, "samples a problem", in: "maj@\(k)")
      values.append(value(problem, &generator))
    }
    var options = bootstrap?.options ?? [:]
    options["k"] = "\(k)"
    options["ties"] = "split"
    if problems.contains(where: { $0.answers.count > k }) {
      options["draws"] = "\(draws)"
      options["draw seed"] = "\(seed)"
    }
    return Estimate(
      value: values.mean, count: values.count, interval: bootstrap?.interval(ofMean: values),
      options: options)
  }

  private func value(_ problem: Problem, _ generator: inout SplitMix64) -> Double {
    var pool = problem.answers
    guard pool.count > k else { return Self.vote(pool[...], problem.correct) }
    var total = 0.0
    for _ in 0..<draws {
      // The first k steps of a shuffle draw k samples without replacement.
      for position in 0..<k {
        pool.swapAt(position, position + generator.below(pool.count - position))
      }
      total += Self.vote(pool[..<k], problem.correct)
    }
    return total / Double(draws)
  }

  private static func vote(_ answers: ArraySlice<String?>, _ correct: String) -> Double {
    var votes: [String: Int] = [:]
    for case let answer? in answers { votes[answer, default: 0] += 1 }
    guard let top = votes.values.max(), votes[correct] == top else { return 0 }
    return 1 / Double(votes.values.count { $0 == top })
  }
}
