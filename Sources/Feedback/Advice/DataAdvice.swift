// SPDX-License-Identifier: Apache-2.0

/// What a file of rows is good for.
///
///     let advice = try DataAdvice("pairs.jsonl", methods: methods)
///     for use in advice.uses { print(use.method.name, use.rowCount) }
public struct DataAdvice: Sendable, Hashable {
  /// A method that rows can feed.
  public struct Use: Sendable, Hashable {
    /// The method.
    public var method: LearningMethod
    /// What the rows are read as, and what they become for it.
    public var conversion: String
    /// Rows that can be learnt from.
    public var rowCount: Int
    /// Records that these rows become: more than rows where a list becomes pairs.
    public var recordCount: Int
    /// Rows that cannot, by what is wrong with them.
    public var failures: [Failure]
  }

  /// Something wrong with some rows.
  public struct Failure: Sendable, Hashable {
    /// What, and what was expected.
    public var problem: String
    /// In how many rows.
    public var count: Int
    /// The first of them.
    public var first: Provenance?

    /// `pairs.jsonl:7: chosen: is missing (and 2 like it)`
    public var description: String {
      let place = first.map { "\($0): " } ?? ""
      return "\(place)\(problem)" + (count > 1 ? " (and \(count - 1) like it)" : "")
    }
  }

  /// Columns that would let rows feed more methods.
  public struct Opening: Sendable, Hashable {
    /// The columns to add.
    public var columns: [String]
    /// Names of the methods they open.
    public var methods: [String]
    /// Where a column is there under another name, the option that names it: `--columns prompt=question`.
    public var renaming: String?
  }

  /// The file or folder.
  public var path: String
  /// Rows in it, broken ones included.
  public var rowCount: Int
  /// Its columns in order of appearance.
  public var columns: [String]
  /// Rows that are no rows at all: broken lines.
  public var broken: [Failure]
  /// The methods that at least one row can feed, in the order of the methods given.
  public var uses: [Use]
  /// What would open more, the fewest columns first.
  public var openings: [Opening]

  /// Reads a file to its end, once for each kind of rows that is looked for.
  ///
  /// - Parameters:
  ///   - path: a file or a folder of shards; see ``RowReader``.
  ///   - mapping: names of the file's columns in terms of ours.
  ///   - methods: what is asked about.
  /// - Throws: ``FeedbackError`` that is about more than single rows: no file, no rows.
  public init(
    _ path: String, columns mapping: ColumnMapping = ColumnMapping(), methods: [LearningMethod]
  ) throws {
    self.path = path
    let survey = try ColumnSurvey(path, mapping)
    rowCount = survey.rowCount
    columns = survey.columns
    broken = survey.failures.list
    uses = []
    var misses: [LearningMethod] = []
    var known: [[RowType]: TypeFit?] = [:]
    for method in methods {
      let fit = try known[method.accepting] ?? TypeFit(path, mapping, method)
      known[method.accepting] = .some(fit)
      if let use = fit?.use(method), use.rowCount > 0 {
        uses.append(use)
      } else {
        misses.append(method)
      }
    }
    openings = Opening.all(for: misses, found: columns, fits: known.compactMapValues { $0 })
  }
}

extension DataAdvice.Opening {
  /// The nearest way to each method that cannot be fed, joined by columns.
  fileprivate static func all(
    for misses: [LearningMethod], found: [String], fits: [[RowType]: TypeFit]
  ) -> [DataAdvice.Opening] {
    var openings: [DataAdvice.Opening] = []
    for method in misses {
      guard
        let (columns, renaming) = nearest(method, found, isTypeFed: fits[method.accepting] != nil)
      else { continue }
      if let place = openings.firstIndex(where: { $0.columns == columns && $0.renaming == renaming }
      ) {
        openings[place].methods.append(method.name)
      } else {
        openings.append(
          DataAdvice.Opening(columns: columns, methods: [method.name], renaming: renaming))
      }
    }
    return openings.enumerated().sorted {
      ($0.element.columns.count, $0.offset) < ($1.element.columns.count, $1.offset)
    }.map(\.element)
  }

  /// The columns to add, at most two of a row's type; nil where too much is missing.
  private static func nearest(
    _ method: LearningMethod, _ found: [String], isTypeFed: Bool
  ) -> (columns: [String], renaming: String?)? {
    let more = method.columns.filter { !found.contains($0) }
    if isTypeFed { return more.isEmpty ? nil : (more, nil) }
    let layouts = RowLayout.all.filter {
      $0.format == nil && method.accepting.contains($0.rowType)
    }
    if let renaming = ColumnSuggestion.nearest(found: found, layouts: layouts) {
      return (more, renaming)
    }
    let gaps = layouts.map { layout in layout.columns.filter { !found.contains($0) } }
    let near = zip(layouts, gaps).filter { layout, gap in
      gap.count <= 2 && gap.count < layout.columns.count
    }
    return near.min { $0.1.count < $1.1.count }.map { ($0.1 + more, nil) }
  }
}
