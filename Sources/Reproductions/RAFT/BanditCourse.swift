// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Training

/// The policies of one RAFT run, the beginning first.
struct BanditCourse {
  /// π₀, π₁, …, `[T + 1][A]`.
  let policies: [[Double]]
  let stages: [RAFTStage]

  /// E r of each policy.
  var rewards: [Double] { policies.map { Bandit.ladder.expectedRewards($0)[0] } }

  /// KL of the last policy from the first, in nats.
  var finalKL: Double {
    Simplex.klDivergence(policies[policies.count - 1], Bandit.ladder.reference)
  }

  /// The largest difference of a probability from exact best-of-K of best-of-K …, after each stage.
  func distances(sampleCount: Int) -> [Double] {
    var exact = policies[0]
    return policies.dropFirst().map { found in
      exact = Bandit.bestOf(sampleCount, from: exact, by: Bandit.ladder.rewards[0])
      return zip(found, exact).map { Swift.abs($0 - $1) }.max() ?? .nan
    }
  }

  /// Mean reward after each stage, means over seeds.
  static func table(_ methods: [(BanditMethod, [BanditCourse])]) -> ResultTable {
    let stageCount = RAFTReproduction.stageCount
    var exact = Bandit.ladder.reference
    var best: [ResultTable.Cell] = [.text("exact best of 4, repeated")]
    for stage in 0...stageCount {
      if stage > 0 { exact = Bandit.bestOf(4, from: exact, by: Bandit.ladder.rewards[0]) }
      best.append(.number(Bandit.ladder.expectedRewards(exact)[0]))
    }
    best.append(.number(Simplex.klDivergence(exact, Bandit.ladder.reference)))
    return ResultTable(
      title: "Mean reward after each stage (means over seeds)",
      columns: [.init("method")]
        + (0...stageCount).map { .init("stage \($0)", format: .decimals(4)) }
        + [.init("KL at the end", unit: "nats", format: .decimals(4))],
      rows: [best]
        + methods.map { method, courses in
          [.text(method.name)]
            + (0...stageCount).map { stage in .number(courses.map { $0.rewards[stage] }.mean) }
            + [.number(courses.map(\.finalKL).mean)]
        })
  }

  /// Mean reward over stages, first seed.
  static func chart(_ methods: [(BanditMethod, [BanditCourse])]) -> LineChart {
    LineChart(
      title: "Reward over stages", subtitle: "first seed", xAxis: Axis("stage"),
      yAxis: Axis("mean reward"),
      series: methods.compactMap { method, courses in
        courses.first.map { .init(name: method.name, values: $0.rewards) }
      })
  }
}
