// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A decoder-only transformer: token ids in, one state a position out.
///
/// The model stops before the output matrix on purpose. Log-probabilities are computed from the states of the
/// positions somebody asks about (``targetLogProbs(of:temperature:wantsEntropy:wantsTop1:)``), so the logits of a
/// whole batch never exist.
public protocol LanguageModel: AnyObject {
  /// Parameters under their checkpoint names.
  var parameters: NamedTensors { get }
  /// What the model is, as `config.json` says it.
  var configuration: ModelConfiguration { get }
  /// The output matrix, `[V, D]`; the embedding itself where the two are tied.
  var outputWeight: Tensor { get }
  /// Bound c of the logits, c · tanh(l / c); nil leaves them (all families but Gemma 2).
  var logitCap: Double? { get }
  /// Tokens no text may exceed; nil where longer texts are read, if poorly.
  var lengthLimit: Int? { get }

  /// States after the last norm: the forward pass of training and of generation.
  ///
  /// - Parameters:
  ///   - ids: `[B, T]`, int64, padded on the right: causal attention never looks there.
  ///   - context: where the tokens stand and what they may look at; made for T tokens a row.
  ///   - checkpointing: runs each block again in the backward pass instead of keeping its activations; never
  ///     together with a cache.
  /// - Returns: `[B, T, D]`.
  func states(_ ids: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor

  /// Empty rows for keys and values.
  ///
  /// - Parameters:
  ///   - rowCount: texts kept at once.
  ///   - capacity: tokens a row has room for at first.
  /// - Returns: the cache, on the model's device.
  func makeCache(rowCount: Int, capacity: Int) -> KVCache

  /// Whether texts of these two lengths have the same keys where they have the same tokens.
  ///
  /// So it is unless a position scaling depends on the length of the text; then the beginning of one cannot be taken
  /// over by the other.
  func sharesKeys(_ firstLength: Int, _ secondLength: Int) -> Bool

  /// A model of the same architecture with the same numbers and no shared memory.
  func copy(elementType: ElementType) throws -> any LanguageModel

  /// The model as decoding reads it fastest: the same numbers now, with copies of its matrices laid out for products of
  /// few rows where the device has such a layout and computes in bfloat16; else the model itself.
  ///
  /// Later changes of the model's parameters do not reach it, and a gradient does not pass it.
  func packed() throws -> any LanguageModel
}

extension LanguageModel {
  /// Most families leave the logits as they are.
  public var logitCap: Double? { nil }

  /// Most families have a position for every token.
  public var lengthLimit: Int? { nil }

  /// A model that knows no other layout is read as it is.
  public func packed() throws -> any LanguageModel { self }

  /// States after the last norm of whole texts.
  ///
  /// - Parameters:
  ///   - ids: `[B, T]`, int64, padded on the right: causal attention never looks there, so no mask is needed.
  ///   - checkpointing: runs each block again in the backward pass instead of keeping its activations.
  /// - Returns: `[B, T, D]`.
  public func states(_ ids: Tensor, checkpointing: Bool) -> Tensor {
    states(
      ids, context: AttentionContext(text: ids.size(1), device: device),
      checkpointing: checkpointing)
  }

  /// States of new tokens that continue texts in a cache, which then holds them too.
  ///
  /// - Parameters:
  ///   - tokens: the new tokens of each row; at least one each, counts may differ.
  ///   - rows: the rows of the cache they continue, each once; nil means the first ones in order.
  ///   - cache: made by ``makeCache(rowCount:capacity:)``.
  /// - Returns: `[B, T, D]` with T the largest count; states behind a row's own count mean nothing.
  public func states(_ tokens: [[Int]], rows: [Int]? = nil, cache: KVCache) -> Tensor {
    step(tokens, rows: rows, cache: cache) { states($0, context: $1, checkpointing: false) }
  }

  /// Reads new tokens, padded to `[B, T]`, and makes them part of their rows.
  func step(
    _ tokens: [[Int]], rows: [Int]?, cache: KVCache, read: (Tensor, AttentionContext) -> Tensor
  ) -> Tensor {
    precondition(tokens.allSatisfy { !$0.isEmpty }, "states: a row without new tokens")
    let rows = rows ?? Array(tokens.indices)
    let counts = tokens.map(\.count)
    let width = counts.max() ?? 0
    let padded = tokens.flatMap { $0 + [Int](repeating: $0[0], count: width - $0.count) }
    let ids = Tensor(padded, shape: [tokens.count, width], device: device)
    let context = cache.beginStep(rows: rows, counts: counts, tokenCount: width)
    let states = read(ids, context)
    cache.endStep(rows: rows, counts: counts)
    return states
  }

  /// Scores of next tokens in float32, `[..., V]`, from states `[..., D]`.
  public func logits(_ states: Tensor) -> Tensor { capped(linear(states, outputWeight)) }

  /// Products of states and output matrix as logits in float32.
  func capped(_ products: Tensor) -> Tensor {
    let raw = products.to(.float32)
    return logitCap.map { tanh(raw / $0) * $0 } ?? raw
  }

  /// Where the parameters live.
  public var device: Device { outputWeight.device }

  /// Type of the parameters.
  public var elementType: ElementType { outputWeight.elementType }

  /// Marks all parameters as trained or as frozen; matrices in few bits stay frozen.
  public func setTrainable(_ value: Bool) {
    for (name, tensor) in parameters where !QuantizedNames.isPart(name, tensor) {
      tensor.requiringGrad(value)
    }
  }

  /// Count of numbers in the model.
  public var parameterCount: Int { parameters.weightCount }

  /// States of some of a batch's tokens; its texts are read end to end, common beginnings once.
  ///
  /// - Parameters:
  ///   - batch: the texts.
  ///   - checkpointing: trades a second forward pass for memory.
  ///   - places: which tokens, as places in the row that the texts are laid out in.
  /// - Returns: `[N, D]`.
  func states(
    of batch: TokenBatch, checkpointing: Bool, at places: (JoinedTexts) -> [Int]
  ) -> Tensor {
    let texts = joined(batch)
    let ids = Tensor(texts.ids, shape: [1, texts.ids.count], device: device)
    let hidden = states(
      ids, context: AttentionContext(texts, device: device), checkpointing: checkpointing)
    return hidden.squeezed(0).rows(Tensor(places(texts), device: device))
  }

  private func joined(_ batch: TokenBatch) -> JoinedTexts {
    JoinedTexts(batch.texts, sharesKeys: sharesKeys)
  }

  /// Tokens that a forward pass over a batch reads: a beginning that texts have in common counts once.
  public func readTokenCount(of batch: TokenBatch) -> Int { joined(batch).ids.count }

  /// Log-probabilities of a batch's target tokens.
  ///
  /// - Parameters:
  ///   - batch: rows with their targets.
  ///   - temperature: divides the logits; that of sampling when the text was sampled.
  ///   - wantsEntropy: also the entropy of each whole distribution.
  ///   - wantsTop1: also whether the target was the likeliest token.
  ///   - wantsMeanLogit: also the mean of each position's logits.
  ///   - checkpointing: trades a second forward pass for memory.
  /// - Returns: flat over the N targets, in the batch's order.
  public func targetLogProbs(
    of batch: TokenBatch, temperature: Double = 1, wantsEntropy: Bool = false,
    wantsTop1: Bool = false, wantsMeanLogit: Bool = false, checkpointing: Bool = false
  ) -> TargetLogProbs {
    targetLogProbs(
      of: batch, from: targetStates(of: batch, checkpointing: checkpointing),
      temperature: temperature, wantsEntropy: wantsEntropy, wantsTop1: wantsTop1,
      wantsMeanLogit: wantsMeanLogit)
  }

  /// The states that predict a batch's N target tokens, `[N, D]`.
  ///
  /// - Parameters:
  ///   - batch: rows with their targets.
  ///   - checkpointing: trades a second forward pass for memory.
  /// - Returns: in the batch's order.
  public func targetStates(of batch: TokenBatch, checkpointing: Bool = false) -> Tensor {
    states(of: batch, checkpointing: checkpointing, at: batch.statePlaces)
  }

  /// Log-probabilities of a batch's target tokens, from the states that predict them.
  ///
  /// The parameters are those of ``targetLogProbs(of:temperature:wantsEntropy:wantsTop1:wantsMeanLogit:checkpointing:)``.
  public func targetLogProbs(
    of batch: TokenBatch, from states: Tensor, temperature: Double = 1, wantsEntropy: Bool = false,
    wantsTop1: Bool = false, wantsMeanLogit: Bool = false
  ) -> TargetLogProbs {
    Torch.targetLogProbs(
      hidden: states, weight: outputWeight, targets: batch.targets, temperature: temperature,
      cap: logitCap, wantsEntropy: wantsEntropy, wantsTop1: wantsTop1,
      wantsMeanLogit: wantsMeanLogit)
  }

  /// log π(y|x) in nats, summed over each row's target tokens, `[B]`.
  public func sequenceLogProbs(of batch: TokenBatch, checkpointing: Bool = false) -> Tensor {
    batch.rowSums(targetLogProbs(of: batch, checkpointing: checkpointing).logProbs)
  }
}
