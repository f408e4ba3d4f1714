// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Several quantities over a common axis: learning curves, over-optimisation curves.
public struct LineChart: Sendable, Equatable, Chart {
  /// A place on the chart, in data units.
  public struct Point: Sendable, Equatable {
    /// Along the horizontal axis.
    public var x: Double
    /// Along the vertical axis; a value that is not finite breaks the line.
    public var y: Double

    /// Creates a point.
    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// The spread around a line at one place.
  public struct Band: Sendable, Equatable {
    /// Along the horizontal axis.
    public var x: Double
    /// Lower edge.
    public var lower: Double
    /// Upper edge.
    public var upper: Double

    /// Creates one place of a band.
    public init(_ x: Double, lower: Double, upper: Double) {
      self.x = x
      self.lower = lower
      self.upper = upper
    }
  }

  /// One line.
  public struct Series: Sendable, Equatable {
    /// Shown in the legend.
    public var name: String
    /// The line; drawn in order of `x`.
    public var points: [Point]
    /// A shaded band, such as an interval or the range over seeds; empty for none.
    public var band: [Band]

    /// Creates a line.
    public init(name: String, points: [Point], band: [Band] = []) {
      self.name = name
      self.points = points.sorted { $0.x < $1.x }
      self.band = band.sorted { $0.x < $1.x }
    }

    /// Creates a line with the positions 0, 1, 2, … as `x`.
    public init(name: String, values: [Double]) {
      self.init(
        name: name, points: values.enumerated().map { Point(Double($0.offset), $0.element) })
    }
  }

  /// A level to compare with, drawn across the chart.
  public struct Level: Sendable, Equatable {
    /// Shown at the right end.
    public var name: String
    /// Height, in data units.
    public var value: Double

    /// Creates a level.
    public init(_ name: String, at value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// What the chart shows.
  public var title: String
  /// A second, quieter line of title; nil for none.
  public var subtitle: String?
  /// Horizontal axis.
  public var xAxis: Axis
  /// Vertical axis.
  public var yAxis: Axis
  /// The lines; their colours follow their order and repeat after eight.
  public var series: [Series]
  /// Weight of the past in an exponential mean drawn over the faint raw line, in [0, 1); nil or 0
  /// draws the raw line alone. The mean is debiased, so that it starts at the first value.
  public var smoothing: Double?
  /// Levels to compare with.
  public var levels: [Level]
  /// True where the chart takes the whole width of a wide page.
  public var isWide: Bool
  /// Small print under the chart; nil for none.
  public var caption: String?

  /// Creates a chart.
  public init(
    title: String, subtitle: String? = nil, xAxis: Axis, yAxis: Axis, series: [Series],
    smoothing: Double? = nil, levels: [Level] = [], isWide: Bool = false, caption: String? = nil
  ) {
    precondition(
      smoothing.map { $0 >= 0 && $0 < 1 } ?? true,
      "LineChart: smoothing \(smoothing ?? 0); use a weight in [0, 1)")
    self.title = title
    self.subtitle = subtitle
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
    self.smoothing = smoothing == 0 ? nil : smoothing
    self.levels = levels
    self.isWide = isWide
    self.caption = caption
  }

  var legend: [Legend] {
    series.enumerated().map { index, line in
      Legend(
        name: line.name,
        sample: .tag(
          "path",
          [
            "class": "line \(SVG.color(index))", "d": "M0,6h26",
            "stroke-dasharray": dashes(index),
          ]))
    }
  }

  var summary: String {
    let lines = series.map { line -> String in
      let shown = line.points.filter(isShown)
      guard let first = shown.first, let last = shown.last else { return "\(line.name): no values" }
      return "\(line.name): \(shown.count) points, from \(NumberText.short(first.y)) "
        + "to \(NumberText.short(last.y))"
    }
    return "Lines of \(yAxis.label) over \(xAxis.label). " + lines.joined(separator: "; ") + "."
  }

  var omittedCount: Int {
    series.reduce(0) { sum, line in sum + line.points.count { !isShown($0) } }
  }

  private func isShown(_ point: Point) -> Bool {
    xAxis.accepts(point.x) && yAxis.accepts(point.y)
  }

  func drawing(_ size: ChartSize) -> [HTML] {
    let shown = series.flatMap { $0.points.filter(isShown) }
    let bands = series.flatMap(\.band).filter {
      xAxis.accepts($0.x) && yAxis.accepts($0.lower) && yAxis.accepts($0.upper)
    }
    let heights =
      shown.map(\.y) + bands.flatMap { [$0.lower, $0.upper] }
      + levels.map(\.value).filter(yAxis.accepts)
    let frame = ChartFrame(
      size, xAxis: xAxis, yAxis: yAxis, xData: extent(shown.map(\.x) + bands.map(\.x)),
      yData: extent(heights), widensX: false)
    var content: [HTML] = []
    for (index, line) in series.enumerated() {
      content += bandPath(line.band, index, frame)
    }
    if smoothing != nil {
      for (index, line) in series.enumerated() {
        content.append(path(line.points, "line raw \(SVG.color(index))", "none", frame))
      }
    }
    for (index, line) in series.enumerated() {
      let points = smoothing.map { Self.smooth(line.points, $0) } ?? line.points
      content.append(path(points, "line \(SVG.color(index))", dashes(index), frame))
    }
    return frame.background + [frame.clipped(content)] + levelLines(frame)
  }

  /// Dashes over a raw line are noise; smoothed lines stay solid.
  private func dashes(_ index: Int) -> String {
    smoothing == nil ? SVG.dashes(index) : "none"
  }

  private func levelLines(_ frame: ChartFrame) -> [HTML] {
    levels.filter { yAxis.accepts($0.value) && (0...1).contains(frame.y.position($0.value)) }
      .flatMap { level in
        let place = frame.py(level.value)
        return [
          SVG.line(frame.left, place, frame.right, place, "level"),
          SVG.text(level.name, frame.right - 2, place - 5, anchor: "end", style: "label"),
        ]
      }
  }

  private func bandPath(_ band: [Band], _ index: Int, _ frame: ChartFrame) -> [HTML] {
    let places = band.filter {
      xAxis.accepts($0.x) && yAxis.accepts($0.lower) && yAxis.accepts($0.upper)
    }
    guard places.count > 1 else { return [] }
    let upper = places.map { (x: frame.px($0.x), y: frame.py($0.upper)) }
    let lower = places.reversed().map { (x: frame.px($0.x), y: frame.py($0.lower)) }
    return [
      .tag("path", ["class": "band \(SVG.color(index))", "d": SVG.path(upper + lower) + "Z"])
    ]
  }

  /// A line with gaps where points have no place; lone points become dots.
  private func path(
    _ points: [Point], _ style: String, _ dashes: String, _ frame: ChartFrame
  ) -> HTML {
    var outline = ""
    for run in points.split(whereSeparator: { !isShown($0) }) {
      let thinned = Self.thin(run.map { (x: frame.px($0.x), y: frame.py($0.y)) })
      // A path of one point draws nothing; a zero-length line with round caps draws a dot.
      outline += SVG.path(thinned.count == 1 ? [thinned[0], thinned[0]] : thinned)
    }
    return .tag("path", ["class": style, "d": outline, "stroke-dasharray": dashes])
  }

  /// At most two points a pixel: the least and the greatest of each column, in their order.
  static func thin(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > 800 else { return points }
    var kept: [(x: Double, y: Double)] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var end = start
      var low = start
      var high = start
      while end < points.count, points[end].x.rounded(.down) == column {
        if points[end].y < points[low].y { low = end }
        if points[end].y > points[high].y { high = end }
        end += 1
      }
      kept.append(points[min(low, high)])
      if low != high { kept.append(points[max(low, high)]) }
      start = end
    }
    return kept
  }

  /// The debiased exponential mean; values that are not finite pass through as gaps.
  static func smooth(_ points: [Point], _ weight: Double) -> [Point] {
    var mean = 0.0
    var mass = 0.0
    return points.map { point in
      guard point.y.isFinite else { return point }
      mean = weight * mean + (1 - weight) * point.y
      mass = weight * mass + (1 - weight)
      return Point(point.x, mean / mass)
    }
  }
}
