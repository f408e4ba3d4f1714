// SPDX-License-Identifier: Apache-2.0

import Foundation

extension SimulatedAnnotator {
  /// How a list is put in order.
  public enum RankingRule: Sendable, Hashable {
    /// Plackett-Luce: sorted by βv + Gumbel noise; at infinite β by v, equal values sharing a rank.
    case plackettLuce
    /// By the first aspect in which two differ; then each neighbour pair, from the top, is swapped
    /// with probability `swap`.
    case lexicographic([String], swap: Double)
  }

  /// Ranks the completions of one prompt.
  ///
  /// - Parameters:
  ///   - prompt: what all answer.
  ///   - candidates: at least two.
  ///   - index: number of the item in the study.
  /// - Returns: a ranking record; `preference` of the truth is nil.
  public func rank(prompt: RecordText, _ candidates: [Candidate], index: Int) -> Annotation {
    precondition(candidates.count >= 2, "rank: at least 2 candidates, found \(candidates.count)")
    var random = AnnotatorRandom(path: "\(seed)/\(name)/\(study)/\(index)")
    let group = groups[group(at: random.uniform())]
    let values = candidates.map {
      seenValue(of: $0, for: group, draw: (random.uniform(), random.uniform()))
    }
    let ranks: [Int]
    switch rankingRule {
    case .plackettLuce where beta == .infinity:
      ranks = Ranking.ranks(ofScores: values)
    case .plackettLuce:
      // −ln(−ln u) is Gumbel; 1 − u keeps u = 0 away from the logarithm.
      ranks = Ranking.ranks(
        ofScores: values.map { beta * $0 - log(-log1p(-random.uniform()) + .leastNonzeroMagnitude) }
      )
    case .lexicographic(let aspects, let swap):
      ranks = lexicographicRanks(candidates, by: aspects, swap: swap, using: &random)
    }
    let ranking = Ranking(
      prompt: prompt, completions: candidates.map(\.text), ranks: ranks)
    return annotation(.ranking(ranking), candidates, values, group: group.name, index: index)
  }

  /// Probability of an order under Plackett-Luce.
  ///
  /// - Parameter values: values from the best place to the last.
  /// - Returns: Π e^(βv_k) / Σ_(j≥k) e^(βv_j).
  public func plackettLuceProbability(of values: [Double]) -> Double {
    var logProbability = 0.0
    for position in values.indices {
      let rest = values[position...].map { beta * ($0 - values[position]) }
      let top = rest.max() ?? 0
      logProbability -= top + log(rest.reduce(0) { $0 + exp($1 - top) })
    }
    return exp(logProbability)
  }

  private func lexicographicRanks(
    _ candidates: [Candidate], by aspects: [String], swap: Double,
    using random: inout AnnotatorRandom
  ) -> [Int] {
    let keys = candidates.map { candidate in aspects.map(candidate.aspect) }
    var order = candidates.indices.sorted { left, right in
      for (a, b) in zip(keys[left], keys[right]) where a != b { return a > b }
      return left < right
    }
    for position in order.indices.dropLast() where random.uniform() < swap {
      order.swapAt(position, position + 1)
    }
    var ranks = [Int](repeating: 0, count: order.count)
    for (position, candidate) in order.enumerated() { ranks[candidate] = position + 1 }
    return ranks
  }

  func annotation(
    _ body: RecordBody, _ candidates: [Candidate], _ values: [Double], group: String, index: Int
  ) -> Annotation {
    var record = Record(body, annotator: name)
    if let startTime { record.extras["time"] = .integer(startTime + 60 * index) }
    let truth = AnnotationTruth(
      utilities: candidates.map(\.utility), seenValues: values, group: group, isAdversarial: false,
      isFlipped: false, tookFirst: false, isSkipped: false)
    return Annotation(record: record, truth: truth)
  }
}
