// SPDX-License-Identifier: Apache-2.0
public import Torch

/// One sequence and which of its tokens count.
public struct TokenRow: Sendable, Hashable {
  /// Token ids of the whole sequence.
  public var ids: [Int]
  /// True where a token is a target; the first token never is, since nothing predicts it.
  public var isTarget: [Bool]

  /// Creates a row; both lists have the same length.
  public init(ids: [Int], isTarget: [Bool]) {
    precondition(
      ids.count == isTarget.count, "token row: \(ids.count) ids but \(isTarget.count) marks")
    self.ids = ids
    self.isTarget = isTarget
    if !self.isTarget.isEmpty { self.isTarget[0] = false }
  }

  /// A prompt followed by a completion, all of whose tokens count.
  public init(prompt: [Int], completion: [Int]) {
    self.init(
      ids: prompt + completion,
      isTarget: [Bool](repeating: false, count: prompt.count)
        + [Bool](repeating: true, count: completion.count))
  }

  /// Count of target tokens.
  public var targetCount: Int { isTarget.reduce(0) { $0 + ($1 ? 1 : 0) } }
}

/// Rows side by side, padded on the right, with the places of their target tokens.
///
/// Padding never reaches a result: attention is causal, and only the states before targets are read.
public struct TokenBatch {
  /// Token ids `[B, T]`, int64.
  public let ids: Tensor
  /// Tokens of each row without padding.
  public let lengths: [Int]
  /// Target tokens of each row.
  public let targetCounts: [Int]
  /// For each of the N targets the flat place (row · T + position) of the state that predicts it, `[N]`.
  public let statePositions: Tensor
  /// The N target ids, row after row.
  public let targets: Tensor
  /// The row of each target, `[N]`.
  public let targetRows: Tensor
  /// For each target its place in a `[B, C]` table, C the most targets of a row.
  let slots: Tensor
  /// C: the most targets of any row.
  public let targetWidth: Int

  /// Lays rows out.
  ///
  /// - Parameters:
  ///   - rows: at least one; each at least one token long.
  ///   - padTokenID: fills the right; any valid id does, since no result depends on it.
  ///   - device: where the model is.
  public init(_ rows: [TokenRow], padTokenID: Int, device: Device = .cpu) {
    precondition(!rows.isEmpty && rows.allSatisfy { !$0.ids.isEmpty }, "token batch: an empty row")
    let width = rows.reduce(0) { Swift.max($0, $1.ids.count) }
    let targetWidth = rows.reduce(1) { Swift.max($0, $1.targetCount) }
    var flat: [Int] = []
    flat.reserveCapacity(width * rows.count)
    var statePositions: [Int] = []
    var targets: [Int] = []
    var targetRows: [Int] = []
    var slots: [Int] = []
    for (index, row) in rows.enumerated() {
      var slot = index * targetWidth
      for position in row.ids.indices where row.isTarget[position] {
        statePositions.append(index * width + position - 1)
        targets.append(row.ids[position])
        targetRows.append(index)
        slots.append(slot)
        slot += 1
      }
      flat += row.ids
      flat += [Int](repeating: padTokenID, count: width - row.ids.count)
    }
    ids = Tensor(flat, shape: [rows.count, width], device: device)
    lengths = rows.map(\.ids.count)
    targetCounts = rows.map(\.targetCount)
    self.statePositions = Tensor(statePositions, device: device)
    self.targets = Tensor(targets, device: device)
    self.targetRows = Tensor(targetRows, device: device)
    self.slots = Tensor(slots, device: device)
    self.targetWidth = targetWidth
  }

  /// B: rows.
  public var rowCount: Int { lengths.count }
  /// N: targets of all rows.
  public var targetCount: Int { targets.elementCount }
  /// Tokens without padding.
  public var tokenCount: Int { lengths.reduce(0, +) }

  /// Sums values of targets `[N]` by row, `[B]`.
  public func rowSums(_ values: Tensor) -> Tensor {
    Tensor.zeros([rowCount], elementType: values.elementType, device: values.device)
      .scatterAdding(0, targetRows, values)
  }

  /// Values of targets `[N]` as a table `[B, C]`, zero where a row has fewer targets.
  public func table(_ values: Tensor) -> Tensor {
    Tensor.zeros([rowCount * targetWidth], elementType: values.elementType, device: values.device)
      .scattering(0, slots, values).reshaped([rowCount, targetWidth])
  }

  /// 1 where a table `[B, C]` holds a target, float32.
  public var targetMask: Tensor {
    let counts = Tensor(targetCounts, device: ids.device).unsqueezed(1)
    return (Tensor.range(0..<targetWidth, device: ids.device) .< counts).to(.float32)
  }

  /// The flat place of each row's last token, `[B]`.
  public var lastPositions: Tensor {
    let width = ids.size(1)
    return Tensor(
      lengths.enumerated().map { $0.offset * width + $0.element - 1 }, device: ids.device)
  }

  /// The flat place of each row's last token that is no padding, `[B]`, as Hugging Face's classifiers find it: also
  /// padding tokens written into a text itself are passed over, and a row of nothing else is read at its first.
  ///
  /// - Parameter padTokenID: the padding token of the model; nil reads each row at its last token.
  /// - Returns: `[B]`, int64.
  public func lastPositions(besides padTokenID: Int?) -> Tensor {
    guard let padTokenID else { return lastPositions }
    let width = ids.size(1)
    let places = Tensor.range(0..<width, device: ids.device)
    let ends = Tensor(lengths, device: ids.device).unsqueezed(1)
    let isText = (ids .!= Double(padTokenID)) .&& (places.unsqueezed(0) .< ends)
    let last = select(where: isText, places.unsqueezed(0), Tensor([0], device: ids.device)).max(1)
    let starts = Tensor((0..<rowCount).map { $0 * width }, device: ids.device)
    return starts + last
  }
}
