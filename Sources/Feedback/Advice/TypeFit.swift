// SPDX-License-Identifier: Apache-2.0

/// Problems of rows, counted by what they say.
struct FailureTally {
  private(set) var list: [DataAdvice.Failure] = []

  mutating func note(_ problem: String, at place: Provenance?) {
    if let known = list.firstIndex(where: { $0.problem == problem }) {
      list[known].count += 1
    } else {
      list.append(DataAdvice.Failure(problem: problem, count: 1, first: place))
    }
  }

  /// Counts an error of one row.
  ///
  /// - Throws: errors about more than one row.
  mutating func note(_ error: FeedbackError) throws(FeedbackError) {
    switch error {
    case .syntax(let place, let column, let reason):
      note("not JSON, column \(column): \(reason)", at: place)
    case .table(let place, let reason), .disagreement(let place, _, let reason):
      note(reason, at: place)
    case .field(let place, let field, let problem): note("\(field): \(problem)", at: place)
    default: throw error
    }
  }
}

/// Calls `step` until it says that there is no more; what is wrong with single rows is counted.
///
/// - Returns: how often `step` failed.
/// - Throws: errors about more than one row.
private func collect(_ tally: inout FailureTally, _ step: () throws -> Bool) throws -> Int {
  var last: FeedbackError?
  var failureCount = 0
  while true {
    do {
      guard try step() else { return failureCount }
      last = nil
    } catch let error as FeedbackError {
      // A failure that does not go away ends the file.
      guard error != last else { return failureCount }
      last = error
      try tally.note(error)
      failureCount += 1
    }
  }
}

/// The rows of a file as they stand: how many, with which columns, and which lines are none.
struct ColumnSurvey {
  private(set) var rowCount = 0
  private(set) var columns: [String] = []
  private(set) var failures = FailureTally()

  init(_ path: String, _ mapping: ColumnMapping) throws {
    let rows = try RowReader(path)
    var seen: Set<String> = []
    var names: [String] = []
    var count = 0
    let broken = try collect(&failures) {
      guard let row = try rows.next() else { return false }
      count += 1
      for key in try mapping.apply(to: row.columns, at: row.provenance).keys
      where seen.insert(key).inserted { names.append(key) }
      return true
    }
    rowCount = count + broken
    columns = names
    guard rowCount > 0 else { throw FeedbackError.empty(path) }
  }
}

/// The rows of a file as records of the types that a method accepts.
struct TypeFit {
  private let conversion: String
  private let rowCount: Int
  private let recordCount: Int
  private let failures: [DataAdvice.Failure]
  /// For each column beside those of the type: rows that can be learnt from and have it, by their place.
  private let holders: [String: Set<Int>]

  /// Nil where the columns make no row of these types, or the first rows cannot be read.
  init?(_ path: String, _ mapping: ColumnMapping, _ method: LearningMethod) throws {
    let reader: RecordReader
    do {
      reader = try RecordReader(
        path, columns: mapping, accepting: method.accepting, method: method.name)
    } catch FeedbackError.unrecognisedColumns { return nil } catch let error as FeedbackError {
      var tally = FailureTally()
      try tally.note(error)
      return nil
    }
    guard let target = Conversion.target(from: reader.rowType, accepting: method.accepting) else {
      return nil
    }
    var tally = FailureTally()
    var useless = FailureTally()
    var rows: Set<Int> = []
    var records = 0
    var holders: [String: Set<Int>] = [:]
    var random = AnnotatorRandom(path: "advice")
    _ = try collect(&tally) {
      guard let record = try reader.next() else { return false }
      let made = Conversion.convert(record, to: target, pairs: reader.pairs, using: &random)
        .filter { made in !made.body.completions.contains(where: \.isEmpty) }
      guard !made.isEmpty else {
        useless.note(Self.reason(record.body, target), at: record.provenance)
        return true
      }
      records += made.count
      if rows.insert(reader.rowCount).inserted {
        for name in record.columnNames { holders[name, default: []].insert(reader.rowCount) }
      }
      return true
    }
    let format = reader.format.map { "\($0): " } ?? ""
    conversion =
      "\(format)\(reader.rowType)" + (reader.rowType == target ? "" : " -> \(target)")
    rowCount = rows.count
    recordCount = records
    failures = tally.list + useless.list
    self.holders = holders
  }

  /// Why a row that can be read teaches nothing.
  private static func reason(_ body: RecordBody, _ target: RowType) -> String {
    if body.completions.contains(where: \.isEmpty) { return "an empty completion" }
    return switch body {
    case .comparison(let comparison):
      comparison.preference == nil ? "preference: a skipped comparison" : "preference: a tie"
    case .ranking: "ranks: all equal, which makes no pair"
    default: "no prompt, which \(target) rows need"
    }
  }

  /// What a method can take of the rows.
  func use(_ method: LearningMethod) -> DataAdvice.Use {
    var failures = failures
    var count = rowCount
    for column in method.columns {
      let holderCount = holders[column]?.count ?? 0
      if holderCount < count {
        failures.append(
          DataAdvice.Failure(
            problem: "column '\(column)' is missing", count: count - holderCount, first: nil))
      }
      count = min(count, holderCount)
    }
    return DataAdvice.Use(
      method: method, conversion: conversion, rowCount: count,
      recordCount: method.columns.isEmpty ? recordCount : count, failures: failures)
  }
}

extension Record {
  /// The columns beside those of the row's type.
  fileprivate var columnNames: [String] {
    extras.keys + (margin == nil ? [] : ["margin"]) + (weight == nil ? [] : ["weight"])
  }
}
