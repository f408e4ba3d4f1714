// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation

/// Several methods with one plan, over all seeds.
struct ExplorationStudy {
  let plan: ExplorationPlan
  private let courses: [(method: ExplorationMethod, runs: [ExplorationCourse])]

  /// Runs every method on every seed; `starts` holds a world with its fitted policy for each.
  init<Policy: ArmPolicy>(
    _ methods: [ExplorationMethod], plan: ExplorationPlan,
    starts: [(seed: UInt64, world: DeceptiveBandit, policy: Policy)], run: ReproductionRun
  ) throws {
    self.plan = plan
    run.progress("selm: \(plan.name)")
    courses = try methods.map { method in
      let runs = try starts.map { start in
        try ExplorationCourse(
          method, plan: plan, from: start.policy, in: start.world, seed: start.seed, run: run)
      }
      return (method, runs)
    }
  }

  func mean(
    _ method: ExplorationMethod, _ value: (ExplorationCourse) -> Double
  ) -> Double {
    courses.first { $0.method.name == method.name }?.runs.map(value).mean ?? .nan
  }

  /// How many times as many arms SELM asked about as iterative DPO.
  var armRatio: Double {
    mean(.selm) { Double($0.distinctArms) } / mean(.iterativeDPO) { Double($0.distinctArms) }
  }

  /// How many arms fewer the flipped sign asked about than iterative DPO.
  var flippedLoss: Double {
    mean(.iterativeDPO) { Double($0.distinctArms) } - mean(.flipped) { Double($0.distinctArms) }
  }

  /// How far SELM's mean drift is below that of iterative DPO, one number a round.
  var driftGaps: [Double] {
    (0..<SELMReproduction.roundCount).map { round in
      mean(.iterativeDPO) { $0.drifts[round] } - mean(.selm) { $0.drifts[round] }
    }
  }

  /// By how much SELM's final reward is below that of iterative DPO.
  var rewardLoss: Double { mean(.iterativeDPO) { $0.reward } - mean(.selm) { $0.reward } }

  /// One row a method: means over seeds, lowest and highest.
  var table: ResultTable {
    ResultTable(
      title: "What \(plan.name) asks about (mean over seeds, lowest, highest)",
      columns: [
        .init("method"), .init("distinct arms", format: .decimals(0)),
        .init("share of all", format: .percent(1)), .init("π(best arm)"), .init("reward"),
        .init("log π(ŷ)/π_ref(ŷ)", unit: "nats", format: .decimals(2)),
      ],
      rows: courses.map { method, runs in
        let arms = runs.map { Double($0.distinctArms) }
        return [
          .text(method.name), Self.range(arms),
          .number(arms.mean / Double(SELMReproduction.promptCount * DeceptiveBandit.armCount)),
          .number(runs.map(\.bestArm).mean), Self.range(runs.map(\.reward)),
          .number(runs.map(\.drifts.mean).mean),
        ]
      })
  }

  private static func range(_ values: [Double]) -> ResultTable.Cell {
    .estimate(values.mean, lower: values.min() ?? .nan, upper: values.max() ?? .nan)
  }

  /// Drift after each round, means over seeds.
  var chart: LineChart {
    LineChart(
      title: "What happens to the reference's own responses", subtitle: plan.name,
      xAxis: Axis("round"), yAxis: Axis("log π(ŷ) − log π_ref(ŷ)", unit: "nats"),
      series: ExplorationMethod.compared.map { method in
        .init(
          name: method.name,
          points: (0..<SELMReproduction.roundCount).map { round in
            .init(Double(round + 1), mean(method) { $0.drifts[round] })
          })
      })
  }

  /// The four claims of the paper's idea, with margins fixed beforehand.
  var claims: [Claim] {
    let gap = driftGaps.min() ?? .nan
    return [
      Claim(
        "\(plan.name): SELM with α = 0.1 asks about at least 1.2 times as many arms as iterative DPO",
        held: armRatio >= 1.2, evidence: "\(armRatio.short) times"),
      Claim(
        "\(plan.name): after every round log π(ŷ) − log π_ref(ŷ) is lower than without the term",
        held: gap > 0, evidence: "by at least \(gap.short) nats"),
      Claim(
        "\(plan.name): the reward after round 6 is not lower by more than 0.03",
        held: rewardLoss <= 0.03,
        evidence: "higher by \((-rewardLoss).short)"),
      Claim(
        "\(plan.name): with the sign flipped fewer arms are asked about than without the term",
        held: flippedLoss > 0, evidence: "fewer by \(flippedLoss.short)"),
    ]
  }
}
