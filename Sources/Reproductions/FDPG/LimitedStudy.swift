// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Foundation
import Objectives
import Torch

/// A policy that cannot hold its target: eight independent bits against a mixture of two modes, by exact gradients.
struct LimitedStudy {
  private struct Row {
    let divergence: FDivergence
    let seed: UInt64
    let entropy: Double
    let own: Double
    let ones: Double
  }

  private let rows: [Row]

  /// Trains one policy a divergence and seed.
  init(run: ReproductionRun) {
    let strings = BitStrings(length: 8)
    let few = strings.logProbabilities(ofOnes: 0.1)
    let many = strings.logProbabilities(ofOnes: 0.9)
    let target = zip(few, many).map { (exp($0) + exp($1)) / 2 }
    let bits = Tensor(rows: (0..<strings.count).map { strings.bits($0) })  // [256, 8]
    let divergences: [FDivergence] = [.forwardKL, .reverseKL, .jensenShannon, .totalVariation]
    rows = divergences.flatMap { divergence in
      run.seeds.map { seed in
        let logits = Self.train(divergence, bits, target, seed: seed, run: run)
        let policy = withoutGrad { exp(Self.logProbs(logits, bits)).doubles }
        return Row(
          divergence: divergence, seed: seed,
          entropy: -policy.reduce(0) { $0 + $1 * log($1) },
          own: divergence.divergence(policy, from: target),
          ones: withoutGrad { sigmoid(logits).mean().item })
      }
    }
    for row in rows {
      run.record([
        "method": .string("independent bits, \(row.divergence.label)"),
        "seed": .integer(Int(truncatingIfNeeded: row.seed)), "entropy": .number(row.entropy),
        "divergence": .number(row.own),
      ])
    }
  }

  /// log π of every string, `[256]`, from the logit of each bit, `[8]`.
  private static func logProbs(_ logits: Tensor, _ bits: Tensor) -> Tensor {
    let ones = bits.matmul(logSigmoid(logits).unsqueezed(1))
    let zeros = (1 - bits).matmul(logSigmoid(-logits).unsqueezed(1))
    return (ones + zeros).squeezed(1)
  }

  private static func train(
    _ divergence: FDivergence, _ bits: Tensor, _ target: [Double], seed: UInt64,
    run: ReproductionRun
  ) -> Tensor {
    var random = SplitMix64(text: "fdpg/limited/\(seed)")
    let logits = Tensor((0..<8).map { _ in 0.6 * random.normal() }).asParameter()
    let optimizer = AdamW([("logits", logits)], learningRate: FDPGReproduction.learningRate)
    let objective = FDPG(divergence)
    let logTarget = log(Tensor(target))
    for _ in 0..<FDPGReproduction.stepCount {
      optimizer.zeroGrad()
      let policy = logProbs(logits, bits)
      let isSwapped = run.has(FDPGReproduction.swappedRatio)
      let pulls =
        isSwapped
        ? divergence.slope(logTarget - policy.detached())
        : -objective.pseudoRewards(policy: policy, target: logTarget, logNormalizer: 0)
      let expected = (exp(policy.detached()) * pulls * policy).sum()
      (run.has(FDPGReproduction.wrongSign) ? -expected : expected).backward()
      optimizer.step()
    }
    return logits
  }

  /// Which modes each divergence keeps.
  var claim: Claim {
    let wanted = FDPGReproduction.limitedEntropies
    let worst = wanted.map { divergence, entropy in
      rows.filter { $0.divergence == divergence }.map { Swift.abs($0.entropy - entropy) }.max()
        ?? .nan
    }
    let largest = worst.max() ?? .nan
    return Claim(
      "independent bits cover both modes under forward KL (entropy 5.545) and take one under reverse KL (2.648) and Jensen-Shannon (2.683), on every seed",
      held: largest <= FDPGReproduction.entropyTolerance,
      evidence: "furthest entropy \(largest.short) nats away")
  }

  /// One row a divergence and seed.
  var table: ResultTable {
    ResultTable(
      title: "Eight independent bits against a target with two modes",
      columns: [
        .init("divergence"), .init("seed"), .init("entropy", unit: "nats"),
        .init("own divergence", format: .decimals(4)), .init("mean P(bit = 1)"),
      ],
      rows: rows.map {
        [
          .text($0.divergence.label), .count(Int(truncatingIfNeeded: $0.seed)),
          .number($0.entropy), .number($0.own), .number($0.ones),
        ]
      },
      caption:
        "Total variation only knows signs: it finds a mode from some beginnings and stays between them from others."
    )
  }
}
