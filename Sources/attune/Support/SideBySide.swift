// SPDX-License-Identifier: Apache-2.0

/// Texts in columns beside each other.
enum SideBySide {
  private static let gap = "  │  "

  /// Lays texts out.
  ///
  /// - Parameters:
  ///   - texts: heading and text of each column.
  ///   - width: characters of a line.
  /// - Returns: the lines, without an end of line behind the last.
  static func text(_ texts: [(heading: String, text: String)], width: Int) -> String {
    let room = max(8, (width - gap.count * (texts.count - 1)) / max(1, texts.count))
    let columns = texts.map { lines(of: $0.heading, room) + lines(of: $0.text, room) }
    let height = columns.map(\.count).max() ?? 0
    return (0..<height).map { row in
      let cells = columns.enumerated().map { index, column in
        let cell = row < column.count ? column[row] : ""
        // Nothing follows the last column.
        return index == columns.count - 1
          ? cell : cell + String(repeating: " ", count: room - cell.count)
      }
      return cells.joined(separator: gap)
    }.joined(separator: "\n")
  }

  /// The lines of a text, broken at blanks where there are any.
  static func lines(of text: String, _ width: Int) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph -> [String] in
      var lines = [""]
      for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
        let isFirst = lines[lines.count - 1].isEmpty
        if !isFirst, lines[lines.count - 1].count + 1 + word.count > width { lines.append("") }
        let lead = lines[lines.count - 1].isEmpty ? "" : " "
        lines[lines.count - 1] += lead + word
        while lines[lines.count - 1].count > width {
          let long = lines.removeLast()
          lines += [String(long.prefix(width)), String(long.dropFirst(width))]
        }
      }
      return lines
    }
  }
}
