// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Sampled completions as a table for the console and as text for TensorBoard.
struct SampleTable {
  /// The header, a rule, and one line a row; all equally wide.
  let lines: [String]

  /// Room for a text that must stay readable, in columns.
  private static let leastTextWidth = 12
  private static let separator = "  "

  /// Lays out rows.
  ///
  /// - Parameters:
  ///   - rows: What to show. A reward function is a column even if only some rows have it.
  ///   - width: Columns to fill; what the numbers leave is shared by prompt (2/5) and completion (3/5).
  init(_ rows: some Collection<SampleRow>, width: Int) {
    let names = Self.rewardNames(rows)
    let numberHeader = names + ["reward", "advantage", "length", "stop"]
    let numberRows = rows.map { Self.numbers($0, names) }
    let numberWidths = numberHeader.indices.map { column in
      ([numberHeader] + numberRows).map { $0[column].count }.max() ?? 0
    }
    let separators = Self.separator.count * (numberHeader.count + 1)
    let room = width - 1 - separators - numberWidths.reduce(0, +)
    let promptWidth = max(Self.leastTextWidth, room * 2 / 5)
    let completionWidth = max(Self.leastTextWidth, room - promptWidth)

    func line(_ prompt: String, _ completion: String, _ numbers: [String]) -> String {
      let texts = [
        prompt + Self.blank(promptWidth - prompt.count),
        completion + Self.blank(completionWidth - completion.count),
      ]
      let cells = zip(numbers, numberWidths).map { Self.blank($1 - $0.count) + $0 }
      return (texts + cells).joined(separator: Self.separator)
    }

    let header = line("prompt", "completion", numberHeader)
    let body = zip(rows, numberRows).map { row, numbers in
      line(
        Self.end(of: Self.visible(row.prompt), width: promptWidth),
        Self.start(of: Self.visible(row.completion), width: completionWidth), numbers)
    }
    lines = [header, String(repeating: "─", count: header.count)] + body
  }

  /// The rows as Markdown: texts as they are, in indented blocks.
  static func markdown(_ rows: some Collection<SampleRow>) -> String {
    rows.map { row in
      let names = row.rewards.map(\.name)
      let titles = names + ["reward", "advantage", "length", "stop"]
      let numbers = zip(titles, numbers(row, names)).map { "\($0) \($1)" }.joined(separator: ", ")
      return """
        **prompt**

        \(block(row.prompt))

        **completion** (\(numbers))

        \(block(row.completion))
        """
    }.joined(separator: "\n\n---\n\n")
  }

  private static func rewardNames(_ rows: some Collection<SampleRow>) -> [String] {
    var known: Set<String> = []
    return rows.flatMap { $0.rewards.map(\.name) }.filter { known.insert($0).inserted }
  }

  private static func numbers(_ row: SampleRow, _ names: [String]) -> [String] {
    let byFunction = names.map { name in
      row.rewards.last { $0.name == name }.map { NumberText.short($0.value) } ?? ""
    }
    let advantage = row.advantage.map(NumberText.short) ?? ""
    return byFunction
      + [NumberText.short(row.total), advantage, String(row.length), visible(row.stopReason)]
  }

  /// A text on one line. A model can sample any character, escape sequences of the terminal too, so
  /// control characters become marks.
  private static func visible(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control: line.append(scalar == "\n" ? "⏎" : scalar == "\t" ? " " : "·")
      case .format, .lineSeparator, .paragraphSeparator: line.append("·")
      default: line.append(scalar)
      }
    }
    return String(line)
  }

  /// The last characters: a prompt's question stands at its end.
  private static func end(of text: String, width: Int) -> String {
    text.count <= width ? text : "…" + text.suffix(width - 1)
  }

  private static func start(of text: String, width: Int) -> String {
    text.count <= width ? text : text.prefix(width - 1) + "…"
  }

  private static func blank(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

  /// Four spaces before each line: Markdown then keeps line breaks and marks as they are.
  private static func block(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
      .joined(separator: "\n")
  }
}
