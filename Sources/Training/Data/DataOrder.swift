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
  /// Whether batches run on over the end of an epoch, so that all are full; otherwise an epoch's last may be smaller.
  public let fillsBatches: Bool

  /// Creates an order.
  public init(
    rowCount: Int, batchSize: Int, seed: UInt64, shuffles: Bool, fillsBatches: Bool = false
  ) {
    precondition(rowCount > 0 && batchSize > 0, "data order: no rows or no batch")
    self.rowCount = rowCount
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
    self.fillsBatches = fillsBatches
  }

  /// Steps of one pass over the data, rounded up.
  public var stepsPerEpoch: Int { (rowCount + batchSize - 1) / batchSize }

  /// Passes over the data done after so many steps.
  public func epoch(after stepCount: Int) -> Double {
    fillsBatches
      ? Double(stepCount * batchSize) / Double(rowCount)
      : Double(stepCount) / Double(stepsPerEpoch)
  }

  /// Lengths of the rows, where rows of like length shall share a batch; nil mixes them.
  public var lengths: [Int]?

  /// The group of each row, where rows of one group shall stand together, such as pairs of one prompt; nil mixes
  /// them. A group at the border of two batches is cut.
  public var groups: [Int]?

  /// Batches among which rows of like length are brought together.
  private static let windowBatchCount = 32

  /// The order of one epoch, counted from 0.
  public func permutation(epoch: Int) -> [Int] {
    guard shuffles else { return Array(0..<rowCount) }
    var random = SplitMix(seed, 0xDA7A, UInt64(epoch))
    let order = shuffledGroups(&random)
    guard let lengths else { return Array(order.joined()) }
    // Sorted by each group's longest row, within windows of about equally many rows.
    let longest = order.map { group in group.reduce(0) { Swift.max($0, lengths[$1]) } }
    let groupsPerWindow = Swift.max(
      1, batchSize * Self.windowBatchCount * order.count / Swift.max(1, rowCount))
    let windows = Array(order.indices).chunks(of: groupsPerWindow)
    let sorted = windows.flatMap { window in
      window.sorted { (longest[$0], order[$0][0]) < (longest[$1], order[$1][0]) }
    }
    var batches = sorted.flatMap { order[$0] }.chunks(of: batchSize)
    // Only the last batch of an epoch may be smaller, so it stays the last.
    let rest = rowCount.isMultiple(of: batchSize) ? [] : batches.removeLast()
    batches.shuffle(using: &random)
    return Array(batches.joined()) + rest
  }

  /// All groups in a new order, each with its rows in the file's order; without groups, each row is one.
  private func shuffledGroups(_ random: inout SplitMix) -> [[Int]] {
    guard let groups else { return Array(0..<rowCount).shuffled(using: &random).map { [$0] } }
    var members: [Int: [Int]] = [:]
    for (row, group) in groups.enumerated() { members[group, default: []].append(row) }
    return members.keys.sorted().shuffled(using: &random).map { members[$0] ?? [] }
  }

  /// Batches from optimizer step `first` on, without end.
  public func batches(from first: Int) -> some Sequence<[Int]> {
    sequence(state: (step: first, epoch: -1, order: [Int]())) { state in
      defer { state.step += 1 }
      // Place in the endless row of epochs.
      var place =
        fillsBatches
        ? state.step * batchSize
        : state.step / stepsPerEpoch * rowCount + state.step % stepsPerEpoch * batchSize
      var batch: [Int] = []
      repeat {
        if place / rowCount != state.epoch {
          state.epoch = place / rowCount
          state.order = permutation(epoch: state.epoch)
        }
        let start = place % rowCount
        let part = state.order[start..<Swift.min(rowCount, start + batchSize - batch.count)]
        batch += part
        place += part.count
      } while fillsBatches && batch.count < batchSize
      return batch
    }
  }
}

extension Array {
  /// Consecutive parts of at most `size` elements.
  func chunks(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min(count, $0 + size)]) }
  }
}
