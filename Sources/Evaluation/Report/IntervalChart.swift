// SPDX-License-Identifier: Apache-2.0

/// Estimates with their intervals, one below the other: who is separable from whom.
public struct IntervalChart: Sendable, Equatable, Chart {
  /// One estimate.
  public struct Row: Sendable, Equatable {
    /// Written at the left.
    public var name: String
    /// The estimate, in data units.
    public var value: Double
    /// Lower end of its interval.
    public var lower: Double
    /// Upper end of its interval.
    public var upper: Double

    /// Creates a row from plain numbers.
    public init(_ name: String, value: Double, lower: Double, upper: Double) {
      self.name = name
      self.value = value
      self.lower = lower
      self.upper = upper
    }

    /// Creates a row from an estimate; without an interval both ends are the value.
    public init(_ name: String, _ estimate: Estimate) {
      self.init(
        name, value: estimate.value, lower: estimate.interval?.lower ?? estimate.value,
        upper: estimate.interval?.upper ?? estimate.value)
    }
  }

  /// What the chart shows.
  public var title: String
  /// A second, quieter line of title; nil for none.
  public var subtitle: String?
  /// Horizontal axis.
  public var axis: Axis
  /// Estimates from top to bottom.
  public var rows: [Row]
  /// A value to compare with, such as 0.5 for win rates; nil for none.
  public var reference: Double?
  /// True where the chart takes the whole width of a wide page.
  public var isWide: Bool
  /// Small print under the chart; nil for none.
  public var caption: String?

  /// Creates a chart.
  public init(
    title: String, subtitle: String? = nil, axis: Axis, rows: [Row], reference: Double? = nil,
    isWide: Bool = false, caption: String? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.axis = axis
    self.rows = rows
    self.reference = reference
    self.isWide = isWide
    self.caption = caption
  }

  var legend: [Legend] { [] }

  var omittedCount: Int { rows.count { !isShown($0) } }

  var summary: String {
    let words = rows.filter(isShown).map {
      "\($0.name) \(NumberText.short($0.value)), interval \(NumberText.short($0.lower)) "
        + "to \(NumberText.short($0.upper))"
    }
    return "Estimates of \(axis.label). " + words.joined(separator: "; ") + "."
  }

  private func isShown(_ row: Row) -> Bool {
    axis.accepts(row.value) && axis.accepts(row.lower) && axis.accepts(row.upper)
  }

  func height(_ size: ChartSize) -> Double {
    Double(rows.count) * rowHeight + 58
  }

  private var rowHeight: Double { 26 }

  func drawing(_ size: ChartSize) -> [HTML] {
    let shown = rows.filter(isShown)
    let data = shown.flatMap { [$0.value, $0.lower, $0.upper] } + [reference].compactMap { $0 }
    let longest = rows.map { SVG.textWidth($0.name) }.max() ?? 0
    let left = 14 + min(longest, size.width * 0.4)
    let ticks = Ticks(
      axis: axis, data: extent(data.filter(axis.accepts)),
      target: Int((size.width - left) / 70), widens: true)
    let right = size.width - max(10, 2 + (ticks.labels.last.map(SVG.textWidth) ?? 0) / 2)
    let top = 6.0
    let bottom = top + Double(rows.count) * rowHeight
    func place(_ value: Double) -> Double {
      left + min(1, max(0, ticks.position(value))) * (right - left)
    }

    var parts: [HTML] = []
    for (value, label) in zip(ticks.values, ticks.labels) {
      parts.append(SVG.line(place(value), top, place(value), bottom, "grid"))
      parts.append(SVG.text(label, place(value), bottom + 17, anchor: "middle"))
    }
    parts.append(SVG.line(left, bottom, right, bottom, "rule"))
    if let reference, axis.accepts(reference) {
      parts.append(SVG.line(place(reference), top, place(reference), bottom, "level"))
    }
    for (index, row) in rows.enumerated() {
      let y = top + (Double(index) + 0.5) * rowHeight
      parts.append(
        SVG.text(shorten(row.name, to: left - 14), left - 9, y + 4, anchor: "end", style: "label"))
      guard isShown(row) else { continue }
      parts.append(SVG.line(place(row.lower), y, place(row.upper), y, "whisker c0"))
      let tip =
        "\(row.name): \(NumberText.short(row.value)) "
        + "[\(NumberText.short(row.lower)), \(NumberText.short(row.upper))]"
      parts.append(SVG.marker(0, place(row.value), y, tip: tip))
    }
    parts.append(
      SVG.text(
        axis.label, (left + right) / 2, height(size) - 6, anchor: "middle", style: "axis"))
    return parts
  }

  private func shorten(_ name: String, to width: Double) -> String {
    guard SVG.textWidth(name) > width + 1 else { return name }
    var kept = name
    while !kept.isEmpty, SVG.textWidth(kept + "…") > width { kept.removeLast() }
    return kept + "…"
  }
}
