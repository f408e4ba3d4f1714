// SPDX-License-Identifier: Apache-2.0

public import LanguageModels
import Torch

/// Log-probabilities of many token rows under a language model; neighbours that begin alike share the reading of that.
public struct RowScorer: Sendable, Equatable {
  /// Rows of a forward pass.
  public var batchSize: Int
  /// Divides the logits; 1 is the model's own distribution.
  public var temperature: Double

  /// Creates a scorer.
  ///
  /// - Parameters:
  ///   - batchSize: rows of a forward pass, at least 1.
  ///   - temperature: above 0.
  public init(batchSize: Int = 16, temperature: Double = 1) {
    precondition(batchSize > 0, "RowScorer: batchSize is \(batchSize); use 1 or more")
    precondition(temperature > 0, "RowScorer: temperature is \(temperature); use a value above 0")
    self.batchSize = batchSize
    self.temperature = temperature
  }

  /// log p of each target token.
  ///
  /// - Parameters:
  ///   - model: read without gradient.
  ///   - rows: token ids with their targets; a row without targets gives an empty list.
  ///   - progress: called with the number of rows done after each forward pass.
  /// - Returns: nats, one list a row in the order of `rows`.
  public func logProbs(
    of model: any LanguageModel, _ rows: [TokenRow], progress: ((Int) -> Void)? = nil
  ) -> [[Float]] {
    var results = [[Float]](repeating: [], count: rows.count)
    let order = rows.indices.filter { rows[$0].targetCount > 0 }
    withoutGrad {
      var start = 0
      while start < order.count {
        let part = order[start..<min(order.count, start + batchSize)]
        let batch = TokenBatch(part.map { rows[$0] }, padTokenID: 0, device: model.device)
        let values = model.targetLogProbs(of: batch, temperature: temperature).logProbs.floats
        var next = 0
        for (row, count) in zip(part, batch.targetCounts) {
          results[row] = Array(values[next..<next + count])
          next += count
        }
        start += batchSize
        progress?(min(start, order.count))
      }
    }
    return results
  }
}
