// SPDX-License-Identifier: Apache-2.0
import Evaluation

extension DistillationStudy {
  private static let alignDistil = Distillation(.alignDistil).name

  private func runs(_ name: String) -> [ClassReading] { readings[name] ?? [] }

  /// One row a method.
  var table: ResultTable {
    ResultTable(
      title: "After training (mean over seeds, lowest, highest)",
      columns: [
        .init("method"), .init("reward"), .init("KL to SFT", unit: "nats"),
        .init("length", format: .decimals(2)),
      ],
      rows: names.map { name in
        [
          .text(name), runs(name).rewardCell, .number(runs(name).meanKL),
          .number(runs(name).meanLength),
        ]
      })
  }

  /// Rewards on the way, means over seeds.
  private func course(_ name: String) -> [Double] {
    let all = courses[name] ?? []
    let count = all.map(\.count).min() ?? 0
    return (0..<count).map { index in all.map { $0[index].reward }.mean }
  }

  /// The methods that are read on the way.
  static let shown =
    ["DPO", alignDistil] + [.offPolicy, .plain, .theorem].map { Distillation($0).name }

  /// Rewards while training.
  var courseTable: ResultTable {
    let steps = [10, 20, 30, 50, 70, 100, 150]
    return ResultTable(
      title: "Reward on the way (mean over seeds)",
      columns: [.init("method")] + steps.map { .init("step \($0)") },
      rows: Self.shown.map { name in
        let course = course(name)
        return [.text(name)]
          + steps.map { step in
            let index = step / AlignDistilReproduction.watchEvery - 1
            return course.indices.contains(index) ? .number(course[index]) : .missing
          }
      })
  }

  /// Rewards while training.
  var chart: LineChart {
    LineChart(
      title: "Reward while training", subtitle: "means over seeds", xAxis: Axis("step"),
      yAxis: Axis("mean reward"),
      series: Self.shown.map { name in
        .init(
          name: name,
          points: course(name).enumerated().map {
            .init(Double(($0.offset + 1) * AlignDistilReproduction.watchEvery), $0.element)
          })
      }, levels: [.init("SFT", at: runs("SFT").meanReward)])
  }

  /// What must hold.
  var claims: [Claim] {
    let student = runs(Self.alignDistil)
    let dpo = runs("DPO")
    let gain = student.meanReward - dpo.meanReward
    let ratio = student.meanKL / dpo.meanKL
    let gap = theoremGaps.max() ?? .nan
    let swapped = runs(Distillation(.swapped).name).meanReward
    let start = runs("SFT").meanReward
    return [
      Claim(
        "AlignDistil earns at least \(AlignDistilReproduction.leastGain) more than DPO, at most three times as far from SFT",
        held: gain >= AlignDistilReproduction.leastGain
          && ratio <= AlignDistilReproduction.mostDistance,
        evidence: "gain \(gain.short), \(ratio.short) times as far"),
      risingClaim,
      Claim(
        "with the reference as contrast and a constant weight it is theorem 1: after 100 steps every probability agrees within \(AlignDistilReproduction.theoremTolerance)",
        held: gap <= AlignDistilReproduction.theoremTolerance,
        evidence: "furthest \(gap.short)"),
      Claim(
        "with the teachers swapped the policy ends below SFT", held: swapped < start,
        evidence: "\(swapped.short) against \(start.short)"),
      efficiencyClaim,
    ]
  }

  private var risingClaim: Claim {
    let falls = rewardCourses.map { course in
      zip(course, course.dropFirst()).count { $0.1 <= $0.0 }
    }
    let ends = rewardCourses.map { "\(($0.first ?? .nan).short) to \(($0.last ?? .nan).short)" }
    return Claim(
      "the policy's expected contrastive reward rises with each of the first 50 steps, on every seed",
      held: falls.allSatisfy { $0 == 0 },
      evidence: "\(falls.reduce(0, +)) steps without a rise; " + ends.joined(separator: ", "))
  }

  private var efficiencyClaim: Claim {
    let wanted = runs("DPO").meanReward
    let reached = course(Self.alignDistil).firstIndex { $0 >= wanted }
      .map { ($0 + 1) * AlignDistilReproduction.watchEvery }
    let most = AlignDistilReproduction.preferenceStepCount / 2
    return Claim(
      "it reaches DPO's final reward in at most half of DPO's steps",
      held: reached.map { $0 <= most } ?? false,
      evidence: reached.map {
        "\($0) of \(AlignDistilReproduction.preferenceStepCount) steps"
      } ?? "not within \(AlignDistilReproduction.stepCount) steps")
  }
}
