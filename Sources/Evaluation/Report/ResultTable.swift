// SPDX-License-Identifier: Apache-2.0

/// A table of results that knows which numbers are good.
///
/// One value gives the HTML table of a ``Report``, the text of a terminal and Markdown. In each
/// column that says so, the best value is marked, and with it every value whose interval overlaps
/// the best one's: the data do not tell those apart.
public struct ResultTable: Sendable, Equatable {
  /// Which value of a column is the best.
  public enum Best: Sendable {
    /// No mark.
    case none
    /// The greatest.
    case highest
    /// The least.
    case lowest
  }

  /// How a column writes its numbers.
  public enum Format: Sendable, Equatable {
    /// This many digits after the point.
    case decimals(Int)
    /// Times 100, this many digits after the point, with a percent sign.
    case percent(Int)
    /// About this many significant digits.
    case significant(Int)
  }

  /// The head of a column.
  public struct Column: Sendable, Equatable {
    /// Shown above the column.
    public var title: String
    /// Unit of its numbers, shown under the title; nil for none.
    public var unit: String?
    /// Which value is marked.
    public var best: Best
    /// How numbers are written.
    public var format: Format

    /// Creates a column.
    public init(
      _ title: String, unit: String? = nil, best: Best = .none, format: Format = .decimals(3)
    ) {
      self.title = title
      self.unit = unit
      self.best = best
      self.format = format
    }
  }

  /// What stands in a cell.
  public enum Cell: Sendable, Equatable {
    /// Words.
    case text(String)
    /// A number in the column's format.
    case number(Double)
    /// A whole number.
    case count(Int)
    /// A number with the bounds of its interval.
    case estimate(Double, lower: Double, upper: Double)
    /// Nothing was measured.
    case missing

    /// A measured estimate, with its interval where it has one.
    public static func estimate(_ estimate: Estimate) -> Cell {
      guard let interval = estimate.interval else { return .number(estimate.value) }
      return .estimate(estimate.value, lower: interval.lower, upper: interval.upper)
    }

    var value: Double? {
      switch self {
      case .text, .missing: nil
      case .number(let value), .estimate(let value, _, _): value.isNaN ? nil : value
      case .count(let count): Double(count)
      }
    }

    var bounds: ClosedRange<Double>? {
      switch self {
      case .text, .missing: return nil
      case .estimate(_, let lower, let upper) where lower <= upper: return lower...upper
      default: return value.map { $0...$0 }
      }
    }
  }

  /// What the table shows; read out by screen readers and set above it.
  public var title: String
  /// The columns; the first one usually names the row.
  public var columns: [Column]
  /// One cell a column; short rows are filled up with ``Cell/missing``.
  public var rows: [[Cell]]
  /// Small print under the table; nil for none.
  public var caption: String?

  /// Creates a table.
  public init(title: String, columns: [Column], rows: [[Cell]], caption: String? = nil) {
    self.title = title
    self.columns = columns
    self.rows = rows.map { row in
      columns.indices.map { $0 < row.count ? row[$0] : .missing }
    }
    self.caption = caption
  }

  /// How a cell stands to the best of its column.
  enum Mark {
    case best
    case comparable
  }

  /// The marks of one column, one a row; nil where a cell has none.
  func marks(ofColumn column: Int) -> [Mark?] {
    let rule = columns[column].best
    let cells = rows.map { $0[column] }
    let values = cells.compactMap(\.value)
    // With a single value there is nothing to be better than.
    guard rule != .none, values.count > 1,
      let best = rule == .highest ? values.max() : values.min(),
      let bestBounds = cells.first(where: { $0.value == best })?.bounds
    else { return cells.map { _ in nil } }
    return cells.map { cell in
      guard let value = cell.value else { return nil }
      if value == best { return .best }
      guard case .estimate = cell, let bounds = cell.bounds, bounds.overlaps(bestBounds) else {
        return nil
      }
      return .comparable
    }
  }

  /// True where a column holds numbers and is set flush right.
  func isNumeric(_ column: Int) -> Bool {
    rows.contains { $0[column].value != nil }
  }

  /// The words of a cell, and its interval apart.
  func words(_ cell: Cell, _ column: Column) -> (main: String, interval: String?) {
    switch cell {
    case .text(let text): (text, nil)
    case .missing: ("–", nil)
    case .count(let count): (NumberText.grouped(count), nil)
    case .number(let value): (column.format.words(value, withSign: true), nil)
    case .estimate(let value, let lower, let upper):
      (
        column.format.words(value, withSign: true),
        "[\(column.format.words(lower, withSign: false)), "
          + "\(column.format.words(upper, withSign: false))]"
      )
    }
  }

  /// The same table as plain strings: the best value of a column carries `*`, those not separable
  /// from it `~`.
  public var textTable: TextTable {
    let allMarks = columns.indices.map(marks(ofColumn:))
    return TextTable(
      columns: columns.enumerated().map { index, column in
        TextTable.Column(
          column.unit.map { "\(column.title) (\($0))" } ?? column.title,
          alignment: isNumeric(index) ? .trailing : .leading)
      },
      rows: rows.enumerated().map { rowIndex, row in
        row.enumerated().map { index, cell in
          let (main, interval) = words(cell, columns[index])
          let text = interval.map { "\(main) \($0)" } ?? main
          guard columns[index].best != .none, cell.value != nil else { return text }
          switch allMarks[index][rowIndex] {
          case .best: return text + " *"
          case .comparable: return text + " ~"
          case nil: return text + "  "
          }
        }
      })
  }
}

extension ResultTable.Format {
  func words(_ value: Double, withSign: Bool) -> String {
    switch self {
    case .decimals(let digits): NumberText.fixed(value, decimals: digits)
    case .percent(let digits):
      NumberText.fixed(100 * value, decimals: digits) + (withSign ? "\u{202F}%" : "")
    case .significant(let digits): NumberText.short(value, digits: digits)
    }
  }
}
