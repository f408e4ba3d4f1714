// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Foundation
import Objectives
import Torch

/// Where one run under the constraint ended.
struct ConstraintResult {
  let name: String
  let divergence: FDivergence
  /// D_f(π‖p) of the divergence that was minimised.
  let ownDivergence: Double
  /// Share of strings with three ones.
  let rate: Double
  /// KL(π‖a).
  let kl: Double
  let entropy: Double
  /// D under forward KL, total variation and Jensen-Shannon.
  let divergences: [Double]
  /// |Ẑ/Z − 1|; nil where the target is another one, or none.
  let normalizerError: Double?
  /// The minimised divergence by step.
  let curve: [LineChart.Point]

  init(
    name: String, divergence: FDivergence, policy: [Double], task: ConstraintTask,
    estimate: NormalizerEstimate?, curve: [LineChart.Point]
  ) {
    self.name = name
    self.divergence = divergence
    self.curve = curve
    ownDivergence = divergence.divergence(policy, from: task.target(of: divergence))
    rate = Simplex.mean(task.constraint, under: policy)
    kl = Simplex.klDivergence(policy, task.base.map { exp($0) })
    entropy = -policy.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }
    divergences = Self.shown.map { $0.divergence(policy, from: task.target) }
    normalizerError = estimate?.logNormalizer.map { Swift.abs(exp($0) / task.normalizer - 1) }
  }

  private static let shown: [FDivergence] = [.forwardKL, .totalVariation, .jensenShannon]

  /// Means over seeds, one row a method.
  static func table(_ methods: [[ConstraintResult]]) -> ResultTable {
    ResultTable(
      title: "Strings of eight bits with exactly three ones (means over seeds)",
      columns: [
        .init("method"), .init("own divergence", format: .decimals(4)),
        .init("constraint met", best: .highest, format: .percent(1)),
        .init("KL(p‖π)", best: .lowest, format: .decimals(4)),
        .init("TV", best: .lowest, format: .decimals(4)),
        .init("2·JSD", best: .lowest, format: .decimals(4)),
        .init("KL(π‖a)", unit: "nats", format: .decimals(3)),
        .init("entropy", unit: "nats", format: .decimals(3)),
        .init("error of Z", format: .percent(1)),
      ],
      rows: methods.map { runs in
        func mean(_ value: (ConstraintResult) -> Double) -> ResultTable.Cell {
          .number(runs.map(value).mean)
        }
        return [
          .text(runs.first?.name ?? ""), mean(\.ownDivergence), mean(\.rate),
          mean { $0.divergences[0] }, mean { $0.divergences[1] }, mean { $0.divergences[2] },
          mean(\.kl), mean(\.entropy),
          runs.contains { $0.normalizerError == nil }
            ? .missing : .number(runs.compactMap(\.normalizerError).mean),
        ]
      },
      caption:
        "Reverse KL, χ²(π‖p) and their own divergences are to the target floored at 1e-5 of the base model."
    )
  }

  /// The minimised divergence of each method over steps, first seed.
  static func chart(_ methods: [[ConstraintResult]]) -> LineChart {
    LineChart(
      title: "Divergence from the target", subtitle: "each its own, first seed",
      xAxis: Axis("step"), yAxis: Axis("D(π‖p)", scale: .log),
      series: methods.compactMap(\.first).map { .init(name: $0.name, points: $0.curve) })
  }
}

/// The sampled gradient at the start beside the exact one.
struct GradientCheck {
  let divergence: FDivergence
  let cosine: Double
  /// |sampled| / |exact|.
  let normRatio: Double

  static func table(_ checks: [GradientCheck]) -> ResultTable {
    ResultTable(
      title: "Gradient of 100,000 samples against the exact one, at the start",
      columns: [
        .init("divergence"), .init("cosine", format: .decimals(4)),
        .init("length, sampled / exact", format: .decimals(4)),
      ],
      rows: checks.map { [.text($0.divergence.label), .number($0.cosine), .number($0.normRatio)] })
  }
}

extension ConstraintTask {
  /// Compares f-DPG's estimate of the gradient in the logits with π ⊙ (f′ − E f′), where the policy is the base model.
  func gradientCheck(_ divergence: FDivergence, seed: UInt64, run: ReproductionRun) -> GradientCheck
  {
    var random = SplitMix64(text: "fdpg/gradient/\(divergence.rawValue)/\(seed)")
    let objective = FDPG(divergence)
    let policy = TabularPolicy(logits: base)
    let target = Tensor(scores(divergence, run: run))
    let sampler = OutcomeSampler(policy.probabilities)
    var estimate = NormalizerEstimate()
    var baseline = PseudoRewardBaseline()
    for count in [FDPGReproduction.gradientSampleCount, FDPGReproduction.gradientSampleCount] {
      policy.logits.setGrad(nil)
      let drawn = Tensor((0..<count).map { _ in sampler.draw(&random) })
      let picked = policy.logProbs.rows(drawn)
      let scored = target.rows(drawn)
      estimate.add(target: scored.doubles, proposal: picked.detached().doubles)
      let logZ = estimate.logNormalizer ?? 0
      loss(
        objective, policy: picked, target: scored, logNormalizer: logZ, baseline: baseline.value,
        run: run
      ).backward()
      baseline.add(
        objective.pseudoRewards(policy: picked, target: scored, logNormalizer: logZ).doubles)
    }
    let sampled = policy.logits.grad?.doubles ?? []
    let exact = exactGradient(divergence, policy.probabilities)
    let dot = zip(sampled, exact).reduce(0) { $0 + $1.0 * $1.1 }
    func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return GradientCheck(
      divergence: divergence, cosine: dot / (norm(sampled) * norm(exact)),
      normRatio: norm(sampled) / norm(exact))
  }

  /// π ⊙ (f′ − E_π f′), by enumeration.
  private func exactGradient(_ divergence: FDivergence, _ policy: [Double]) -> [Double] {
    let ratios = zip(policy, target(of: divergence)).map { log($0) - log($1) }
    let slopes = divergence.slope(Tensor(ratios)).doubles
    let mean = Simplex.mean(slopes, under: policy)
    return zip(policy, slopes).map { $0 * ($1 - mean) }
  }
}
