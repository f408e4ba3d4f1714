// SPDX-License-Identifier: Apache-2.0

/// A page that shows what a run or a comparison found, in one file that needs nothing else.
///
///     let report = Report(
///       title: "DPO on Millbrook",
///       lead: "Does preference data beat more demonstrations?",
///       sections: [
///         ReportSection("Results", [.table(results), .lines(curve)])
///       ])
///     try report.html().write(to: url, atomically: true, encoding: .utf8)
///
/// The page has no script, loads nothing, follows the reader's light or dark setting, fits a phone
/// and prints. Every text is escaped as it is written.
public struct Report: Sendable {
  /// The page's title.
  public var title: String
  /// What a reader should know first, in a sentence or three; nil for none.
  public var lead: String?
  /// The sections from top to bottom; three or more get a table of contents.
  public var sections: [ReportSection]
  /// Small print at the end, such as version, date and command; nil for none.
  public var footer: String?
  /// Language of the texts, as a BCP 47 code.
  public var language: String

  /// Creates a report.
  public init(
    title: String, lead: String? = nil, sections: [ReportSection], footer: String? = nil,
    language: String = "en"
  ) {
    self.title = title
    self.lead = lead
    self.sections = sections
    self.footer = footer
    self.language = language
  }

  /// The whole page, UTF-8 text that begins with `<!doctype html>`.
  public func html() -> String {
    let page = HTML.tag(
      "html", ["lang": language], [.tag("head", [:], head), .tag("body", [:], body)])
    return "<!doctype html>\n" + page.markup + "\n"
  }

  private var head: [HTML] {
    [
      .tag("meta", ["charset": "utf-8"]),
      .tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .tag("meta", ["name": "color-scheme", "content": "light dark"]),
      // Tells the browser what is true anyway: nothing is loaded, nothing runs.
      .tag(
        "meta",
        [
          "http-equiv": "Content-Security-Policy",
          "content": "default-src 'none'; style-src 'unsafe-inline'",
        ]),
      .tag("title", text: title), .style(ReportStyle.sheet),
    ]
  }

  private var body: [HTML] {
    var opening: [HTML] = [.tag("h1", text: title)]
    if let lead { opening.append(.tag("p", ["class": "lead"], ReportBlock.prose(lead))) }
    if sections.count > 2 {
      opening.append(
        .tag(
          "nav", ["aria-label": "Contents"],
          [
            .tag(
              "ul", [:],
              sections.enumerated().map { index, section in
                .tag("li", [:], [.tag("a", ["href": "#s\(index + 1)"], text: section.title)])
              })
          ]))
    }
    var parts: [HTML] = [
      .tag("header", [:], opening),
      .tag(
        "main", [:],
        sections.enumerated().map { index, section in
          .tag(
            "section", ["id": "s\(index + 1)", "aria-labelledby": "h\(index + 1)"],
            [
              .tag("h2", ["id": "h\(index + 1)"], text: section.title),
              ReportBlock.stack(section.blocks),
            ])
        }),
    ]
    if let footer { parts.append(.tag("footer", [:], ReportBlock.prose(footer))) }
    return parts
  }
}

/// A part of a report under its own heading.
public struct ReportSection: Sendable {
  /// The heading.
  public var title: String
  /// Its content from top to bottom.
  public var blocks: [ReportBlock]

  /// Creates a section.
  public init(_ title: String, _ blocks: [ReportBlock]) {
    self.title = title
    self.blocks = blocks
  }
}
