// SPDX-License-Identifier: Apache-2.0
public import LanguageModels

/// Single completions as token rows, each good or bad: completions are targets, prompts are not.
public struct UnpairedRows: Sendable {
  /// Prompts with their completions.
  public var texts = TokenRows()
  /// Whether each completion was liked.
  public var isDesirable: [Bool] = []
  /// u(x) of each row, above 0; nil where no row has one. Column `density_ratio`.
  public var densityRatios: [Double]?
  /// A number for the prompt of each row, the same for equal prompts.
  public var promptNumbers: [Int] = []
  /// How much each row counts in the loss; nil where all count once.
  public var weights: [Double]?
  /// Most tokens of a text.
  public let maxLength: Int

  /// No rows.
  public init(maxLength: Int) { self.maxLength = maxLength }

  /// Count of rows.
  public var count: Int { texts.count }

  /// Whether there is a completion of another prompt for every row.
  public var hasSeveralPrompts: Bool { promptNumbers.contains { $0 != promptNumbers[0] } }

  /// Each prompt of a batch beside a completion that was not written for it: that of the row before it in the batch
  /// (before the first comes the last) that has another prompt, or else of the row before it in the data.
  ///
  /// - Parameter indices: the rows of a batch.
  /// - Returns: as many rows, cut to ``maxLength``.
  public func mismatched(_ indices: [Int]) -> [TokenRow] {
    indices.indices.map { place in
      let row = indices[place]
      let inBatch = (1..<max(1, indices.count)).lazy.map {
        indices[(place - $0 + indices.count) % indices.count]
      }
      let inData = (1..<max(1, count)).lazy.map { (row - $0 + count) % count }
      let isOther = { (other: Int) in promptNumbers[other] != promptNumbers[row] }
      let partner = inBatch.first(where: isOther) ?? inData.first(where: isOther) ?? row
      return joined(texts[row], texts[partner])
    }
  }

  /// The prompt of one row and the completion of another.
  private func joined(_ first: TokenRow, _ second: TokenRow) -> TokenRow {
    let prompt = first.ids.prefix(first.promptLength)
    let completion = second.ids.dropFirst(second.promptLength)
    let whole = TokenRow(prompt: Array(prompt), completion: Array(completion))
    guard whole.ids.count > maxLength else { return whole }
    return TokenRow(
      ids: Array(whole.ids.prefix(maxLength)), isTarget: Array(whole.isTarget.prefix(maxLength)))
  }

  /// The most tokens that ``mismatched(_:)`` can give.
  var longestMismatch: Int {
    let prompts = texts.map(\.promptLength)
    let completions = zip(texts, prompts).map { $0.ids.count - $1 }
    return min(maxLength, (prompts.max() ?? 0) + (completions.max() ?? 0))
  }
}

extension TokenRow {
  /// Tokens before the first target.
  fileprivate var promptLength: Int { isTarget.firstIndex(of: true) ?? ids.count }
}
