// SPDX-License-Identifier: Apache-2.0
import Torch

/// Which rows each optimizer step learns from: a pure function of seed and step, so resuming needs no state.
public struct DataOrder: Sendable, Equatable {
  /// Rows of the data.
  public let rowCount: Int
  /// Rows a step.
  public let batchSize: Int
  /// Seed of the order.
  public let seed: UInt64
  /// Whether each epoch has an order of its own; otherwise the file's.
  public let shuffles: Bool

  /// Creates an order; the last batch of an epoch may be smaller.
  public init(rowCount: Int, batchSize: Int, seed: UInt64, shuffles: Bool) {
    precondition(rowCount > 0 && batchSize > 0, "data order: no rows or no batch")
    self.rowCount = rowCount
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
  }

  /// Steps of one pass over the data.
  public var stepsPerEpoch: Int { (rowCount + batchSize - 1) / batchSize }

  /// The order of one epoch, counted from 0.
  public func permutation(epoch: Int) -> [Int] {
    guard shuffles else { return Array(0..<rowCount) }
    var random = SplitMix(seed, 0xDA7A, UInt64(epoch))
    return Array(0..<rowCount).shuffled(using: &random)
  }

  /// Batches from optimizer step `first` on, without end.
  public func batches(from first: Int) -> some Sequence<[Int]> {
    sequence(state: (step: first, epoch: -1, order: [Int]())) { state in
      let epoch = state.step / stepsPerEpoch
      if epoch != state.epoch {
        state.order = permutation(epoch: epoch)
        state.epoch = epoch
      }
      let start = state.step % stepsPerEpoch * batchSize
      state.step += 1
      return Array(state.order[start..<Swift.min(rowCount, start + batchSize)])
    }
  }
}

extension Array {
  /// Consecutive parts of at most `size` elements.
  func chunks(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min(count, $0 + size)]) }
  }
}
