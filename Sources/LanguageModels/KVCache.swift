// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Keys and values of tokens already read, in rows of one block of memory that grows as texts do.
///
/// Each row has its own length, so rows of different prompts stand at different positions without left padding. A
/// row may be emptied and filled with another text, copied over another, or cut back to its beginning at any time.
public final class KVCache {
  /// One layer's keys and values, `[R, H', capacity, K]`.
  private struct Layer {
    var keys: Tensor
    var values: Tensor
  }

  /// Keys and values of the first tokens of a row, outside any cache.
  struct Segment {
    /// `[H', n, K]` a layer.
    let layers: [(keys: Tensor, values: Tensor)]
    let tokenCount: Int
  }

  private var layers: [Layer]
  /// Tokens held of each row.
  public private(set) var lengths: [Int]
  /// Tokens a row has room for now; more are made as they are needed.
  public private(set) var capacity: Int
  let device: Device

  /// Memory grows by at least this many tokens a row.
  private static let blockSize = 64

  /// Makes empty rows.
  ///
  /// - Parameters:
  ///   - layerCount: L.
  ///   - rowCount: R, texts kept at once.
  ///   - keyHeadCount: H', heads of keys and values.
  ///   - headWidth: K.
  ///   - capacity: tokens a row has room for at first.
  ///   - elementType: of keys and values; under autocast the cache takes on the type of what is written.
  ///   - device: where the model is.
  public init(
    layerCount: Int, rowCount: Int, keyHeadCount: Int, headWidth: Int, capacity: Int,
    elementType: ElementType, device: Device
  ) {
    let shape = [rowCount, keyHeadCount, capacity, headWidth]
    layers = (0..<layerCount).map { _ in
      Layer(
        keys: .zeros(shape, elementType: elementType, device: device),
        values: .zeros(shape, elementType: elementType, device: device))
    }
    lengths = [Int](repeating: 0, count: rowCount)
    self.capacity = capacity
    self.device = device
  }

  /// Count of rows.
  public var rowCount: Int { lengths.count }

  /// Whether nothing is held.
  public var isEmpty: Bool { lengths.allSatisfy { $0 == 0 } }

  /// Forgets the end of a row's text.
  ///
  /// - Parameters:
  ///   - row: which.
  ///   - count: tokens that stay, at most those held; 0 empties the row.
  public func truncate(row: Int, to count: Int) {
    precondition(
      count <= lengths[row], "cache: row \(row) holds \(lengths[row]) tokens, not \(count)")
    lengths[row] = count
  }

  /// Makes the beginning of one row that of another, whatever that held.
  ///
  /// - Parameters:
  ///   - row: where the text is.
  ///   - target: where it shall also be.
  ///   - count: tokens copied; nil copies all.
  public func copy(row: Int, to target: Int, count: Int? = nil) {
    let count = count ?? lengths[row]
    precondition(
      count <= lengths[row], "cache: row \(row) holds \(lengths[row]) tokens, not \(count)")
    guard row != target else { return truncate(row: row, to: count) }
    for layer in layers {
      layer.keys.copyTokensInPlace(from: row, to: target, 0..<count)
      layer.values.copyTokensInPlace(from: row, to: target, 0..<count)
    }
    lengths[target] = count
  }

  /// Gives the first rows the texts of the named ones, all at once: row i becomes what `origins[i]` was.
  func rearrange(_ origins: [Int]) {
    guard origins != Array(origins.indices) else { return }
    let width = origins.reduce(0) { max($0, lengths[$1]) }
    let indices = Tensor(origins, device: device)
    for layer in layers {
      for tensor in [layer.keys, layer.values] {
        let moved = tensor.narrowed(2, 0..<width).rows(indices)
        tensor.narrowed(0, 0..<origins.count).narrowed(2, 0..<width).copyInPlace(from: moved)
      }
    }
    lengths.replaceSubrange(0..<origins.count, with: origins.map { lengths[$0] })
  }
}

// MARK: Steps

extension KVCache {
  /// Prepares reading `counts[i]` new tokens into row `rows[i]`, padded to `tokenCount`.
  func beginStep(rows: [Int], counts: [Int], tokenCount: Int) -> AttentionContext {
    precondition(
      rows.count == counts.count && Set(rows).count == rows.count
        && rows.allSatisfy(lengths.indices.contains),
      "cache: rows \(rows) of \(rowCount), with \(counts.count) counts of tokens")
    reserve(zip(rows, counts).reduce(0) { max($0, lengths[$1.0] + $1.1) })
    return AttentionContext(self, rows: rows, counts: counts, tokenCount: tokenCount)
  }

  /// Makes the tokens of a step part of their rows.
  func endStep(rows: [Int], counts: [Int]) {
    for (row, count) in zip(rows, counts) { lengths[row] += count }
  }

  /// Makes room for rows of this many tokens.
  func reserve(_ tokenCount: Int) {
    guard tokenCount > capacity else { return }
    let wanted = max(tokenCount, capacity + capacity / 4)
    let grown = (wanted + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    let width = lengths.max() ?? 0
    func enlarged(_ tensor: Tensor) -> Tensor {
      let larger = Tensor.zeros(
        [tensor.size(0), tensor.size(1), grown, tensor.size(3)], elementType: tensor.elementType,
        device: device)
      larger.narrowed(2, 0..<width).copyInPlace(from: tensor.narrowed(2, 0..<width))
      return larger
    }
    for index in layers.indices {
      layers[index].keys = enlarged(layers[index].keys)
      layers[index].values = enlarged(layers[index].values)
    }
    capacity = grown
  }

  /// Takes on the types of what is written.
  private func convert(layer: Int, keys: ElementType, values: ElementType) {
    if layers[layer].keys.elementType != keys { layers[layer].keys = layers[layer].keys.to(keys) }
    if layers[layer].values.elementType != values {
      layers[layer].values = layers[layer].values.to(values)
    }
  }

  /// Writes new tokens, `[B, H', T, K]`, behind those their rows hold.
  func write(_ keys: Tensor, _ values: Tensor, layer: Int, rows: [Int], counts: [Int]) {
    convert(layer: layer, keys: keys.elementType, values: values.elementType)
    let starts = rows.map { lengths[$0] }
    layers[layer].keys.writeTokensInPlace(keys, rows: rows, starts: starts, counts: counts)
    layers[layer].values.writeTokensInPlace(values, rows: rows, starts: starts, counts: counts)
  }

  /// Attention of one new token a row over what the rows hold, written before: the places from `starts[i]` to `ends[i]`.
  func attention(
    of query: Tensor, layer: Int, rows: [Int], places: [Range<Int>], scale: Double, cap: Double?
  ) -> Tensor {
    cachedAttention(
      query, layers[layer].keys, layers[layer].values, rows: rows, places: places, scale: scale,
      cap: cap)
  }

  /// Attention of one new token a row from the products on: keys and values are turned and written on the way.
  func attention(
    _ products: [Tensor], _ turn: Turn, layer: Int, rows: [Int], places: [ClosedRange<Int>],
    _ style: AttentionStyle
  ) -> Tensor {
    convert(layer: layer, keys: products[1].elementType, values: products[2].elementType)
    return tokenAttention(
      products[0], products[1], products[2], cosine: turn.cosine, sine: turn.sine,
      keys: layers[layer].keys, values: layers[layer].values, rows: rows, places: places,
      scale: style.scale, cap: style.cap)
  }

  /// Keys and values of some places of some rows, `[B, H', S, K]`: views where the rows follow each other.
  func read(layer: Int, rows: [Int], places: Range<Int>) -> (keys: Tensor, values: Tensor) {
    let first = rows.first ?? 0
    if rows.indices.allSatisfy({ rows[$0] == first + $0 }) {
      func part(_ tensor: Tensor) -> Tensor {
        tensor.narrowed(0, first..<first + rows.count).narrowed(2, places)
      }
      return (part(layers[layer].keys), part(layers[layer].values))
    }
    let indices = Tensor(rows, device: device)
    return (
      layers[layer].keys.narrowed(2, places).rows(indices),
      layers[layer].values.narrowed(2, places).rows(indices)
    )
  }
}

// MARK: Segments

extension KVCache {
  /// A copy of the first tokens of a row.
  func segment(row: Int, count: Int) -> Segment {
    func part(_ tensor: Tensor) -> Tensor {
      tensor.picked(0, row).narrowed(1, 0..<count).copy()
    }
    return Segment(
      layers: layers.map { (part($0.keys), part($0.values)) }, tokenCount: count)
  }

  /// Makes a row begin with the first tokens of a segment.
  func load(_ segment: Segment, row: Int, count: Int) {
    precondition(count <= segment.tokenCount, "cache: a segment of \(segment.tokenCount) tokens")
    reserve(count)
    lengths[row] = 0
    for (layer, part) in segment.layers.enumerated() {
      write(
        part.keys.narrowed(1, 0..<count).unsqueezed(0),
        part.values.narrowed(1, 0..<count).unsqueezed(0), layer: layer, rows: [row],
        counts: [count])
    }
    lengths[row] = count
  }
}
