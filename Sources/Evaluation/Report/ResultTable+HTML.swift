// SPDX-License-Identifier: Apache-2.0

extension ResultTable {
  var html: HTML {
    let allMarks = columns.indices.map(marks(ofColumn:))
    let head = columns.enumerated().map { index, column in
      HTML.tag(
        "th", ["scope": "col", "class": isNumeric(index) ? "number" : "words"],
        [.text(column.title)] + unit(column))
    }
    let body = rows.enumerated().map { rowIndex, row in
      HTML.tag(
        "tr", [:],
        row.enumerated().map { index, cell in
          cellHTML(cell, index, mark: allMarks[index][rowIndex])
        })
    }
    // The title stands outside of the table, so that it stays in place when the table scrolls.
    var parts: [HTML] = [
      .tag("p", ["class": "title", "aria-hidden": "true"], text: title),
      .tag(
        "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": title],
        [
          .tag(
            "table", ["class": "results"],
            [
              .tag("caption", ["class": "unseen"], text: title),
              .tag("thead", [:], [.tag("tr", [:], head)]),
              .tag("tbody", [:], body),
            ])
        ]),
    ]
    let legend = legendText(allMarks)
    if let legend { parts.append(.tag("p", ["class": "small"], text: legend)) }
    if let caption { parts.append(.tag("p", ["class": "small"], text: caption)) }
    return .tag("div", ["class": "block"], parts)
  }

  private func unit(_ column: Column) -> [HTML] {
    column.unit.map { [.tag("span", ["class": "unit"], text: $0)] } ?? []
  }

  private func cellHTML(_ cell: Cell, _ index: Int, mark: Mark?) -> HTML {
    let (main, interval) = words(cell, columns[index])
    var content: [HTML] = []
    switch mark {
    case .best:
      content = [.tag("strong", text: main), .tag("span", ["class": "unseen"], text: " best")]
    case .comparable:
      content = [
        .text(main), .tag("span", ["class": "comparable", "aria-hidden": "true"], text: "≈"),
        .tag("span", ["class": "unseen"], text: " not separable from the best"),
      ]
    case nil:
      content = [.text(main)]
    }
    if let interval { content.append(.tag("span", ["class": "interval"], text: interval)) }
    let kind = isNumeric(index) ? "number" : "words"
    let state = mark == .best ? " best" : ""
    return index == 0 && !isNumeric(0)
      ? .tag("th", ["scope": "row", "class": kind], content)
      : .tag("td", ["class": kind + state], content)
  }

  private func legendText(_ marks: [[Mark?]]) -> String? {
    let all = marks.joined()
    guard all.contains(.best) else { return nil }
    return all.contains(.comparable)
      ? "Bold: best of its column. ≈: interval overlaps the best one’s."
      : "Bold: best of its column."
  }
}
