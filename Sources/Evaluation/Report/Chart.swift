// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The sizes in which every chart is drawn, in CSS pixels; the style sheet shows the one that fits.
enum ChartSize: String, CaseIterable {
  /// A phone.
  case compact
  /// Half of a wide page, or a narrow page.
  case regular
  /// A whole wide page.
  case wide

  var width: Double {
    switch self {
    case .compact: 336
    case .regular: 540
    case .wide: 1096
    }
  }

  var height: Double {
    switch self {
    case .compact: 240
    case .regular: 320
    case .wide: 380
    }
  }
}

/// What all charts have: words around a drawing, and the drawing at a given size.
protocol Chart {
  var title: String { get }
  var subtitle: String? { get }
  var caption: String? { get }
  /// True where the chart takes the whole width of a wide page.
  var isWide: Bool { get }
  /// Names of the series, in the order of their colours; one name needs no legend.
  var legend: [Legend] { get }
  /// The drawing in words, for those who do not see it.
  var summary: String { get }
  /// Values that have no place on the axes.
  var omittedCount: Int { get }

  func height(_ size: ChartSize) -> Double
  func drawing(_ size: ChartSize) -> [HTML]
}

/// One entry of a legend.
struct Legend {
  var name: String
  var sample: HTML
}

extension Chart {
  func height(_ size: ChartSize) -> Double { size.height }

  var html: HTML {
    var head = heading
    if legend.count > 1 {
      head.append(
        .tag(
          "ul", ["class": "legend"],
          legend.map { entry in
            .tag(
              "li", [:],
              [
                .tag(
                  "svg",
                  ["width": "26", "height": "12", "viewBox": "0 0 26 12", "aria-hidden": "true"],
                  [entry.sample]), .text(entry.name),
              ])
          }))
    }
    var drawings: [HTML] = []
    for size in isWide ? [ChartSize.compact, .regular, .wide] : [.compact, .regular] {
      drawings.append(
        .tag(
          "svg",
          [
            "class": "chart \(size.rawValue)", "role": "img", "aria-label": "\(title). \(summary)",
            "viewBox": "0 0 \(SVG.number(size.width)) \(SVG.number(height(size)))",
          ],
          drawing(size)))
    }
    let omitted =
      omittedCount > 0
      ? "Left out: \(omittedCount) \(omittedCount == 1 ? "value" : "values") not finite, or not above "
        + "0 on a logarithmic axis." : nil
    let notes = [caption, omitted].compactMap { line in
      line.map { HTML.tag("p", ["class": "small"], text: $0) }
    }
    return .tag(
      "figure", ["class": isWide ? "wide" : "half"],
      [.tag("figcaption", [:], head), .tag("div", [:], drawings), .tag("div", [:], notes)])
  }

  private var heading: [HTML] {
    [.tag("strong", text: title)] + (subtitle.map { [.tag("span", text: $0)] } ?? [])
  }
}

/// Small pieces of drawing.
enum SVG {
  /// A coordinate with one digit after the point, kept within what renderers can take.
  static func number(_ value: Double) -> String {
    guard !value.isNaN else { return "0" }
    let value = min(1e5, max(-1e5, value))
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  /// The class of series `index`; colours repeat after eight.
  static func color(_ index: Int) -> String { "c\(index % 8)" }

  /// The dash pattern of line `index`, so that lines differ without colour too.
  static func dashes(_ index: Int) -> String {
    ["none", "7 3", "2 2.5", "9 3 2 3"][index % 4]
  }

  static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) -> HTML {
    .tag(
      "line",
      [
        "class": style, "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2),
      ])
  }

  static func text(
    _ text: String, _ x: Double, _ y: Double, anchor: String = "start", style: String = "tick"
  ) -> HTML {
    .tag(
      "text", ["class": style, "x": number(x), "y": number(y), "text-anchor": anchor], text: text)
  }

  /// A marker that differs in shape as well as in colour.
  static func marker(_ index: Int, _ x: Double, _ y: Double, tip: String? = nil) -> HTML {
    let inside = tip.map { [HTML.tag("title", text: $0)] } ?? []
    let style = "marker \(color(index))"
    let r = 4.0
    let outline: String
    switch index % 4 {
    case 0:
      return .tag(
        "circle", ["class": style, "cx": number(x), "cy": number(y), "r": number(r)], inside)
    case 1:
      outline = "M\(number(x - r)),\(number(y - r))h8v8h-8z"
    case 2:
      outline = "M\(number(x)),\(number(y - r - 1))l5,8.6h-10z"
    default:
      outline = "M\(number(x)),\(number(y - r - 1.4))l5.4,5.4l-5.4,5.4l-5.4,-5.4z"
    }
    return .tag("path", ["class": style, "d": outline], inside)
  }

  /// A path through points in drawing units.
  static func path(_ points: [(x: Double, y: Double)]) -> String {
    var text = ""
    for (index, point) in points.enumerated() {
      text += "\(index == 0 ? "M" : "L")\(number(point.x)),\(number(point.y))"
    }
    return text
  }

  /// Rough width of a text at the charts' type size; wide characters count double.
  static func textWidth(_ text: String) -> Double { 7.4 * Double(TextTable.width(text)) }
}
