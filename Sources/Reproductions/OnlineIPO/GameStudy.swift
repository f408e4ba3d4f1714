// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Foundation
import Objectives
import Torch

/// Where one method ended in a preference game.
struct GameResult {
  let name: String
  /// π, `[A]`.
  let policy: [Double]
  /// What the pairs were sampled from at the end; π itself unless it is a mixture.
  let sampling: [Double]
  let exploitability: Double
  let kl: Double
  /// Exploitability on the way, by step.
  let curve: [LineChart.Point]

  /// The largest difference of a probability.
  func distance(to other: [Double]) -> Double {
    zip(policy, other).map { Swift.abs($0 - $1) }.max() ?? .nan
  }

  /// Σ |π − π′|.
  func l1(to other: [Double]) -> Double {
    zip(policy, other).reduce(0) { $0 + Swift.abs($1.0 - $1.1) }
  }
}

/// All methods on one game with one τ, by exact expected gradients.
struct GameStudy {
  let klCoefficient: Double
  /// The equilibrium, found by iterating its equation.
  let nash: [Double]
  let online: GameResult
  let mixtures: [GameResult]
  /// max |π_mix − Nash(τ/(1 − β))| for each β.
  let mixtureDistances: [Double]
  let nashMD: GameResult
  let onlineDPO: GameResult
  let others: [GameResult]

  /// Trains every method.
  init(game: PreferenceGame, klCoefficient tau: Double, run: ReproductionRun) throws {
    let trainer = GameTrainer(game: game, klCoefficient: tau, run: run)
    klCoefficient = tau
    nash = game.regularizedNash(klCoefficient: tau)
    online = trainer.train("online IPO", OnlinePairLoss(IPO(beta: tau, isLengthNormalized: false)))
    mixtures = OnlineIPOReproduction.mixtureWeights.map { trainer.trainIPOMD(mixtureWeight: $0) }
    mixtureDistances = zip(OnlineIPOReproduction.mixtureWeights, mixtures).map { beta, result in
      let target = game.regularizedNash(klCoefficient: tau / (1 - beta))
      return zip(result.sampling, target).map { Swift.abs($0 - $1) }.max() ?? .nan
    }
    nashMD = trainer.trainNashMD(mixtureWeight: OnlineIPOReproduction.mixtureWeights[0])
    onlineDPO = trainer.train("online DPO", OnlinePairLoss(DPO(beta: tau)))
    let ipo = IPO(beta: tau, isLengthNormalized: false)
    others = [
      trainer.train("online SLiC", OnlinePairLoss(RatioHinge(beta: tau))),
      trainer.train("IPO on reference pairs", OnlinePairLoss(ipo), isOffline: true),
      trainer.train("DPO on reference pairs", OnlinePairLoss(DPO(beta: tau)), isOffline: true),
      trainer.train(
        "SLiC on reference pairs", OnlinePairLoss(RatioHinge(beta: tau)), isOffline: true),
      trainer.trainRLHF(),
    ]
  }

  /// Everything that is not held to find the equilibrium.
  var rivals: [GameResult] { [onlineDPO] + others }

  /// How far Nash-MD-PG ended from IPO-MD with the same mixture.
  var nashMDDistance: Double { nashMD.distance(to: mixtures[0].policy) }

  /// One row a method.
  var table: ResultTable {
    let results = [online] + mixtures + [nashMD] + rivals
    return ResultTable(
      title: "Where each method ends, τ = \(klCoefficient)",
      columns: [
        .init("method"), .init("π(0)", format: .decimals(6)), .init("π(1)", format: .decimals(6)),
        .init("π(2)", format: .decimals(6)), .init("π(3)", format: .decimals(6)),
        .init("L1 to Nash", best: .lowest, format: .decimals(6)),
        .init("exploitable by", best: .lowest, format: .decimals(6)),
        .init("KL to reference", unit: "nats", format: .decimals(4)),
      ],
      rows: [
        [.text("Nash equilibrium")] + nash.map { .number($0) } + [.missing, .missing, .missing]
      ]
        + results.map { result in
          [.text(result.name)] + result.policy.map { .number($0) }
            + [
              .number(result.l1(to: nash)), .number(result.exploitability), .number(result.kl),
            ]
        },
      caption:
        "IPO-MD and Nash-MD-PG aim at another point than Nash(τ): it is their sampling mixture that is an equilibrium."
    )
  }

  /// Exploitability over steps.
  var chart: LineChart {
    LineChart(
      title: "Exploitability over training, τ = \(klCoefficient)", xAxis: Axis("step"),
      yAxis: Axis("exploitable by", scale: .log),
      series: [online, mixtures[0], onlineDPO, others[1], others[2]].map {
        .init(name: $0.name, points: $0.curve)
      })
  }
}
