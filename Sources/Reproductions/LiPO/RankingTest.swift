// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Foundation
import Objectives
import Torch

/// Free scores of single lists, moved by plain gradient steps from the reversed order: no model, no sampling.
///
/// Both losses get the same first step length: λ's gradient is scaled, list by list, to that of pair-logistic.
struct RankingTest {
  static let drawCount = 200
  static let width = 6
  static let rate = 0.3
  static let budget = 30
  static let checkpoints = [1, 3, 10, 30, 100, 1000]

  /// Gains after some steps, one number a draw, at cutoffs 1 and 3.
  struct Gains {
    let stepCount: Int
    let pairLogistic: [[Double]]
    let lambda: [[Double]]

    /// Share of draws in which λ's gain is at least that of pair-logistic.
    func share(cutoff: Int) -> Double {
      let won = zip(lambda[cutoff], pairLogistic[cutoff]).count { $0 >= $1 - 1e-12 }
      return Double(won) / Double(lambda[cutoff].count)
    }

    /// Share of draws in which that is so at both cutoffs.
    var shareAtBoth: Double {
      let draws = lambda[0].indices
      let won = draws.count { draw in
        (0..<2).allSatisfy { lambda[$0][draw] >= pairLogistic[$0][draw] - 1e-12 }
      }
      return Double(won) / Double(draws.count)
    }
  }

  /// At each checkpoint.
  let gains: [Gains]

  init(run: ReproductionRun) {
    var random = SplitMix64(text: "lipo/ranking")
    let labels = (0..<Self.drawCount).map { _ in
      (0..<Self.width).map { _ in Self.beta(0.3, 0.7, &random) }
    }
    let pair = Self.climb(PairLogistic(), labels, like: PairLogistic(), run)
    let lambda = Self.climb(LiPOLambda(), labels, like: PairLogistic(), run)
    gains = Self.checkpoints.indices.map {
      Gains(stepCount: Self.checkpoints[$0], pairLogistic: pair[$0], lambda: lambda[$0])
    }
  }

  /// NDCG@1 and @3 of every draw at each checkpoint, `[checkpoint][2][draws]`.
  private static func climb(
    _ loss: some ListObjective, _ labels: [[Double]], like measure: some ListObjective,
    _ run: ReproductionRun
  ) -> [[[Double]]] {
    let isFlipped = run.has(LiPOReproduction.flippedLabels)
    let seen = Tensor(rows: isFlipped ? labels.map { $0.map { 1 - $0 } } : labels)
    func slope(_ objective: some ListObjective, _ scores: Tensor) -> Tensor {
      let leaf = scores.asParameter()
      objective.losses(ListInputs(scores: leaf, labels: seen)).sum().backward()
      return leaf.grad ?? leaf.zerosLike()
    }
    func norms(_ gradient: Tensor) -> Tensor { sqrt(square(gradient).sum(1, keep: true)) }
    // The best answer starts at 0, the worst at 5.
    var scores = Tensor(
      rows: labels.map { list in list.map { ψ in Double(list.count { $0 > ψ }) } })
    let scale = norms(slope(measure, scores)) / norms(slope(loss, scores))
    var found: [[[Double]]] = []
    for step in 1...(checkpoints.last ?? budget) {
      scores = (scores - rate * scale * slope(loss, scores)).detached()
      guard checkpoints.contains(step) else { continue }
      let flat = scores.doubles
      let rows = labels.indices.map { Array(flat[$0 * width..<($0 + 1) * width]) }
      found.append(
        [1, 3].map { cutoff in zip(rows, labels).map { gain($0, $1, cutoff: cutoff) } })
    }
    return found
  }

  /// NDCG at a cutoff: Σ (2^ψ − 1)/ln(1 + place) of the best scores, over that of the best labels.
  static func gain(_ scores: [Double], _ labels: [Double], cutoff: Int) -> Double {
    func sum(by values: [Double]) -> Double {
      let order = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
      return order.prefix(cutoff).enumerated().reduce(0) {
        $0 + (exp2(labels[$1.element]) - 1) / log(2 + Double($1.offset))
      }
    }
    return sum(by: scores) / sum(by: labels)
  }

  /// A draw from Beta(a, b) with a and b below 1, by Jöhnk's rejection.
  static func beta(_ a: Double, _ b: Double, _ random: inout SplitMix64) -> Double {
    while true {
      let x = pow(random.uniform(), 1 / a)
      let y = pow(random.uniform(), 1 / b)
      if x + y <= 1, x + y > 0 { return x / (x + y) }
    }
  }

  var table: ResultTable {
    ResultTable(
      title: "Six free scores from the reversed order, 200 draws of labels ~ Beta(.3, .7)",
      columns: [
        .init("steps"), .init("NDCG@1, pair-logistic"), .init("NDCG@1, λ"),
        .init("NDCG@3, pair-logistic"), .init("NDCG@3, λ"),
        .init("λ at least as good @1", format: .percent(1)),
        .init("@3", format: .percent(1)), .init("both", format: .percent(1)),
      ],
      rows: gains.map {
        [
          .count($0.stepCount), .number($0.pairLogistic[0].mean), .number($0.lambda[0].mean),
          .number($0.pairLogistic[1].mean), .number($0.lambda[1].mean),
          .number($0.share(cutoff: 0)), .number($0.share(cutoff: 1)), .number($0.shareAtBoth),
        ]
      })
  }

  var claim: Claim {
    let end = gains.first { $0.stepCount == Self.budget }
    let share = end?.shareAtBoth ?? .nan
    return Claim(
      "on six free scores λ's NDCG@1 and @3 after 30 steps are at least those of pair-logistic in 80 % of 200 draws",
      held: share >= 0.8,
      evidence: "in \(share.percent) of draws; @1 alone "
        + "\((end?.share(cutoff: 0) ?? .nan).percent), @3 alone \((end?.share(cutoff: 1) ?? .nan).percent)"
    )
  }
}
