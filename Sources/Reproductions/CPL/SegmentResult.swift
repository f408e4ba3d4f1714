// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation

/// What a policy is worth in the grid.
struct SegmentResult {
  /// Mean discounted return from all cells but the goal, exact.
  let expectedReturn: Double
  /// Mean KL(π*‖π) over those cells.
  let kl: Double

  init(task: SegmentTask, policy: [[Double]]) {
    expectedReturn = task.grid.expectedReturn(of: policy)
    kl = task.kl(to: policy)
  }

  private static func ordered(
    _ results: [SegmentMethod: [SegmentResult]]
  ) -> [(method: SegmentMethod, runs: [SegmentResult])] {
    let methods =
      SegmentMethod.all(pairCount: CPLReproduction.pairCount)
      + SegmentMethod.all(pairCount: CPLReproduction.largePairCount)
    return methods.compactMap { method in results[method].map { (method, $0) } }
  }

  /// One row a method, with the range over seeds.
  static func table(
    _ results: [SegmentMethod: [SegmentResult]], task: SegmentTask
  ) -> ResultTable {
    let known: [(String, [[Double]])] = [
      ("optimal policy", task.optimum.policy), ("the walker of the data", task.behaviour),
    ]
    return ResultTable(
      title: "Return and distance from the optimal policy (mean over seeds, lowest, highest)",
      columns: [
        .init("method"), .init("pairs"), .init("return"), .init("KL(π*‖π)", unit: "nats"),
      ],
      rows: known.map { name, policy in
        let result = SegmentResult(task: task, policy: policy)
        return [.text(name), .missing, .number(result.expectedReturn), .number(result.kl)]
      }
        + ordered(results).map { method, runs in
          [
            .text(method.name), .count(method.pairCount), range(runs.map(\.expectedReturn)),
            range(runs.map(\.kl)),
          ]
        })
  }

  private static func range(_ values: [Double]) -> ResultTable.Cell {
    .estimate(values.mean, lower: values.min() ?? .nan, upper: values.max() ?? .nan)
  }

  /// Return against distance.
  static func chart(
    _ results: [SegmentMethod: [SegmentResult]], task: SegmentTask
  ) -> ScatterChart {
    ScatterChart(
      title: "Return against distance from the optimal policy",
      xAxis: Axis("KL(π*‖π)", unit: "nats"), yAxis: Axis("mean discounted return"),
      series: ordered(results).filter { $0.method.pairCount == CPLReproduction.pairCount }
        .prefix(8).map { method, runs in
          .init(name: method.name, points: runs.map { .init($0.kl, $0.expectedReturn) })
        })
  }
}
