// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Raises or lowers the last token of given sequences where the text ends in the rest of them.
public struct SequenceBias: LogitsProcessor {
  /// A sequence of tokens and what is added to the score of its last one.
  public struct Entry: Sendable, Hashable {
    /// At least one token.
    public var ids: [Int]
    /// Added to the score; -∞ forbids.
    public var bias: Double

    /// Creates an entry.
    public init(ids: [Int], bias: Double) {
      self.ids = ids
      self.bias = bias
    }
  }

  private let single: Tensor?  // [V]
  private let longer: [Entry]

  /// Creates the rule; of entries with the same sequence the last one holds.
  public init(_ entries: [Entry], vocabularyCount: Int, device: Device) {
    var biases: [[Int]: Double] = [:]
    for entry in entries where !entry.ids.isEmpty { biases[entry.ids] = entry.bias }
    var values = [Float](repeating: 0, count: vocabularyCount)
    for (ids, bias) in biases where ids.count == 1 && values.indices.contains(ids[0]) {
      values[ids[0]] = Float(bias)
    }
    single = values.contains { $0 != 0 } ? Tensor(values, device: device) : nil
    longer = biases.filter { $0.key.count > 1 }.map { Entry(ids: $0.key, bias: $0.value) }
  }

  /// Sequences that may not come: a bias of -∞.
  ///
  /// - Parameters:
  ///   - sequences: each of at least one token.
  ///   - ends: tokens that end a text, which are never forbidden.
  ///   - vocabularyCount: V.
  ///   - device: where the scores are.
  public init(
    forbidding sequences: [[Int]], except ends: Set<Int>, vocabularyCount: Int, device: Device
  ) {
    let entries = sequences.filter { !($0.count == 1 && ends.contains($0[0])) }
      .map { Entry(ids: $0, bias: -.infinity) }
    self.init(entries, vocabularyCount: vocabularyCount, device: device)
  }

  /// Adds the biases that apply to scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let biased = single.map { scores + $0 } ?? scores
    guard !longer.isEmpty else { return biased }
    return biased.adding(
      texts.map { text in
        longer.compactMap { entry in
          let beginning = entry.ids.dropLast()
          guard text.ids.count >= beginning.count,
            text.ids.suffix(beginning.count).elementsEqual(beginning),
            let last = entry.ids.last
          else { return nil }
          return (id: last, value: entry.bias)
        }
      })
  }
}
