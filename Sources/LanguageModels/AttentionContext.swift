// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Where the tokens stand that a model is given, and what they may look at: all a family needs for all ways of reading.
///
/// Whole texts from their first token on, end to end in one row (training, scoring) or side by side; or new tokens of
/// some rows of a ``KVCache`` (generation). A family writes one forward pass:
///
///     let turn = rotaryEmbedding.turns(context)                             // or positions, for learned ones
///     let mixed = context.attended(query, key, value, layer: layer, style)  // in each layer, after RoPE
public final class AttentionContext {
  /// New tokens in each of some rows of a cache.
  private struct Step {
    let cache: KVCache
    let rows: [Int]
    let counts: [Int]
    /// Tokens each row held before.
    let starts: [Int]
  }

  private struct Visible {
    /// Places of the cache that are looked at.
    let places: Range<Int>
    let mask: Tensor?
  }

  /// Tokens a row that are given now, T, padding included.
  public let tokenCount: Int
  /// Positions up to the end of the longest row, padding included: the length of a table of positions.
  public let length: Int
  /// The position of every row's first new token; nil where rows stand at different ones.
  public let commonStart: Int?
  /// Tokens of each row with the new ones, without padding; those of whole texts count as one row.
  let rowLengths: [Int]
  /// Whole texts end to end; nil where each has a row of its own.
  let joined: JoinedTexts?
  private let device: Device
  private let step: Step?
  private var textMasks: [Int: Tensor] = [:]
  private var visible: [Int: Visible] = [:]

  /// Whole texts, padded on the right.
  ///
  /// - Parameters:
  ///   - tokenCount: T of `[B, T]`.
  ///   - device: where the model is.
  public init(text tokenCount: Int, device: Device) {
    self.tokenCount = tokenCount
    length = tokenCount
    rowLengths = [tokenCount]
    commonStart = 0
    joined = nil
    self.device = device
    step = nil
  }

  /// Whole texts end to end, as `[1, N]`.
  package init(_ joined: JoinedTexts, device: Device) {
    tokenCount = joined.ids.count
    length = joined.textLengths.max() ?? 0
    rowLengths = joined.textLengths
    commonStart = nil
    self.joined = joined
    self.device = device
    step = nil
  }

  /// New tokens of rows of a cache; ``KVCache/endStep(rows:counts:)`` must follow the last layer.
  init(_ cache: KVCache, rows: [Int], counts: [Int], tokenCount: Int) {
    let starts = rows.map { cache.lengths[$0] }
    self.tokenCount = tokenCount
    length = (starts.max() ?? 0) + tokenCount
    rowLengths = zip(starts, counts).map { $0 + $1 }
    commonStart = starts.allSatisfy { $0 == starts.first } ? starts.first : nil
    joined = nil
    device = cache.device
    step = Step(cache: cache, rows: rows, counts: counts, starts: starts)
  }

  /// Positions of the tokens, int64: `[T]` where all rows stand alike or there is one, else `[B, T]`.
  public private(set) lazy var positions: Tensor = makePositions()

  private func makePositions() -> Tensor {
    if let joined { return Tensor(joined.positions, device: device) }
    if let commonStart {
      return .range(commonStart..<commonStart + tokenCount, device: device)
    }
    let starts = Tensor(step?.starts ?? [], device: device).unsqueezed(1)
    return tokenCount == 1 ? starts : starts + .range(0..<tokenCount, device: device)
  }

  /// Takes one layer's new keys and values (kept, where there is a cache) and gives what queries shall look at.
  ///
  /// - Parameters:
  ///   - keys: `[B, H', T, K]`, turned to their positions.
  ///   - values: as `keys`.
  ///   - layer: the layer's number, from 0.
  ///   - window: keys a query sees, itself included; nil where there is no limit.
  /// - Returns: keys, values and mask for this layer's attention.
  public func attend(
    _ keys: Tensor, _ values: Tensor, layer: Int, window: Int? = nil
  ) -> AttentionKeys {
    step?.cache.write(
      keys, values, layer: layer, rows: step?.rows ?? [], counts: step?.counts ?? [])
    guard let step, commonStart != 0 else {
      // Nothing came before: the new tokens are all there is to see.
      let mask = textMask(window)
      return AttentionKeys(keys: keys, values: values, mask: mask, isCausal: mask == nil)
    }
    let visible = visible(step, window)
    let seen = step.cache.read(layer: layer, rows: step.rows, places: visible.places)
    return AttentionKeys(
      keys: seen.keys, values: seen.values, mask: visible.mask, isCausal: false)
  }

  /// Attention of one new token a row over its row of the cache, without masks and copies.
  ///
  /// - Parameters:
  ///   - query: `[B, H, 1, K]`.
  ///   - keys: of the new tokens, `[B, H', 1, K]`; kept.
  ///   - values: as `keys`.
  ///   - layer: the layer's number, from 0.
  ///   - style: what the layer's queries see.
  /// - Returns: `[B, H, 1, K]`; nil where that is not how the tokens stand or what the device can.
  func attendTokens(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, layer: Int, _ style: AttentionStyle
  ) -> Tensor? {
    guard let step, tokenCount == 1, device == .cpu, query.elementType == keys.elementType,
      keys.elementType == values.elementType, keys.shape == values.shape,
      [.float32, .bfloat16].contains(query.elementType)
    else { return nil }
    step.cache.write(keys, values, layer: layer, rows: step.rows, counts: step.counts)
    return step.cache.attention(
      of: query, layer: layer, rows: step.rows, places: places(step, style.window).map(Range.init),
      scale: style.scale, cap: style.cap)
  }

  /// The same from the products on, in one call: queries and keys are turned on the way.
  ///
  /// - Parameters:
  ///   - products: queries `[B, 1, H K]`, keys and values `[B, 1, H' K]`.
  ///   - turn: by what.
  ///   - layer: the layer's number, from 0.
  ///   - style: what the layer's queries see.
  /// - Returns: `[B, 1, H K]`; nil where that is not how the tokens stand or what the device can.
  func attendTokens(
    _ products: [Tensor], _ turn: Turn, layer: Int, _ style: AttentionStyle
  ) -> Tensor? {
    guard let step, tokenCount == 1, device == .cpu, products.count == 3,
      products.allSatisfy({ $0.elementType == .bfloat16 }), turn.cosine.elementType == .float32
    else { return nil }
    return step.cache.attention(
      products, turn, layer: layer, rows: step.rows, places: places(step, style.window), style)
  }

  /// Tokens that the new one of each row sees, itself the last.
  private func places(_ step: Step, _ window: Int?) -> [ClosedRange<Int>] {
    step.starts.map { start in (window.map { max(0, start + 1 - $0) } ?? 0)...start }
  }

  /// The band of a window in a whole text, `[T, T]`; nil where all of the past is within it.
  private func textMask(_ window: Int?) -> Tensor? {
    guard let window, window < tokenCount else { return nil }
    if let known = textMasks[window] { return known }
    let places = Tensor.range(0..<tokenCount, device: device)
    let mask = Self.mask(places: places, positions: positions.unsqueezed(1), window: window)
    textMasks[window] = mask
    return mask
  }

  private func visible(_ step: Step, _ window: Int?) -> Visible {
    if let known = visible[window ?? 0] { return known }
    let earliest = window.map { max(0, (step.starts.min() ?? 0) + 1 - $0) } ?? 0
    let places = earliest..<(rowLengths.max() ?? 0)
    // One new token a row at the same place everywhere sees all that was narrowed to.
    let isOpen = tokenCount == 1 && commonStart != nil
    let made = Visible(
      places: places,
      mask: isOpen
        ? nil
        : Self.mask(
          places: .range(places, device: device), positions: columns, window: window))
    visible[window ?? 0] = made
    return made
  }

  /// The positions as `[B, 1, T, 1]` (or `[1, 1, T, 1]`), to compare with places of keys.
  private var columns: Tensor {
    positions.reshaped([positions.rank == 1 ? 1 : positions.size(0), 1, tokenCount, 1])
  }

  private static func mask(places: Tensor, positions: Tensor, window: Int?) -> Tensor {
    let past = not(places .> positions)
    guard let window else { return past }
    return past .&& (places .> (positions - Double(window)))
  }
}

/// What the queries of one layer look at.
public struct AttentionKeys {
  /// `[B, H', S, K]`.
  public let keys: Tensor
  /// `[B, H', S, K]`.
  public let values: Tensor
  /// True where a query may look, broadcast to `[B, H, T, S]`; nil allows all, or what `isCausal` leaves.
  public let mask: Tensor?
  /// Whether position t sees keys up to t and no mask is needed for it.
  public let isCausal: Bool
}
