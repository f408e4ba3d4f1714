// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Evaluation

@Suite("Tables")
struct TableTests {
  let table = TextTable(
    columns: [
      .init("model"), .init("reward", alignment: .trailing), .init("note", alignment: .center),
    ],
    rows: [["sft", "0.41", "x"], ["水車", "10.5"], ["e\u{301}té", "1"]])

  @Test("columns line up, wide characters counting two cells")
  func text() {
    #expect(
      table.text() == """
        model  reward  note
        ─────  ──────  ────
        sft      0.41   x
        水車     10.5
        e\u{301}té         1
        """)
  }

  @Test(
    "widths follow what a terminal shows",
    arguments: [
      ("abc", 3), ("水", 2), ("ｱ", 1), ("한글", 4), ("é", 1), ("👍", 2), ("", 0), ("a\u{200B}", 1),
    ])
  func widths(text: String, expected: Int) {
    #expect(TextTable.width(text) == expected)
  }

  @Test("long cells are cut to the column's width and line breaks become spaces")
  func cutting() {
    let long = TextTable(columns: [.init("t")], rows: [["one\ntwo three"], ["水車小屋"]])
    #expect(
      long.text(maximumColumnWidth: 6) == """
        t
        ──────
        one t…
        水車…
        """)
  }

  @Test("Markdown escapes what would break or format the table")
  func markdown() {
    let table = TextTable(
      columns: [.init("a|b"), .init("n", alignment: .trailing), .init("c", alignment: .center)],
      rows: [["x\ny", "1", "*bold*"], ["<b>"]])
    #expect(
      table.markdown() == """
        | a\\|b | n | c |
        | --- | ---: | :---: |
        | x y | 1 | \\*bold\\* |
        | \\<b> |  |  |
        """)
  }

  let results = ResultTable(
    title: "t",
    columns: [
      .init("name"), .init("score", best: .highest, format: .decimals(2)),
      .init("cost", unit: "s", best: .lowest, format: .significant(2)),
      .init("share", format: .percent(1)),
    ],
    rows: [
      [.text("a"), .estimate(0.70, lower: 0.6, upper: 0.8), .number(12), .number(0.125)],
      [.text("b"), .estimate(0.75, lower: 0.7, upper: 0.85), .number(9), .missing],
      [.text("c"), .estimate(0.50, lower: 0.4, upper: 0.55), .number(.nan)],
    ])

  @Test("the best of a column is marked, and so is what its interval reaches")
  func marks() {
    #expect(results.marks(ofColumn: 1) == [.comparable, .best, nil])
    #expect(results.marks(ofColumn: 2) == [nil, .best, nil])
    #expect(results.marks(ofColumn: 3) == [nil, nil, nil])
    let alone = ResultTable(
      title: "t", columns: [.init("x", best: .highest)], rows: [[.number(1)], [.missing]])
    #expect(alone.marks(ofColumn: 0) == [nil, nil])
  }

  @Test("the same value prints as text and as Markdown")
  func plain() {
    #expect(
      results.textTable.text() == """
        name                score  cost (s)   share
        ────  ───────────────────  ────────  ──────
        a     0.70 [0.60, 0.80] ~      12    12.5\u{202F}%
        b     0.75 [0.70, 0.85] *       9 *       –
        c     0.50 [0.40, 0.55]           –       –
        """)
    #expect(results.textTable.markdown().contains("| b | 0.75 \\[0.70, 0.85\\] \\* | 9 \\* | – |"))
  }

  @Test("the page marks the best in words too, and explains its marks")
  func page() {
    let markup = results.html.markup
    #expect(markup.contains("<strong>0.75</strong><span class=\"unseen\"> best</span>"))
    #expect(markup.contains("not separable from the best"))
    #expect(markup.contains("Bold: best of its column. ≈"))
    #expect(markup.contains("<th scope=\"row\" class=\"words\">a</th>"))
  }

  @Test("a cell takes an estimate with and without an interval")
  func estimates() {
    let bare = Estimate(value: 2, count: 1)
    #expect(ResultTable.Cell.estimate(bare) == .number(2))
    let full = Estimate(
      value: 2, count: 9, interval: Interval(lower: 1, upper: 3, method: "known"))
    #expect(ResultTable.Cell.estimate(full) == .estimate(2, lower: 1, upper: 3))
  }
}
