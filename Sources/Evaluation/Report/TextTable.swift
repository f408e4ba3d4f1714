// SPDX-License-Identifier: Apache-2.0

/// A table of plain strings, for terminals and for Markdown.
///
///     let table = TextTable(
///       columns: [.init("model"), .init("reward", alignment: .trailing)],
///       rows: [["sft", "0.41"], ["ppo", "0.78"]])
///     print(table.text())
///
/// prints
///
///     model  reward
///     ─────  ──────
///     sft      0.41
///     ppo      0.78
public struct TextTable: Sendable, Equatable {
  /// Which side of a column its texts touch.
  public enum Alignment: Sendable {
    /// Left, for words.
    case leading
    /// Right, for numbers.
    case trailing
    /// Middle.
    case center
  }

  /// The head of a column.
  public struct Column: Sendable, Equatable {
    /// Shown above the column.
    public var title: String
    /// Which side the column's texts touch.
    public var alignment: Alignment

    /// Creates a column.
    public init(_ title: String, alignment: Alignment = .leading) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// The columns from left to right.
  public var columns: [Column]
  /// One string a column; short rows are filled up with empty cells.
  public var rows: [[String]]

  /// Creates a table.
  public init(columns: [Column], rows: [[String]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The table for a terminal with a fixed-width font; ends without a newline.
  ///
  /// - Parameter maximumColumnWidth: longer cells are cut and end in `…`; nil keeps them whole.
  ///   Counted in terminal cells, at least 1.
  /// - Returns: lines without trailing spaces.
  public func text(maximumColumnWidth: Int? = nil) -> String {
    let limit = maximumColumnWidth.map { max(1, $0) } ?? .max
    let header = columns.map { Self.fit($0.title, limit) }
    let body = rows.map { row in
      columns.indices.map { Self.fit($0 < row.count ? row[$0] : "", limit) }
    }
    let widths = columns.indices.map { column in
      ([header] + body).map { Self.width($0[column]) }.max() ?? 0
    }
    let rule = widths.map { String(repeating: "─", count: $0) }
    return ([header, rule] + body).map { cells in
      let line = columns.indices.map { column in
        Self.pad(cells[column], to: widths[column], columns[column].alignment)
      }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// The table in GitHub's Markdown; ends without a newline.
  public func markdown() -> String {
    let rules = columns.map { column in
      switch column.alignment {
      case .leading: "---"
      case .trailing: "---:"
      case .center: ":---:"
      }
    }
    let body = rows.map { row in
      columns.indices.map { $0 < row.count ? Self.escapeMarkdown(row[$0]) : "" }
    }
    let header = columns.map { Self.escapeMarkdown($0.title) }
    return ([header, rules] + body)
      .map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
  }

  /// Terminal cells that a string takes: 2 for East Asian wide characters and emoji, 0 for marks
  /// that combine with the character before.
  public static func width(_ text: String) -> Int {
    text.reduce(0) { $0 + width($1) }
  }

  private static func width(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    let properties = first.properties
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    if properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    return wideRanges.contains { $0.contains(first.value) } ? 2 : 1
  }

  /// Blocks whose characters Unicode's East Asian Width calls wide or fullwidth.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
    0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1B000...0x1B16F, 0x20000...0x3FFFD,
  ]

  /// One line of at most `limit` cells.
  private static func fit(_ text: String, _ limit: Int) -> String {
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    guard width(line) > limit else { return line }
    var kept = ""
    var used = 0
    for character in line {
      let next = used + width(character)
      if next > limit - 1 { break }
      kept.append(character)
      used = next
    }
    return kept + "…"
  }

  private static func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
    let space = width - self.width(text)
    let left =
      switch alignment {
      case .leading: 0
      case .trailing: space
      case .center: space / 2
      }
    return String(repeating: " ", count: left) + text
      + String(repeating: " ", count: space - left)
  }

  private static func escapeMarkdown(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "|", "\\", "`", "*", "_", "<", "[", "]":
        escaped.append("\\")
        escaped.append(character)
      case _ where character.isNewline:
        escaped.append(" ")
      default:
        escaped.append(character)
      }
    }
    return escaped
  }
}
