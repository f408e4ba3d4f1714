// SPDX-License-Identifier: Apache-2.0

import Feedback

/// One line of `metrics.jsonl`: the numbers logged at a step, in their order.
struct MetricsRow {
  /// The optimizer step, 0 before the first.
  var step: Int
  /// Passes over the data so far; nil where a method has none.
  var epoch: Double?
  /// Names as they stand in the file.
  var metrics: [(name: String, value: Double)]

  /// Names the line that ends a run; it is in every such line and in no other.
  static let runtimeName = "train_runtime"

  /// Whether this line ends a run.
  var isSummary: Bool { metrics.contains { $0.name == Self.runtimeName } }

  /// All numbers in order, `step` and `epoch` first.
  var columns: [(name: String, value: Double)] {
    let epochColumn = epoch.map { [(name: "epoch", value: $0)] } ?? []
    return [(name: "step", value: Double(step))] + epochColumn + metrics
  }

  /// All numbers by name: an entry of `log_history`.
  var entry: [String: Double] {
    Dictionary(columns.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// The line, without its end.
  var line: String {
    JSONValue.object(JSONObject(columns.map { ($0.name, NumberText.json($0.value)) })).serialized()
  }

  init(step: Int, epoch: Double?, metrics: [(name: String, value: Double)]) {
    self.step = step
    self.epoch = epoch
    self.metrics = metrics
  }

  /// Reads a line; nil if it holds no `step`, or something that is no number.
  init?(_ members: JSONObject) {
    guard let step = members["step"]?.integer else { return nil }
    var metrics: [(name: String, value: Double)] = []
    for (name, value) in members where name != "step" && name != "epoch" {
      guard let number = NumberText.number(value) else { return nil }
      metrics.append((name, number))
    }
    self.init(step: step, epoch: members["epoch"].flatMap(NumberText.number), metrics: metrics)
  }
}
