// SPDX-License-Identifier: Apache-2.0

/// A way to learn from rows, and what the rows must hold.
public struct LearningMethod: Sendable, Hashable {
  /// What the user calls it, such as `dpo` or `dpo --loss_type odpo`.
  public var name: String
  /// Types of rows it learns from, best first; others are converted where they can be.
  public var accepting: [RowType]
  /// Columns that each row needs beside those of its type.
  public var columns: [String]

  /// A method; most need no further columns.
  public init(_ name: String, accepting: [RowType], columns: [String] = []) {
    self.name = name
    self.accepting = accepting
    self.columns = columns
  }
}
