// SPDX-License-Identifier: Apache-2.0

/// Everything that can be wrong with feedback data; each case says where, what and what to do.
public enum FeedbackError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Text that is not JSON.
  case syntax(at: Provenance, column: Int, reason: String)
  /// A table (CSV, TSV) that is broken.
  case table(at: Provenance, reason: String)
  /// No file or folder of that name.
  case missingFile(String)
  /// A file that cannot be read to its end.
  case unreadable(file: String, reason: String)
  /// A kind of file that is not read.
  case unsupportedFile(String, hint: String)
  /// No row at all.
  case empty(String)
  /// Columns that make no row type a method accepts.
  case unrecognisedColumns(UnrecognisedColumns)
  /// A row that is not like the rows before it.
  case disagreement(at: Provenance, rowType: String, problem: String)
  /// A value that does not fit its column.
  case field(at: Provenance, field: String, problem: String)
  /// An option with a value that cannot work.
  case option(name: String, problem: String)
  /// A file that cannot be written.
  case output(file: String, reason: String)
  /// A scorer that failed.
  case scorer(name: String, problem: String)

  /// Columns found, column sets wanted and the nearest way from one to the other.
  public struct UnrecognisedColumns: Hashable, Sendable {
    /// File in which the columns were found.
    public var file: String
    /// What the data is for, such as `dpo`.
    public var method: String
    /// Columns of the first rows.
    public var found: [String]
    /// Column sets that would have been accepted, each with its name.
    public var accepted: [String]
    /// What to try, such as `--columns prompt=question`; nil where nothing is near.
    public var fix: String?
  }

  /// The message for people.
  public var description: String {
    switch self {
    case .syntax(let place, let column, let reason):
      "\(place):\(column): not JSON: \(reason)"
    case .table(let place, let reason), .disagreement(let place, _, let reason):
      "\(place): \(reason)"
    case .field(let place, let field, let problem):
      "\(place): \(field): \(problem)"
    case .missingFile(let path): "no file or folder '\(path)'"
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
    case .unsupportedFile(let file, let hint): "\(file): \(hint)"
    case .empty(let file): "\(file): no rows; a dataset needs at least one"
    case .unrecognisedColumns(let report): report.message
    case .option(let name, let problem): "\(name): \(problem)"
    case .output(let file, let reason): "\(file): cannot be written: \(reason)"
    case .scorer(let name, let problem): "scorer '\(name)': \(problem)"
    }
  }
}

extension FeedbackError.UnrecognisedColumns {
  fileprivate var message: String {
    var lines = [
      "\(file): the columns make no row that \(method) can use",
      "  found: \(found.isEmpty ? "none" : found.listed)",
      "  accepted: \(accepted.joined(separator: "\n            "))",
    ]
    lines.append(
      fix.map { "  try: \($0)" }
        ?? "  rename columns with --columns OURS=YOURS, for example --columns prompt=question")
    return lines.joined(separator: "\n")
  }
}

/// A value that does not fit, before it is known from which line it came.
struct FieldError: Error, Equatable {
  var field: String
  var problem: String

  init(_ field: String, _ problem: String) {
    self.field = field
    self.problem = problem
  }

  func located(at place: Provenance) -> FeedbackError {
    .field(at: place, field: field, problem: problem)
  }
}

extension Sequence where Element == String {
  /// `a, b, c`
  var listed: String { joined(separator: ", ") }
}
