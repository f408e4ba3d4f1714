// SPDX-License-Identifier: Apache-2.0
public import LanguageModels
import Torch

/// Lists of completions as token rows, each with a label: completions are targets, prompts are not.
public struct ListRows: Sendable {
  /// The candidates of all lists, list after list.
  public private(set) var candidates = TokenRows()
  /// ψ of each candidate; larger is better.
  public private(set) var labels: [Double] = []
  /// Where each list begins among the candidates, and where the last ends.
  public private(set) var starts = [0]
  /// A number for the prompt of each list, the same for equal prompts.
  public var promptNumbers: [Int] = []
  /// How much each list counts in the loss; nil where all count once.
  public var weights: [Double]?

  /// No lists.
  public init() {}

  /// Adds a list at the end; both arrays have the same length.
  public mutating func append(_ rows: [TokenRow], labels: [Double]) {
    precondition(
      rows.count == labels.count, "list rows: \(rows.count) rows, \(labels.count) labels")
    rows.forEach { candidates.append($0) }
    self.labels += labels
    starts.append(candidates.count)
  }

  /// Count of lists.
  public var count: Int { starts.count - 1 }

  /// Places of a list's candidates.
  public func places(of list: Int) -> Range<Int> { starts[list]..<starts[list + 1] }

  /// Tokens of a list's longest candidate.
  func length(of list: Int) -> Int {
    places(of: list).reduce(0) { max($0, candidates.length(of: $1)) }
  }

  /// Tokens of all candidates of a list.
  func tokenCount(of list: Int) -> Int {
    places(of: list).reduce(0) { $0 + candidates.length(of: $1) }
  }
}
