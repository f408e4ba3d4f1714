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

/// Texts that a model reads together, with the places of their target tokens.
///
/// Models read them end to end, without padding; what needs them side by side, such as a text with images, takes
/// ``ids`` and ``statePositions``.
public struct TokenBatch {
  /// Token ids of each text.
  let texts: [[Int]]
  /// For each text the positions of its targets.
  private let targetPositions: [[Int]]
  private let padTokenID: Int
  private let device: Device
  /// The N target ids, row after row.
  public let targets: Tensor
  /// The row of each target, `[N]`.
  public let targetRows: Tensor
  /// For each target its place in a `[B, C]` table, C the most targets of a row.
  let slots: Tensor
  /// C: the most targets of any row.
  public let targetWidth: Int

  /// Takes rows.
  ///
  /// - Parameters:
  ///   - rows: at least one; each at least one token long.
  ///   - padTokenID: fills ``ids`` on the right; any valid id does, since no result depends on it.
  ///   - device: where the model is.
  public init(_ rows: [TokenRow], padTokenID: Int, device: Device = .cpu) {
    precondition(!rows.isEmpty && rows.allSatisfy { !$0.ids.isEmpty }, "token batch: an empty row")
    texts = rows.map(\.ids)
    targetPositions = rows.map { row in row.ids.indices.filter { row.isTarget[$0] } }
    self.padTokenID = padTokenID
    self.device = device
    let targetWidth = targetPositions.reduce(1) { Swift.max($0, $1.count) }
    self.targetWidth = targetWidth
    targets = Tensor(
      zip(rows, targetPositions).flatMap { row, places in places.map { row.ids[$0] } },
      device: device)
    targetRows = Tensor(
      targetPositions.enumerated().flatMap { row, places in
        [Int](repeating: row, count: places.count)
      }, device: device)
    slots = Tensor(
      targetPositions.enumerated().flatMap { row, places in
        places.indices.map { row * targetWidth + $0 }
      }, device: device)
  }

  /// Tokens of each row.
  public var lengths: [Int] { texts.map(\.count) }
  /// Target tokens of each row.
  public var targetCounts: [Int] { targetPositions.map(\.count) }

  /// The rows side by side, `[B, T]`, int64, padded on the right, where causal attention never looks.
  public var ids: Tensor {
    let width = texts.reduce(0) { Swift.max($0, $1.count) }
    let padded = texts.flatMap { $0 + [Int](repeating: padTokenID, count: width - $0.count) }
    return Tensor(padded, shape: [rowCount, width], device: device)
  }

  /// For each of the N targets the place among ``ids`` (row · T + position) of the state that predicts it, `[N]`.
  public var statePositions: Tensor {
    let width = texts.reduce(0) { Swift.max($0, $1.count) }
    let places = targetPositions.enumerated().flatMap { row, positions in
      positions.map { row * width + $0 - 1 }
    }
    return Tensor(places, device: device)
  }

  /// For each target the place of the state that predicts it, among texts laid end to end.
  func statePlaces(in joined: JoinedTexts) -> [Int] {
    targetPositions.enumerated().flatMap { row, positions in
      let places = joined.places(of: row)
      return positions.map { places[$0 - 1] }
    }
  }

  /// The place of each text's last token that is no padding, as Hugging Face's classifiers find it: also padding tokens
  /// written into a text itself are passed over, and a text of nothing else is read at its first.
  ///
  /// - Parameters:
  ///   - joined: the texts laid end to end.
  ///   - padTokenID: the padding token of the model; nil reads each text at its last token.
  /// - Returns: one place a text.
  func lastPlaces(in joined: JoinedTexts, besides padTokenID: Int?) -> [Int] {
    texts.enumerated().map { row, ids in
      let last = padTokenID.map { pad in ids.lastIndex { $0 != pad } ?? 0 } ?? ids.count - 1
      return joined.places(of: row)[last]
    }
  }

  /// B: rows.
  public var rowCount: Int { texts.count }
  /// N: targets of all rows.
  public var targetCount: Int { targets.elementCount }
  /// Tokens of all rows.
  public var tokenCount: Int { texts.reduce(0) { $0 + $1.count } }

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
    let counts = Tensor(targetCounts, device: device).unsqueezed(1)
    return (Tensor.range(0..<targetWidth, device: device) .< counts).to(.float32)
  }
}
