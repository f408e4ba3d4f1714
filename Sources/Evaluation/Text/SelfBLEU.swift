// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How much the outputs of one model repeat each other: mean BLEU of each against all the others.
///
/// For output i of c tokens, with the others as references and r the reference length nearest c
/// (the shorter of two equally near):
///
///     p_k = clipped k-gram matches / max(1, k-grams of i), a zero numerator replaced by 0.1
///     BLEU_i = min(1, e^{1 − r/c}) exp(1/N Σ_k log p_k), and 0 where no word matches
///
/// Counts are clipped by the greatest count in any single reference. 0 is all different, 1 all
/// alike. Time is linear in the number of tokens, whatever the number of outputs.
///
/// Source: Zhu et al. 2018 (Texygen), arXiv:1802.01886; smoothing 1 of Chen and Cherry 2014. An
/// output of fewer than N tokens gets 0.1 for its missing orders, as NLTK has it.
public struct SelfBLEU: Sendable, Equatable {
  /// Longest n-gram N, with uniform weights up to it.
  public var order: Int

  /// Creates the metric.
  public init(order: Int = 4) {
    precondition(order > 0, "SelfBLEU: order is \(order); use 1 or more")
    self.order = order
  }

  /// Scores outputs, split at white space.
  ///
  /// - Parameter outputs: at least 2 texts.
  /// - Returns: mean BLEU in [0, 1]; `count` is the number of outputs.
  /// - Throws: ``EvaluationError/tooFew(metric:what:found:minimum:)`` for fewer than 2 outputs.
  public func callAsFunction(_ outputs: [String]) throws -> Estimate {
    Estimate(
      value: try scores(outputs).mean, count: outputs.count,
      options: ["order": "\(order)", "smoothing": "0.1 for zero counts", "tokens": "white space"])
  }

  /// BLEU of each output against the others.
  ///
  /// - Parameter outputs: at least 2 texts.
  /// - Returns: one value in [0, 1] an output.
  /// - Throws: ``EvaluationError/tooFew(metric:what:found:minimum:)`` for fewer than 2 outputs.
  public func scores(_ outputs: [String]) throws -> [Double] {
    try Require.count(outputs.count, atLeast: 2, "outputs", in: "self-BLEU")
    var indexer = NGramIndexer()
    let grams = outputs.map { indexer.grams(of: whitespaceTokens($0), upTo: order) }
    var logPrecision = [Double](repeating: 0, count: outputs.count)
    var hasMatch = [Bool](repeating: true, count: outputs.count)
    for level in 0..<order {
      let counts = grams.map { NGramIndexer.counts($0[level]) }
      let best = BestCounts(counts)
      for (output, own) in counts.enumerated() {
        let matches = own.reduce(0) { $0 + min($1.value, best.count(of: $1.key, outside: output)) }
        if level == 0, matches == 0 { hasMatch[output] = false }
        let total = Double(max(1, grams[output][level].count))
        logPrecision[output] += log((matches > 0 ? Double(matches) : 0.1) / total)
      }
    }
    let lengths = grams.map { $0[0].count }
    let sortedLengths = lengths.sorted()
    return outputs.indices.map { output in
      guard hasMatch[output] else { return 0 }
      let own = lengths[output]
      let nearest = Self.nearest(to: own, in: sortedLengths)
      let brevity = own > nearest ? 1 : exp(1 - Double(nearest) / Double(own))
      return brevity * exp(logPrecision[output] / Double(order))
    }
  }

  /// The nearest of the other lengths; `sorted` holds `own` at least once, for the output itself.
  private static func nearest(to own: Int, in sorted: [Int]) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < own { low = middle + 1 } else { high = middle }
    }
    let above = low + 1 < sorted.count ? sorted[low + 1] : nil
    let below = low > 0 ? sorted[low - 1] : nil
    switch (below, above) {
    case (let below?, let above?): return own - below <= above - own ? below : above
    case (let below?, nil): return below
    case (nil, let above?): return above
    case (nil, nil): return own
    }
  }
}

/// The two greatest counts of each n-gram over documents: enough to leave any one document out.
private struct BestCounts {
  private var entries: [Int: (owner: Int, best: Int, second: Int)] = [:]

  init(_ documents: [[Int: Int]]) {
    for (owner, counts) in documents.enumerated() {
      for (gram, count) in counts {
        guard let known = entries[gram] else {
          entries[gram] = (owner, count, 0)
          continue
        }
        if count > known.best {
          entries[gram] = (owner, count, known.best)
        } else if count > known.second {
          entries[gram] = (known.owner, known.best, count)
        }
      }
    }
  }

  func count(of gram: Int, outside document: Int) -> Int {
    guard let entry = entries[gram] else { return 0 }
    return entry.owner == document ? entry.second : entry.best
  }
}
