// SPDX-License-Identifier: Apache-2.0

/// The part that charts with two axes share: margins, grid, tick texts, axis titles.
struct ChartFrame {
  let width: Double
  let height: Double
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  let x: Ticks
  let y: Ticks
  private let xLabel: String
  private let yLabel: String

  init(
    _ size: ChartSize, xAxis: Axis, yAxis: Axis, xData: ClosedRange<Double>?,
    yData: ClosedRange<Double>?, widensX: Bool
  ) {
    width = size.width
    height = size.height
    top = 28
    bottom = height - 44
    y = Ticks(axis: yAxis, data: yData, target: size == .compact ? 4 : 6, widens: true)
    left = 12 + (y.labels.map(SVG.textWidth).max() ?? 0)
    x = Ticks(
      axis: xAxis, data: xData, target: Int((width - left) / (size == .compact ? 60 : 80)),
      widens: widensX)
    // The last tick text is centred on its mark and needs half of itself beyond the plot.
    right = width - max(10, 2 + (x.labels.last.map(SVG.textWidth) ?? 0) / 2)
    xLabel = xAxis.label
    yLabel = yAxis.label
  }

  func px(_ value: Double) -> Double { left + x.position(value) * (right - left) }

  func py(_ value: Double) -> Double { bottom - y.position(value) * (bottom - top) }

  /// Grid and words, to be drawn below the data.
  var background: [HTML] {
    var parts: [HTML] = [SVG.text(yLabel, 0, 13, style: "axis")]
    for (value, label) in zip(y.values, y.labels) {
      let place = py(value)
      parts.append(SVG.line(left, place, right, place, "grid"))
      parts.append(SVG.text(label, left - 7, place + 4, anchor: "end"))
    }
    var free = -Double.infinity
    for (value, label) in zip(x.values, x.labels) {
      let place = px(value)
      parts.append(SVG.line(place, bottom, place, bottom + 5, "rule"))
      let half = SVG.textWidth(label) / 2
      // Texts that would touch the one before stay away; their marks remain.
      guard place - half > free else { continue }
      parts.append(SVG.text(label, place, bottom + 19, anchor: "middle"))
      free = place + half + 6
    }
    parts.append(SVG.line(left, bottom, right, bottom, "rule"))
    parts.append(
      SVG.text(xLabel, (left + right) / 2, height - 5, anchor: "middle", style: "axis"))
    return parts
  }

  /// Data drawing, cut off at the plot's edges where an axis has fixed ends.
  func clipped(_ content: [HTML]) -> HTML {
    // Two pixels of room, or the lines along the edges lose half of their thickness.
    let box = [left - 2, top - 2, right - left + 4, bottom - top + 4].map(SVG.number)
    return .tag(
      "svg",
      [
        "x": box[0], "y": box[1], "width": box[2], "height": box[3],
        "viewBox": box.joined(separator: " "),
      ], content)
  }
}

/// The least range that holds all values; nil for none.
func extent(_ values: some Sequence<Double>) -> ClosedRange<Double>? {
  var range: ClosedRange<Double>?
  for value in values {
    guard let known = range else {
      range = value...value
      continue
    }
    range = min(known.lowerBound, value)...max(known.upperBound, value)
  }
  return range
}
