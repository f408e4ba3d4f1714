// SPDX-License-Identifier: Apache-2.0

public import Feedback

extension EvaluationTable {
  /// The table for a terminal, Markdown or a report; columns nobody has data for are left out.
  ///
  /// - Parameter title: set above it.
  /// - Returns: one row a model; scores, win rate and KL with their intervals. A best is marked only in
  ///   columns that show intervals.
  public func resultTable(title: String) -> ResultTable {
    let rows = rows
    let present = Set(rows.flatMap { $0.metrics.map(\.name) })
    let columns = columns.filter { present.contains($0.metric) }
    return ResultTable(
      title: title,
      columns: [ResultTable.Column("model")] + columns.map(\.column),
      rows: rows.map { model, metrics in
        let values = Dictionary(metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return [.text(model)]
          + columns.map { metric, _, showsInterval in
            guard let value = values[metric] else { return .missing }
            return showsInterval ? .estimate(value) : .number(value.value)
          }
      },
      caption: caption(rows.first?.metrics.first?.value.count))
  }

  /// The table in GitHub's Markdown.
  public func markdown(title: String) -> String {
    let table = resultTable(title: title)
    return "**\(title)**\n\n\(table.textTable.markdown())"
      + (table.caption.map { "\n\n\($0)" } ?? "")
  }

  /// Every figure: `baseline`, `win_by`, `bootstrap_draws`, `seed`, and `models`, a list of objects
  /// with `model` and `metrics`; a metric has `value`, `count` and, where it has an interval,
  /// `lower`, `upper` and `interval`, its method.
  public func json() -> JSONObject {
    [
      "baseline": .string(baseline), "win_by": .string(winBy),
      "bootstrap_draws": .integer(bootstrap.draws), "seed": Self.number(bootstrap.seed),
      "models": .array(
        rows.map { model, metrics in
          let figures = metrics.map { ($0.name, JSONValue.object($0.value.json)) }
          return .object(["model": .string(model), "metrics": .object(JSONObject(figures))])
        }),
    ]
  }

  private static func number(_ value: UInt64) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .bigInteger("\(value)")
  }

  private typealias TableColumn = (
    metric: String, column: ResultTable.Column, showsInterval: Bool
  )

  private var columns: [TableColumn] {
    scoreNames.map { ($0, ResultTable.Column($0, best: .highest), true) } + [
      (
        "win_rate",
        ResultTable.Column("win rate v \(baseline)", best: .highest, format: .percent(1)), true
      ),
      ("kl", ResultTable.Column("KL", unit: "nats", format: .decimals(2)), true),
      ("rouge1", ResultTable.Column("ROUGE-1"), false),
      ("rouge2", ResultTable.Column("ROUGE-2"), false),
      ("rougeL", ResultTable.Column("ROUGE-L"), false),
      ("length_tokens", ResultTable.Column("length", unit: "tokens", format: .decimals(1)), false),
      ("ended", ResultTable.Column("ended", format: .percent(0)), false),
      ("distinct2", ResultTable.Column("distinct-2"), false),
    ]
  }

  private func caption(_ count: Int?) -> String? {
    count.map { count in
      "\(count) prompts; 95 % intervals by bootstrap over prompts (\(bootstrap.draws) draws); "
        + "* best, ~ not separable from it."
    }
  }
}

extension Estimate {
  /// `value`, `count` and, where there is an interval, its bounds and method.
  package var json: JSONObject {
    var object: JSONObject = ["value": JSONValue(finite: value), "count": .integer(count)]
    if let interval {
      object["lower"] = JSONValue(finite: interval.lower)
      object["upper"] = JSONValue(finite: interval.upper)
      object["interval"] = .string(interval.method)
    }
    return object
  }
}

extension JSONValue {
  /// A number, or null for what JSON cannot write.
  package init(finite value: Double) {
    self = value.isFinite ? .number(value) : .null
  }
}
