// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What taking the best of n samples gains and costs, from one pool of N ≥ n samples.
///
/// With the pool sorted by the selecting score, ascending, the sample of rank i = n … N is the best
/// of n with probability
///
///     C(i − 1, n − 1) / C(N, n)
///
/// so that E[gold of the best of n] = Σ_i gold_(i) C(i − 1, n − 1) / C(N, n), unbiased for every n
/// at once. Samples tied in the selecting score share their mean gold. With the score as its own
/// gold this is E[max of n].
///
/// The cost is KL(best of n ‖ π) ≤ log n − (n − 1)/n nats, exact where scores are never tied.
///
/// Source: Stiennon et al. 2020, arXiv:2009.01325, appendix G.3 for the bound; Nakano et al. 2021,
/// arXiv:2112.09332, appendix I, for the estimator; Gao et al. 2022, arXiv:2210.10760, for its use.
public enum BestOfN {
  /// E[max of n] for one pool.
  ///
  /// - Parameters:
  ///   - n: samples the user would draw, in 1 ... N.
  ///   - scores: N finite scores.
  /// - Returns: the expected best score.
  /// - Throws: ``EvaluationError`` for fewer than n scores, an n below 1, or values not finite.
  public static func expectedMaximum(_ n: Int, scores: [Double]) throws -> Double {
    try expectedGold(n, selecting: scores, gold: scores)
  }

  /// Expected gold score of the sample that a proxy picks among n.
  ///
  /// - Parameters:
  ///   - n: samples the user would draw, in 1 ... N.
  ///   - proxy: N finite scores that select.
  ///   - gold: N finite scores that count, of the same samples.
  /// - Returns: the expected gold score of the selected sample.
  /// - Throws: ``EvaluationError`` for fewer than n samples, an n below 1, unequal lengths, or values
  ///   not finite.
  public static func expectedGold(
    _ n: Int, selecting proxy: [Double], gold: [Double]
  ) throws -> Double {
    let metric = "best of \(n)"
    try Require.positive(n, "n", in: metric)
    try Require.equalCounts(proxy.count, "proxy scores", gold.count, "gold scores", in: metric)
    try Require.count(proxy.count, atLeast: n, "samples", in: metric)
    try Require.finite(proxy, "proxy score", in: metric)
    try Require.finite(gold, "gold score", in: metric)

    let order = proxy.indices.sorted { proxy[$0] > proxy[$1] }
    let poolSize = proxy.count
    // The top rank wins with probability n/N; each rank below by the ratio of two binomials.
    var weight = Double(n) / Double(poolSize)
    var total = 0.0
    var start = 0
    while start < poolSize {
      var end = start
      var groupWeight = 0.0
      var groupGold = 0.0
      while end < poolSize, proxy[order[end]] == proxy[order[start]] {
        groupWeight += weight
        groupGold += gold[order[end]]
        let rank = poolSize - end
        weight *= rank > 1 ? Double(rank - n) / Double(rank - 1) : 0
        end += 1
      }
      total += groupWeight * groupGold / Double(end - start)
      start = end
    }
    return total
  }

  /// Mean over prompts of the expected gold score.
  ///
  /// - Parameters:
  ///   - n: samples the user would draw.
  ///   - prompts: proxy and gold scores of each prompt's pool.
  ///   - bootstrap: resampling over prompts for the interval; nil for none.
  /// - Returns: the mean; `count` is the number of prompts, options hold n and the KL bound.
  /// - Throws: ``EvaluationError`` for no prompts or as for one pool.
  public static func expectedGold(
    _ n: Int, prompts: [(proxy: [Double], gold: [Double])], bootstrap: Bootstrap? = nil
  ) throws -> Estimate {
    try Require.count(prompts.count, atLeast: 1, "prompts", in: "best of \(n)")
    let values = try prompts.map { try expectedGold(n, selecting: $0.proxy, gold: $0.gold) }
    var options = bootstrap?.options ?? [:]
    options["n"] = "\(n)"
    options["kl bound"] = "\(klBound(n))"
    return Estimate(
      value: values.mean, count: values.count, interval: bootstrap?.interval(ofMean: values),
      options: options)
  }

  /// log n − (n − 1)/n: an upper bound on KL(best of n ‖ policy), in nats; n is 1 or more.
  public static func klBound(_ n: Int) -> Double {
    precondition(n > 0, "BestOfN: n is \(n); use 1 or more")
    return log(Double(n)) - Double(n - 1) / Double(n)
  }

  /// The exact distribution of the best of n over finitely many outcomes.
  ///
  /// - Parameters:
  ///   - n: samples drawn, 1 or more.
  ///   - policy: probabilities of the outcomes in order of rising reward, without ties.
  /// - Returns: q_i = F_iⁿ − F_{i−1}ⁿ with F the cumulative sum; sums to 1.
  public static func distribution(_ n: Int, policy: [Double]) -> [Double] {
    precondition(n > 0, "BestOfN: n is \(n); use 1 or more")
    let total = policy.reduce(0, +)
    var cumulative = 0.0
    var below = 0.0
    return policy.map { probability in
      cumulative += probability
      let upTo = pow(min(1, cumulative / total), Double(n))
      defer { below = upTo }
      return upTo - below
    }
  }
}
