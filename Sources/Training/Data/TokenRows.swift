// SPDX-License-Identifier: Apache-2.0
public import LanguageModels

/// Many token rows in flat storage: five bytes a token.
public struct TokenRows: Sendable, Equatable, RandomAccessCollection {
  private(set) var ids: [Int32] = []
  private(set) var marks: [Bool] = []
  private(set) var starts: [Int] = [0]
  /// Weights of the rows in the loss; empty where all count once.
  private(set) var weights: [Double] = []

  /// No rows.
  public init() {}

  init(ids: [Int32], marks: [Bool], starts: [Int], weights: [Double] = []) {
    self.ids = ids
    self.marks = marks
    self.starts = starts
    self.weights = weights
  }

  /// Adds a row at the end.
  ///
  /// - Parameters:
  ///   - row: its tokens.
  ///   - weight: how much it counts in the loss, above 0.
  public mutating func append(_ row: TokenRow, weight: Double = 1) {
    if weight != 1, weights.isEmpty { weights = [Double](repeating: 1, count: count) }
    if weight != 1 || !weights.isEmpty { weights.append(weight) }
    ids += row.ids.lazy.map(Int32.init)
    marks += row.isTarget
    starts.append(ids.count)
  }

  /// Zero.
  public var startIndex: Int { 0 }
  /// The count of rows.
  public var endIndex: Int { starts.count - 1 }

  /// Row `index`.
  public subscript(index: Int) -> TokenRow {
    let range = starts[index]..<starts[index + 1]
    return TokenRow(ids: ids[range].map(Int.init), isTarget: Array(marks[range]))
  }

  /// Tokens of one row.
  public func length(of index: Int) -> Int { starts[index + 1] - starts[index] }

  /// How much a row counts in the loss.
  public func weight(of index: Int) -> Double { weights.isEmpty ? 1 : weights[index] }

  /// Whether any row counts more or less than once.
  public var isWeighted: Bool { !weights.isEmpty }

  /// Tokens of all rows.
  public var tokenCount: Int { ids.count }

  /// The rows laid end to end and cut into blocks of equal length, all tokens targets: for pretraining.
  ///
  /// - Parameter length: tokens a block; a shorter rest at the end is left out.
  /// - Returns: the blocks.
  public func wrapped(length: Int) -> TokenRows {
    let count = ids.count / length
    return TokenRows(
      ids: Array(ids.prefix(count * length)), marks: [Bool](repeating: true, count: count * length),
      starts: (0...count).map { $0 * length })
  }
}
