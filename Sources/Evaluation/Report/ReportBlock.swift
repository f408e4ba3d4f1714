// SPDX-License-Identifier: Apache-2.0

/// One piece of a report section.
public indirect enum ReportBlock: Sendable {
  /// Running text; `words between back-quotes` are set as code.
  case paragraph(String)
  /// Names and values of the settings behind the results.
  case settings([Setting])
  /// Results with marked best values.
  case table(ResultTable)
  /// Curves.
  case lines(LineChart)
  /// Distributions.
  case histogram(HistogramChart)
  /// Points in the plane.
  case scatter(ScatterChart)
  /// Estimates with intervals, one below the other.
  case intervals(IntervalChart)
  /// What several models answered to the same prompts.
  case samples([SampleComparison])
  /// Claims and whether they held.
  case claims([Claim])
  /// A remark set apart.
  case note(String)
  /// A remark that a reader must not miss.
  case warning(String)
  /// Blocks that are folded away until asked for.
  case details(summary: String, [ReportBlock])

  /// A setting of a run.
  public struct Setting: Sendable, Equatable {
    /// The option's name, as the user writes it.
    public var name: String
    /// Its value.
    public var value: String
    /// What it means, in a few words; nil for none.
    public var note: String?

    /// Creates a setting.
    public init(_ name: String, _ value: String, note: String? = nil) {
      self.name = name
      self.value = value
      self.note = note
    }
  }

  var isHalfWidthChart: Bool {
    switch self {
    case .lines(let chart): !chart.isWide
    case .histogram(let chart): !chart.isWide
    case .scatter(let chart): !chart.isWide
    case .intervals(let chart): !chart.isWide
    default: false
    }
  }

  var html: HTML {
    switch self {
    case .paragraph(let text): return .tag("p", ["class": "prose"], Self.prose(text))
    case .settings(let settings): return Self.settingsTable(settings)
    case .table(let table): return table.html
    case .lines(let chart): return chart.html
    case .histogram(let chart): return chart.html
    case .scatter(let chart): return chart.html
    case .intervals(let chart): return chart.html
    case .samples(let samples): return .group(samples.map(\.html))
    case .claims(let claims):
      return .tag("ul", ["class": "claims"], claims.map(\.html))
    case .note(let text):
      return .tag("p", ["class": "note", "role": "note"], Self.prose(text))
    case .warning(let text):
      return .tag(
        "p", ["class": "note warning", "role": "note"],
        [.tag("strong", text: "Warning. ")] + Self.prose(text))
    case .details(let summary, let blocks):
      return .tag(
        "details", [:], [.tag("summary", text: summary), Self.stack(blocks)])
    }
  }

  /// Blocks below each other; neighbouring half-width charts share a row where there is room.
  static func stack(_ blocks: [ReportBlock]) -> HTML {
    var parts: [HTML] = []
    var start = 0
    while start < blocks.count {
      var end = start
      while end < blocks.count, blocks[end].isHalfWidthChart { end += 1 }
      if end > start {
        parts.append(.tag("div", ["class": "figures"], blocks[start..<end].map(\.html)))
        start = end
      } else {
        parts.append(blocks[start].html)
        start += 1
      }
    }
    return .group(parts)
  }

  /// Text with `code` between back-quotes; an odd one is an ordinary character.
  static func prose(_ text: String) -> [HTML] {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
    guard parts.count % 2 == 1 else { return [.text(text)] }
    return parts.enumerated().map { index, part in
      index % 2 == 0 ? .text(part) : .tag("code", text: part)
    }
  }

  private static func settingsTable(_ settings: [Setting]) -> HTML {
    let hasNotes = settings.contains { $0.note != nil }
    let heads = ["setting", "value"] + (hasNotes ? ["meaning"] : [])
    let rows = settings.map { setting in
      HTML.tag(
        "tr", [:],
        [
          .tag("th", ["scope": "row", "class": "words"], [.tag("code", text: setting.name)]),
          .tag("td", ["class": "words"], text: setting.value),
        ] + (hasNotes ? [.tag("td", ["class": "words quiet"], text: setting.note ?? "")] : []))
    }
    return .tag(
      "div",
      ["class": "block scroll", "tabindex": "0", "role": "region", "aria-label": "Settings"],
      [
        .tag(
          "table", ["class": "settings"],
          [
            .tag("caption", ["class": "unseen"], text: "Settings"),
            .tag(
              "thead", [:],
              [.tag("tr", [:], heads.map { .tag("th", ["scope": "col"], text: $0) })]),
            .tag("tbody", [:], rows),
          ])
      ])
  }
}
