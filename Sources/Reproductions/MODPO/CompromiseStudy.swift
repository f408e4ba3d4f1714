// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Foundation

/// Where one method ended for one weight.
struct Compromise {
  let name: String
  /// E r₁ and E r₂.
  let rewards: [Double]
  /// wᵀr − β KL.
  let objective: Double
  let kl: Double
  /// The largest difference of a probability from the closed form.
  let distance: Double
}

/// MODPO and its baselines for one weight.
struct CompromiseStudy {
  let weight: Double
  let best: Compromise
  let exactMargins: Compromise
  let learntMargins: Compromise
  let weightedLosses: Compromise
  let others: [Compromise]

  init(weight: Double, trainer: CompromiseTrainer) {
    let bandit = trainer.bandit
    let weights = [weight, 1 - weight]
    let optimum = bandit.optimum(weights: weights, beta: MODPOReproduction.beta)
    func place(_ name: String, _ policy: [Double]) -> Compromise {
      Compromise(
        name: name, rewards: bandit.expectedRewards(policy),
        objective: bandit.objective(policy, weights: weights, beta: MODPOReproduction.beta),
        kl: Simplex.klDivergence(policy, bandit.reference),
        distance: zip(policy, optimum).map { Swift.abs($0 - $1) }.max() ?? .nan)
    }
    let singles = [trainer.dpo(objective: 0), trainer.dpo(objective: 1)]
    // A DPO model is a reward model: R = β log π/π_ref.
    let implicit = zip(singles[1], bandit.reference).map { MODPOReproduction.beta * log($0 / $1) }
    let soup = Simplex.softmax(
      zip(singles[0], singles[1]).map { weight * log($0) + (1 - weight) * log($1) })
    let drawn = Bandit.bestOf(
      MODPOReproduction.bestOf, from: bandit.reference, by: bandit.reward(weights: weights))
    self.weight = weight
    best = place("closed form", optimum)
    exactMargins = place(
      "MODPO, exact margins", trainer.modpo(weight: weight, margins: bandit.rewards[1]))
    learntMargins = place(
      "MODPO, margins of a DPO model", trainer.modpo(weight: weight, margins: implicit))
    weightedLosses = place("weighted DPO losses", trainer.weightedLosses(weight: weight))
    others = [
      place("RL on the summed reward", trainer.reinforcement(weight: weight)),
      place("soup of two DPO models", soup), place("best of 4 by the summed reward", drawn),
      place("DPO on objective 1", singles[0]), place("DPO on objective 2", singles[1]),
    ]
  }

  /// One row a method.
  var table: ResultTable {
    ResultTable(
      title: "Weight \(weight) on the first objective",
      columns: [
        .init("method"), .init("E r₁", format: .decimals(6)), .init("E r₂", format: .decimals(6)),
        .init("wᵀr − β KL", best: .highest, format: .decimals(6)),
        .init("KL", unit: "nats", format: .decimals(4)),
        .init("furthest from closed form", best: .none, format: .significant(3)),
      ],
      rows: ([best, exactMargins, learntMargins, weightedLosses] + others).map {
        [
          .text($0.name), .number($0.rewards[0]), .number($0.rewards[1]), .number($0.objective),
          .number($0.kl), .number($0.distance),
        ]
      },
      caption:
        "In a table the soup's logits are those of the closed form; models with shared weights have no such luck."
    )
  }

  /// The two rewards of each method over the weights.
  static func chart(_ studies: [CompromiseStudy]) -> ScatterChart {
    func series(_ pick: (CompromiseStudy) -> Compromise) -> ScatterChart.Series {
      let found = studies.map(pick)
      return .init(
        name: found.first?.name ?? "", points: found.map { .init($0.rewards[0], $0.rewards[1]) },
        isConnected: true)
    }
    return ScatterChart(
      title: "Two rewards over three weights", xAxis: Axis("E r₁"), yAxis: Axis("E r₂"),
      series: [
        series(\.best), series(\.exactMargins), series(\.weightedLosses), series { $0.others[2] },
      ])
  }
}
