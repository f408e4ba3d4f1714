// SPDX-License-Identifier: Apache-2.0
public import Torch

/// LLaVA: states of an image's patches stand in for tokens of a text that a decoder of any family reads.
///
/// An image is written into a text as ``LlavaConfiguration/tokensPerImage`` tokens
/// ``LlavaConfiguration/imageTokenID``; their vectors are replaced by what the projector makes of its patches.
/// Texts without images are read as by the decoder alone, so everything that trains or samples a language model takes
/// a LLaVA too.
///
/// Source: Liu et al. 2023, arXiv:2310.03744, section 3.3 (LLaVA 1.5).
public final class Llava: LanguageModel, Decoder {
  /// Parameters under their checkpoint names: decoder, encoder, projector.
  public let parameters: NamedTensors
  /// What `config.json` says.
  public let configuration: ModelConfiguration
  /// The shape, as the family knows it.
  public let shape: LlavaConfiguration

  private let encoder: VisionEncoder
  private let projector: (first: Linear, second: Linear)
  private let decoder: any Decoder

  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family "llava".
  ///   - scope: where its names begin in a store, which draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ scope: Scope) throws {
    let shape = try configuration.llava()
    self.configuration = configuration
    self.shape = shape
    decoder = try shape.text.build(scope / "language_model")
    encoder = VisionEncoder(scope / "vision_tower" / "vision_model", shape.vision)
    let projection = scope / "multi_modal_projector"
    let width = decoder.outputWeight.size(1)
    projector = (
      Linear(
        projection / "linear_1", from: shape.vision.width * shape.featureDepths.count, to: width,
        bias: shape.hasProjectorBias),
      Linear(projection / "linear_2", from: width, to: width, bias: shape.hasProjectorBias)
    )
    parameters = scope.parameters
  }

  /// The decoder's output matrix, `[V, D]`.
  public var outputWeight: Tensor { decoder.outputWeight }
  /// None: transformers gives LLaVA an output layer of its own, which leaves out the bound that Gemma 2 has.
  public var logitCap: Double? { nil }
  /// The decoder's limit.
  public var lengthLimit: Int? { decoder.lengthLimit }

  var keptShape: KeptShape { decoder.keptShape }

  func embed(_ ids: Tensor) -> Tensor { decoder.embed(ids) }

  func states(
    of embedded: Tensor, context: AttentionContext, checkpointing: Bool
  ) -> Tensor {
    decoder.states(of: embedded, context: context, checkpointing: checkpointing)
  }

  /// What stands for images among a text's vectors.
  ///
  /// - Parameter pixels: `[I, 3, S, S]`, normalised as the model's preprocessor says.
  /// - Returns: `[I, P, D]`, P being ``LlavaConfiguration/tokensPerImage``.
  public func imageVectors(_ pixels: Tensor) -> Tensor {
    let states = encoder(pixels, depths: shape.featureDepths)  // [I, N, D']
    let first = shape.dropsFirst ? 1 : 0
    let patches = states.narrowed(1, first..<states.size(1))
    return projector.second(shape.projectorActivation(projector.first(patches)))
  }

  /// States after the last norm, `[B, T, D]`, of texts with images.
  ///
  /// - Parameters:
  ///   - ids: `[B, T]`, padded on the right.
  ///   - pixels: `[I, 3, S, S]`, the images of all rows in the order of their tokens, row after row.
  ///   - checkpointing: runs each block again in the backward pass instead of keeping its activations.
  /// - Returns: `[B, T, D]`.
  public func states(_ ids: Tensor, pixels: Tensor, checkpointing: Bool) -> Tensor {
    let places = ids.ints.enumerated().filter { $0.element == shape.imageTokenID }.map(\.offset)
    return states(
      of: placing(pixels, in: embed(ids), at: places),
      context: AttentionContext(text: ids.size(1), device: device), checkpointing: checkpointing)
  }

  /// States of new tokens with images that continue texts in a cache, which then holds them too.
  ///
  /// - Parameters:
  ///   - tokens: the new tokens of each row; at least one each, counts may differ.
  ///   - pixels: `[I, 3, S, S]`, the images of all rows in the order of their tokens, row after row.
  ///   - rows: the rows of the cache they continue, each once; nil means the first ones in order.
  ///   - cache: made by ``makeCache(rowCount:capacity:)``; text that follows needs no pixels.
  /// - Returns: `[B, T, D]` with T the largest count; states behind a row's own count mean nothing.
  public func states(
    _ tokens: [[Int]], pixels: Tensor, rows: [Int]? = nil, cache: KVCache
  ) -> Tensor {
    step(tokens, rows: rows, cache: cache) { ids, context in
      let places = tokens.enumerated().flatMap { row, ids in
        ids.indices.filter { ids[$0] == shape.imageTokenID }.map { row * context.tokenCount + $0 }
      }
      return states(
        of: placing(pixels, in: embed(ids), at: places), context: context, checkpointing: false)
    }
  }

  /// Vectors of tokens `[B, T, D]` with those of images at the given places of `[B T]`.
  private func placing(_ pixels: Tensor, in tokens: Tensor, at places: [Int]) -> Tensor {
    let vectors = imageVectors(pixels).to(tokens.elementType)
    let width = tokens.size(-1)
    let count = vectors.size(0) * vectors.size(1)
    requireArguments(
      places.count == count, "images in texts",
      "the texts hold \(places.count) image tokens (id \(shape.imageTokenID)), \(vectors.size(0)) images need "
        + "\(count), \(shape.tokensPerImage) each")
    let index = Tensor(places, device: tokens.device).unsqueezed(1).expanded([-1, width])
    return tokens.reshaped([-1, width]).scattering(0, index, vectors.reshaped([-1, width]))
      .reshaped(tokens.shape)
  }
}

extension Llava {
  /// The name asked for of a name on disk: files of transformers 4 have it, files of transformers 5 put `model.`
  /// before the three parts and leave the inner prefixes out.
  static func storedName(_ stored: String, decoderTrunk: String) -> String? {
    let parts = ["vision_tower.", "multi_modal_projector.", "language_model."]
    let short = stored.hasPrefix("model.") ? String(stored.dropFirst("model.".count)) : stored
    let name = parts.contains(where: short.hasPrefix) ? short : stored
    if name.hasSuffix("embeddings.position_ids") { return nil }
    if name == "lm_head.weight" { return "language_model.lm_head.weight" }
    func inserting(_ inner: String, after outer: String, unless kept: [String]) -> String {
      guard name.hasPrefix(outer) else { return name }
      let rest = name.dropFirst(outer.count)
      return kept.contains(where: rest.hasPrefix) ? name : outer + inner + rest
    }
    if name.hasPrefix(parts[0]) {
      return inserting("vision_model.", after: parts[0], unless: ["vision_model."])
    }
    let trunk = "\(decoderTrunk)."
    return inserting(trunk, after: parts[2], unless: [trunk, "lm_head.", "embed_out."])
  }

  /// The path of a module in transformers 5 of its path here.
  static func moduleName(_ path: String) -> String {
    let outer = [
      ("vision_tower.vision_model.", "model.vision_tower."),
      ("vision_tower.", "model.vision_tower."),
      ("multi_modal_projector.", "model.multi_modal_projector."),
      ("language_model.model.", "model.language_model."),
    ]
    for (here, there) in outer where path.hasPrefix(here) {
      return there + path.dropFirst(here.count)
    }
    return path
  }

  /// The decoder's own name of a name on disk; nil for encoder and projector.
  static func textName(_ stored: String, decoderTrunk: String) -> String? {
    guard let name = storedName(stored, decoderTrunk: decoderTrunk) else { return nil }
    let outer = "language_model."
    if name.hasPrefix(outer) { return String(name.dropFirst(outer.count)) }
    return name.hasPrefix("vision_tower.") || name.hasPrefix("multi_modal_projector.") ? nil : name
  }
}
