// SPDX-License-Identifier: Apache-2.0
import Torch

/// Keys and values of tokens already read, in blocks allocated once.
///
/// Each row has its own length, so rows of different prompts stand at different positions without left padding.
public final class KVCache {
  /// One layer's keys and values, `[B, H', capacity, K]`.
  struct Layer {
    var keys: Tensor
    var values: Tensor
  }

  var layers: [Layer]
  /// Tokens held of each row.
  public private(set) var lengths: [Int]
  /// Tokens a row may hold.
  public let capacity: Int
  private let device: Device

  init(
    layerCount: Int, rowCount: Int, keyHeadCount: Int, headWidth: Int, capacity: Int,
    elementType: ElementType, device: Device
  ) {
    layers = (0..<layerCount).map { _ in
      let shape = [rowCount, keyHeadCount, capacity, headWidth]
      return Layer(
        keys: .zeros(shape, elementType: elementType, device: device),
        values: .zeros(shape, elementType: elementType, device: device))
    }
    lengths = [Int](repeating: 0, count: rowCount)
    self.capacity = capacity
    self.device = device
  }

  /// Whether nothing has been read yet.
  public var isEmpty: Bool { lengths.allSatisfy { $0 == 0 } }

  /// Sets the real lengths after prompts padded on the right were read.
  public func setLengths(_ lengths: [Int]) {
    precondition(lengths.count == self.lengths.count, "cache: one length a row")
    self.lengths = lengths
  }

  /// What one decoding step needs to know about places; the same for all layers.
  struct Step {
    /// Where each row's new token goes, `[B, 1, 1, 1]`.
    let slots: Tensor
    /// Positions of the new tokens, `[B]`.
    let positions: Tensor
    /// Keys to look at: the longest row with its new token.
    let width: Int
    /// True where a row may look, `[B, 1, 1, width]`; nil where all rows are equally long.
    let mask: Tensor?
  }

  func beginStep() -> Step {
    let positions = Tensor(lengths, device: device)
    let width = (lengths.max() ?? 0) + 1
    precondition(width <= capacity, "cache: \(width) tokens in a cache for \(capacity)")
    let isEven = lengths.allSatisfy { $0 == width - 1 }
    let column = positions.reshaped([-1, 1, 1, 1])
    let mask =
      isEven ? nil : not(Tensor.range(0..<width, device: device).reshaped([1, 1, 1, -1]) .> column)
    return Step(slots: column, positions: positions, width: width, mask: mask)
  }

  /// Writes one new token a row into a layer and gives what attention reads.
  func append(_ keys: Tensor, _ values: Tensor, layer: Int, step: Step) -> (Tensor, Tensor) {
    let index = step.slots.expanded(keys.shape)
    layers[layer].keys.scatterInPlace(2, index, keys)
    layers[layer].values.scatterInPlace(2, index, values)
    return (
      layers[layer].keys.narrowed(2, 0..<step.width),
      layers[layer].values.narrowed(2, 0..<step.width)
    )
  }

  func endStep() { lengths = lengths.map { $0 + 1 } }

  /// Writes whole prompts, `[B, H', T, K]`, into an empty layer.
  func fill(_ keys: Tensor, _ values: Tensor, layer: Int) {
    let width = keys.size(2)
    precondition(width <= capacity, "cache: \(width) tokens in a cache for \(capacity)")
    if layers[layer].keys.elementType != keys.elementType {
      // Under autocast keys come in the products' type, which the cache then takes on.
      layers[layer].keys = layers[layer].keys.to(keys.elementType)
      layers[layer].values = layers[layer].values.to(values.elementType)
    }
    layers[layer].keys.narrowed(2, 0..<width).copyInPlace(from: keys)
    layers[layer].values.narrowed(2, 0..<width).copyInPlace(from: values)
  }

  /// Keeps only the given rows, in their order; finished rows cost nothing from then on.
  public func keep(rows: [Int]) {
    let indices = Tensor(rows, device: device)
    layers = layers.map { Layer(keys: $0.keys.rows(indices), values: $0.values.rows(indices)) }
    lengths = rows.map { lengths[$0] }
  }
}
