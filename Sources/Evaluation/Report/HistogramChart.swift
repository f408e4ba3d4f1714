// SPDX-License-Identifier: Apache-2.0

/// Distributions of one quantity over each other, as shares of values in common bins.
public struct HistogramChart: Sendable, Equatable, Chart {
  /// The values of one group.
  public struct Series: Sendable, Equatable {
    /// Shown in the legend.
    public var name: String
    /// Any number of values, in data units.
    public var values: [Double]

    /// Creates a group.
    public init(name: String, values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// What the chart shows.
  public var title: String
  /// A second, quieter line of title; nil for none.
  public var subtitle: String?
  /// Horizontal axis; linear.
  public var xAxis: Axis
  /// The groups; shares are of each group's own values, so that sizes may differ.
  public var series: [Series]
  /// Number of bins; nil chooses by the spread of all values together.
  public var binCount: Int?
  /// True where the chart takes the whole width of a wide page.
  public var isWide: Bool
  /// Small print under the chart; nil for none.
  public var caption: String?

  /// Creates a chart.
  public init(
    title: String, subtitle: String? = nil, xAxis: Axis, series: [Series], binCount: Int? = nil,
    isWide: Bool = false, caption: String? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xAxis = xAxis
    self.series = series
    self.binCount = binCount
    self.isWide = isWide
    self.caption = caption
  }

  var legend: [Legend] {
    series.enumerated().map { index, group in
      Legend(
        name: group.name,
        sample: .tag("path", ["class": "area \(SVG.color(index))", "d": "M1,11V1H25V11Z"]))
    }
  }

  var summary: String {
    let groups = series.map { group -> String in
      let sorted = group.values.filter(\.isFinite).sorted()
      guard !sorted.isEmpty else { return "\(group.name): no values" }
      return "\(group.name): \(sorted.count) values, median "
        + NumberText.short(quantile(0.5, ofSorted: sorted))
    }
    return "Histograms of \(xAxis.label). " + groups.joined(separator: "; ") + "."
  }

  var omittedCount: Int {
    series.reduce(0) { $0 + $1.values.count { !$0.isFinite } }
  }

  func drawing(_ size: ChartSize) -> [HTML] {
    let all = Histogram(series.flatMap(\.values), binCount: binCount, range: xAxis.range)
    let histograms = series.map {
      Histogram($0.values, binCount: all.counts.count, range: all.lower...all.upper)
    }
    let shares = zip(series, histograms).map { group, histogram in
      let total = Double(max(1, group.values.count { $0.isFinite }))
      return histogram.counts.map { 100 * Double($0) / total }
    }
    let top = shares.joined().max() ?? 0
    let frame = ChartFrame(
      size, xAxis: Axis(xAxis.title, unit: xAxis.unit, range: all.lower...all.upper),
      yAxis: Axis("share of values", unit: "%"), xData: nil, yData: 0...max(top, 1), widensX: false)
    let content = shares.enumerated().map { index, heights in
      HTML.tag(
        "path",
        [
          "class": "area \(SVG.color(index))",
          "d": outline(heights, all.lower, all.binWidth, frame, bars: series.count == 1),
          "stroke-dasharray": series.count == 1 ? "none" : SVG.dashes(index),
        ])
    }
    return frame.background + [frame.clipped(content)]
  }

  /// One group as bars apart, several as staircases over each other.
  private func outline(
    _ heights: [Double], _ lower: Double, _ binWidth: Double, _ frame: ChartFrame, bars: Bool
  ) -> String {
    let floor = SVG.number(frame.bottom)
    var path = bars ? "" : "M\(SVG.number(frame.px(lower))),\(floor)"
    for (bin, height) in heights.enumerated() {
      let left = frame.px(lower + Double(bin) * binWidth)
      let right = frame.px(lower + Double(bin + 1) * binWidth)
      let top = SVG.number(frame.py(height))
      if bars {
        guard height > 0 else { continue }
        path += "M\(SVG.number(left + 0.5)),\(floor)V\(top)H\(SVG.number(right - 0.5))V\(floor)Z"
      } else {
        path += "V\(top)H\(SVG.number(right))"
      }
    }
    return bars ? path : path + "V\(floor)"
  }
}
