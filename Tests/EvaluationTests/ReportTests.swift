// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Report page")
struct ReportTests {
  let page = SampleReport.make().html()

  @Test("is one file that loads and runs nothing")
  func selfContained() {
    #expect(page.hasPrefix("<!doctype html>"))
    for forbidden in ["http://", "https://", "<script", "<link", "src=", "@import", "url("] {
      #expect(!page.contains(forbidden), "page contains \(forbidden)")
    }
    #expect(page.contains("width=device-width") && page.contains("prefers-color-scheme:dark"))
    #expect(page.contains("@media print"))
  }

  @Test("closes every element it opens, in order")
  func wellFormed() throws {
    #expect(try nesting(of: page) == [])
  }

  @Test("names every drawing and gives every table heads")
  func accessible() {
    let drawings = page.components(separatedBy: "<svg class=\"chart").dropFirst()
    #expect(drawings.count > 10)
    for drawing in drawings {
      let tag = drawing.prefix { $0 != ">" }
      #expect(tag.contains("role=\"img\"") && tag.contains("aria-label=\""))
    }
    for table in page.components(separatedBy: "<table").dropFirst() {
      #expect(table.contains("<caption") && table.contains("scope=\"col\""))
    }
    #expect(page.contains("<figcaption><strong>Reward against divergence</strong>"))
  }

  @Test("escapes whatever stands in its texts")
  func escaping() {
    let evil = "<script>alert('x')</script> & \" > \u{1}"
    let report = Report(
      title: evil, lead: evil,
      sections: [
        ReportSection(
          evil,
          [
            .paragraph("`" + evil + "`"), .note(evil),
            .claims([Claim(evil, held: true, evidence: evil)]),
            .settings([.init(evil, evil, note: evil)]),
            .table(
              ResultTable(title: evil, columns: [.init(evil, unit: evil)], rows: [[.text(evil)]])),
            .lines(
              LineChart(
                title: evil, xAxis: Axis(evil), yAxis: Axis(evil, unit: evil),
                series: [.init(name: evil, values: [1, 2]), .init(name: evil, values: [1, 3])],
                levels: [.init(evil, at: 1)])),
            .scatter(
              ScatterChart(
                title: evil, xAxis: Axis(evil), yAxis: Axis(evil),
                series: [.init(name: evil, points: [.init(1, 1, label: evil)])])),
            .samples([
              SampleComparison(
                prompt: evil,
                completions: [.init(model: evil, text: evil, scores: [.init(evil, 1)])])
            ]), .details(summary: evil, []),
          ])
      ], footer: evil)
    let html = report.html()
    #expect(!html.contains("<script") && !html.contains("\u{1}"))
    #expect(html.contains("&lt;script&gt;"))
    #expect((try? nesting(of: html)) == [])
  }

  @Test("escapes quotes in attributes and keeps line breaks in text")
  func builder() {
    let html = HTML.tag("p", ["title": "a\"b<c&d"], [.text("x\n\"y\" <z>"), .tag("br")])
    #expect(
      html.markup == "<p title=\"a&quot;b&lt;c&amp;d\">x\n\"y\" &lt;z&gt;<br></p>")
  }

  @Test("links its contents to its sections")
  func contents() {
    for number in 1...5 {
      #expect(page.contains("href=\"#s\(number)\"") && page.contains("id=\"s\(number)\""))
    }
    let ids = page.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(Set(ids).count == ids.count)
    let short = Report(title: "t", sections: [ReportSection("a", [])]).html()
    #expect(!short.contains("<nav"))
  }

  @Test("sets code between back-quotes, and leaves an odd one alone")
  func prose() {
    #expect(
      HTML.group(ReportBlock.prose("set `beta` to 1")).markup == "set <code>beta</code> to 1")
    #expect(HTML.group(ReportBlock.prose("an odd ` one")).markup == "an odd ` one")
  }

  @Test("a claim has a line for the terminal")
  func claims() {
    #expect(
      Claim("A beats B", held: true, evidence: "1 > 0").line == "held        A beats B (1 > 0)")
    #expect(Claim("A beats B", held: false).line == "not held    A beats B")
  }

  /// Elements left open at the end; throws where one is closed that is not the last opened.
  private func nesting(of html: String) throws -> [String] {
    struct Crossed: Error { var tag: String }
    var open: [String] = []
    for piece in html.components(separatedBy: "<").dropFirst() {
      let name = String(piece.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
      if piece.hasPrefix("!") || ["meta", "br", "hr"].contains(name) { continue }
      if piece.hasPrefix("/") {
        guard open.popLast() == name else { throw Crossed(tag: name) }
      } else {
        open.append(name)
      }
    }
    return open
  }
}

@Suite("Report colours")
struct ReportColorTests {
  // The rule of WCAG 2: relative luminance of sRGB, ratio (L1 + 0.05) / (L2 + 0.05).
  func contrast(_ a: String, _ b: String) -> Double {
    func luminance(_ hex: String) -> Double {
      let number = Int(hex, radix: 16) ?? 0
      let channels = [number >> 16, number >> 8 & 255, number & 255].map { channel -> Double in
        let share = Double(channel) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    let (x, y) = (luminance(a), luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  func variables(_ block: Substring) -> [String: String] {
    var found: [String: String] = [:]
    for piece in block.components(separatedBy: "--").dropFirst() {
      let parts = piece.components(separatedBy: ":#")
      guard parts.count == 2 else { continue }
      var hex = String(parts[1].prefix { $0.isHexDigit })
      if hex.count == 3 { hex = hex.map { "\($0)\($0)" }.joined() }
      found[parts[0]] = hex
    }
    return found
  }

  @Test(
    "texts have a contrast of 4.5, series one of 3, on light, dark and printed pages",
    arguments: 0..<3)
  func contrastRatios(scheme: Int) throws {
    let blocks = ReportStyle.sheet.description.components(separatedBy: ":root{").dropFirst()
    #expect(blocks.count == 3)
    let block = Array(blocks)[scheme].prefix { $0 != "}" }
    let colors = variables(block)
    let page = try #require(colors["page"])
    let card = try #require(colors["card"])
    #expect(contrast("000000", "ffffff") == 21)
    for text in ["ink", "quiet", "accent", "good", "bad"] {
      let color = try #require(colors[text])
      #expect(contrast(color, page) >= 4.5, "\(text) on page: \(contrast(color, page))")
      if text == "ink" || text == "quiet" {
        #expect(contrast(color, card) >= 4.5, "\(text) on card: \(contrast(color, card))")
      }
    }
    #expect(contrast(try #require(colors["ink"]), try #require(colors["warn"])) >= 4.5)
    for index in 0..<8 {
      let color = try #require(colors["c\(index)"])
      #expect(contrast(color, page) >= 3, "c\(index): \(contrast(color, page))")
    }
  }
}

@Suite("Charts")
struct ChartTests {
  func ticks(_ range: ClosedRange<Double>, log: Bool = false, widens: Bool = false) -> Ticks {
    Ticks(axis: Axis("x", scale: log ? .log : .linear), data: range, target: 6, widens: widens)
  }

  @Test("linear marks stand at 1, 2 or 5 times powers of ten")
  func linear() {
    #expect(ticks(0...1).labels == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(ticks(-3...14).labels == ["0", "5", "10"])
    #expect(ticks(0...15_000).labels == ["0", "5k", "10k", "15k"])
    #expect(ticks(0...2_500_000).labels == ["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M"])
    #expect(ticks(0...3e-5).labels.last == "3×10⁻⁵")
    #expect(ticks(-0.3...0.3).labels.contains("−0.2"))
  }

  @Test(
    "widened ends are marks themselves and hold the data",
    arguments: [0.31...0.87, -2...7, 3...3, 1e-7...4e-7, -1e300...1e300])
  func widened(range: ClosedRange<Double>) throws {
    let chosen = ticks(range, widens: true)
    #expect(chosen.range.lowerBound <= range.lowerBound)
    #expect(chosen.range.upperBound >= range.upperBound)
    #expect(chosen.values.first == chosen.range.lowerBound)
    #expect(chosen.values.last == chosen.range.upperBound)
    #expect((2...9).contains(chosen.values.count))
    #expect(Set(chosen.labels).count == chosen.labels.count)
  }

  @Test("logarithmic marks are powers of ten, with 2 and 5 where there is room")
  func logarithmic() {
    #expect(ticks(1...1000, log: true).labels == ["1", "10", "100", "1000"])
    #expect(ticks(1...50, log: true).labels == ["1", "2", "5", "10", "20", "50"])
    #expect(ticks(1e-12...1, log: true).labels.first == "10⁻¹²")
    #expect(ticks(1e-12...1, log: true).values.count <= 7)
    #expect(abs(ticks(1...100, log: true).position(10) - 0.5) < 1e-12)
  }

  @Test("numbers are written short, with a true minus sign")
  func numbers() {
    #expect(NumberText.fixed(-0.001, decimals: 2) == "0.00")
    #expect(NumberText.fixed(-1.25, decimals: 2) == "−1.25")
    #expect(NumberText.fixed(.nan, decimals: 2) == "–")
    #expect(NumberText.short(0.000_012) == "1.2×10⁻⁵")
    #expect(NumberText.short(1234.5) == "1234" || NumberText.short(1234.5) == "1235")
    #expect(NumberText.short(2.50) == "2.5")
    #expect(NumberText.scientific(9.999e-6) == "10⁻⁵")
    #expect(NumberText.grouped(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(NumberText.grouped(-1234) == "−1234")
  }

  // Python: the debiased mean of TensorBoard, m = .5 m + .5 x; m / (1 - .5 ** n) on 4, 2, 1
  @Test("smoothing is the debiased exponential mean")
  func smoothing() {
    let points = [4.0, 2, 1].enumerated().map { LineChart.Point(Double($0.offset), $0.element) }
    expectClose(LineChart.smooth(points, 0.5).map(\.y), [4, 8.0 / 3, 12.0 / 7], within: 1e-12)
    let gap = LineChart.smooth([.init(0, 1), .init(1, .nan), .init(2, 1)], 0.9)
    #expect(gap[1].y.isNaN && abs(gap[2].y - 1) < 1e-12)
  }

  @Test("thinning keeps every peak and at most two points a pixel")
  func thinning() {
    var points = (0..<100_000).map { (x: Double($0) / 200, y: sin(Double($0) / 5000)) }
    points[31_337].y = 9
    points[31_338].y = -9
    let kept = LineChart.thin(points)
    #expect(kept.count <= 1002)
    #expect(kept.contains { $0.y == 9 } && kept.contains { $0.y == -9 })
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.x <= $1.x })
  }

  @Test("a line breaks where values are missing, and says how many")
  func gaps() {
    let chart = LineChart(
      title: "t", xAxis: Axis("x"), yAxis: Axis("y"),
      series: [.init(name: "s", values: [1, 2, .nan, 3, 4])])
    let markup = chart.html.markup
    #expect(markup.contains("Left out: 1 value not finite"))
    let path = markup.components(separatedBy: "class=\"line c0\" d=\"")[1].prefix { $0 != "\"" }
    #expect(path.count { $0 == "M" } == 2)
  }

  @Test("a logarithmic axis leaves out what is not positive")
  func nonPositive() {
    let chart = LineChart(
      title: "t", xAxis: Axis("x", scale: .log), yAxis: Axis("y"),
      series: [.init(name: "s", values: [5, 6, 7])])
    #expect(chart.omittedCount == 1)
    #expect(chart.html.markup.contains("Left out: 1 value"))
  }

  @Test(
    "odd data give a drawing without holes in its numbers",
    arguments: [
      [], [3.0], [2, 2, 2], [.nan], [1e300, -1e300], [0, .leastNonzeroMagnitude], [.infinity, 1],
    ])
  func oddData(values: [Double]) {
    let axis = Axis("x")
    let points = values.map { ScatterChart.Point($0, $0, label: "p") }
    let charts: [HTML] = [
      LineChart(
        title: "t", xAxis: axis, yAxis: Axis("y", range: 0...1),
        series: [.init(name: "s", values: values)]
      ).html,
      LineChart(
        title: "t", xAxis: axis, yAxis: Axis("y", scale: .log),
        series: [.init(name: "s", values: values)], smoothing: 0.9
      ).html,
      HistogramChart(title: "t", xAxis: axis, series: [.init(name: "s", values: values)]).html,
      ScatterChart(title: "t", xAxis: axis, yAxis: axis, series: [.init(name: "s", points: points)])
        .html,
      IntervalChart(
        title: "t", axis: axis,
        rows: values.map { .init("r", value: $0, lower: $0, upper: $0) }
      ).html,
    ]
    for chart in charts {
      let markup = chart.markup
      let numbers = markup.components(separatedBy: "=\"").dropFirst().map {
        $0.prefix { $0 != "\"" }
      }
      #expect(!numbers.contains { $0.contains("nan") || $0.contains("inf") && !$0.contains(" ") })
      #expect(markup.contains("<svg class=\"chart compact\""))
    }
  }

  @Test("labels of a crowd do not cover each other")
  func labels() {
    let points = (0..<40).map {
      ScatterChart.Point(Double($0 % 7), Double($0 / 7), label: "point \($0)")
    }
    let chart = ScatterChart(
      title: "t", xAxis: Axis("x"), yAxis: Axis("y"),
      series: [.init(name: "s", points: points)])
    let written = chart.html.markup.components(separatedBy: "class=\"label\"").count - 1
    #expect(written > 0 && written < 80)
  }

  @Test("shares of a histogram sum to 100 % for each group")
  func histogramHeights() {
    let chart = HistogramChart(
      title: "t", xAxis: Axis("x"), series: [.init(name: "s", values: [1, 1, 1, 2])], binCount: 2)
    // One bar three times as high as the other.
    let path = chart.html.markup.components(separatedBy: "class=\"area c0\" d=\"")[1]
      .prefix { $0 != "\"" }
    let floor = Double(
      path.dropFirst().split(separator: ",")[1].prefix { $0.isNumber || $0 == "." })
    let tops = path.components(separatedBy: "V").dropFirst().compactMap {
      Double($0.prefix { $0.isNumber || $0 == "." })
    }
    let heights = tops.compactMap { top in floor.map { $0 - top } }.filter { $0 > 0 }
    #expect(heights.count == 2)
    expectClose(heights[0] / heights[1], 3, within: 0.02)
  }
}
