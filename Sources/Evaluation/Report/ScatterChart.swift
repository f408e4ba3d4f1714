// SPDX-License-Identifier: Apache-2.0

/// Points in the plane with names: reward against KL, length against score.
public struct ScatterChart: Sendable, Equatable, Chart {
  /// A marked place.
  public struct Point: Sendable, Equatable {
    /// Along the horizontal axis.
    public var x: Double
    /// Along the vertical axis.
    public var y: Double
    /// Written beside the point where there is room, and shown on pointing; nil for none.
    public var label: String?

    /// Creates a point.
    public init(_ x: Double, _ y: Double, label: String? = nil) {
      self.x = x
      self.y = y
      self.label = label
    }
  }

  /// Points of one kind.
  public struct Series: Sendable, Equatable {
    /// Shown in the legend.
    public var name: String
    /// The points, in any order.
    public var points: [Point]
    /// True where a thin line joins them in the order given, as along a training run.
    public var isConnected: Bool

    /// Creates a series.
    public init(name: String, points: [Point], isConnected: Bool = false) {
      self.name = name
      self.points = points
      self.isConnected = isConnected
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
  /// The points; colours and shapes follow the order of series.
  public var series: [Series]
  /// True where the chart takes the whole width of a wide page.
  public var isWide: Bool
  /// Small print under the chart; nil for none.
  public var caption: String?

  /// Creates a chart.
  public init(
    title: String, subtitle: String? = nil, xAxis: Axis, yAxis: Axis, series: [Series],
    isWide: Bool = false, caption: String? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
    self.isWide = isWide
    self.caption = caption
  }

  var legend: [Legend] {
    series.enumerated().map { Legend(name: $1.name, sample: SVG.marker($0, 13, 6)) }
  }

  var summary: String {
    let named = series.map { group -> String in
      let points = group.points.filter(isShown).prefix(12).map { point in
        (point.label.map { "\($0) " } ?? "")
          + "(\(NumberText.short(point.x)), \(NumberText.short(point.y)))"
      }
      return "\(group.name): " + points.joined(separator: ", ")
        + (group.points.count > 12 ? " and \(group.points.count - 12) more" : "")
    }
    return "\(yAxis.label) against \(xAxis.label). " + named.joined(separator: "; ") + "."
  }

  var omittedCount: Int {
    series.reduce(0) { sum, group in sum + group.points.count { !isShown($0) } }
  }

  private func isShown(_ point: Point) -> Bool {
    xAxis.accepts(point.x) && yAxis.accepts(point.y)
  }

  func drawing(_ size: ChartSize) -> [HTML] {
    let shown = series.map { $0.points.filter(isShown) }
    let frame = ChartFrame(
      size, xAxis: xAxis, yAxis: yAxis, xData: extent(shown.joined().map(\.x)),
      yData: extent(shown.joined().map(\.y)), widensX: true)
    var lines: [HTML] = []
    var markers: [HTML] = []
    var labels = LabelPlacer(frame)
    for points in shown {
      for point in points { labels.reserve(frame.px(point.x), frame.py(point.y)) }
    }
    for (index, points) in shown.enumerated() {
      let places = points.map { (x: frame.px($0.x), y: frame.py($0.y)) }
      if series[index].isConnected, places.count > 1 {
        lines.append(
          .tag("path", ["class": "line thin \(SVG.color(index))", "d": SVG.path(places)]))
      }
      for (point, place) in zip(points, places) {
        let tip =
          (point.label.map { "\($0): " } ?? "")
          + "\(NumberText.short(point.x)), \(NumberText.short(point.y))"
        markers.append(SVG.marker(index, place.x, place.y, tip: tip))
        if let label = point.label { labels.place(label, place.x, place.y) }
      }
    }
    return frame.background + [frame.clipped(lines)] + markers + labels.drawn
  }
}

/// Puts labels beside points where they cover neither points nor each other.
private struct LabelPlacer {
  private struct Box {
    var left, top, right, bottom: Double

    func meets(_ other: Box) -> Bool {
      left < other.right && other.left < right && top < other.bottom && other.top < bottom
    }
  }

  private let bounds: Box
  private var taken: [Box] = []
  private(set) var drawn: [HTML] = []

  init(_ frame: ChartFrame) {
    bounds = Box(left: frame.left, top: 16, right: frame.width, bottom: frame.bottom)
  }

  mutating func reserve(_ x: Double, _ y: Double) {
    taken.append(Box(left: x - 5, top: y - 5, right: x + 5, bottom: y + 5))
  }

  /// Tries right, left, above and below; a label without room is left to pointing.
  mutating func place(_ text: String, _ x: Double, _ y: Double) {
    let width = SVG.textWidth(text)
    let candidates: [(String, Double, Double, Double)] = [
      ("start", x + 9, y + 4, x + 9), ("end", x - 9, y + 4, x - 9 - width),
      ("middle", x, y - 10, x - width / 2), ("middle", x, y + 19, x - width / 2),
    ]
    for (anchor, textX, baseline, left) in candidates {
      let box = Box(left: left, top: baseline - 11, right: left + width, bottom: baseline + 3)
      let isInside =
        box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top
        && box.bottom <= bounds.bottom
      guard isInside, !taken.contains(where: { $0.meets(box) }) else { continue }
      taken.append(box)
      drawn.append(SVG.text(text, textX, baseline, anchor: anchor, style: "label"))
      return
    }
  }
}
