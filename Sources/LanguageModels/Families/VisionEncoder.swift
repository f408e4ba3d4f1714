// SPDX-License-Identifier: Apache-2.0
import Torch

// Attention, block and encoder of one family stand together: together they are the checkpoint map.

/// x += attention(norm x); x += feedForward(norm x), every patch seeing every other.
struct VisionBlock {
  let attentionNorm, feedForwardNorm: LayerNorm
  let q, k, v, output, up, down: Linear
  let activation: Activation
  let headWidth: Int

  init(_ scope: Scope, _ shape: VisionConfiguration) {
    func matrix(_ scope: Scope, _ from: Int, _ to: Int) -> Linear {
      Linear(scope, from: from, to: to, bias: true)
    }
    let attention = scope / "self_attn"
    attentionNorm = LayerNorm(
      scope / "layer_norm1", width: shape.width, epsilon: shape.normEpsilon)
    q = matrix(attention / "q_proj", shape.width, shape.width)
    k = matrix(attention / "k_proj", shape.width, shape.width)
    v = matrix(attention / "v_proj", shape.width, shape.width)
    output = matrix(attention / "out_proj", shape.width, shape.width)
    feedForwardNorm = LayerNorm(
      scope / "layer_norm2", width: shape.width, epsilon: shape.normEpsilon)
    up = matrix(scope / "mlp" / "fc1", shape.width, shape.hiddenWidth)
    down = matrix(scope / "mlp" / "fc2", shape.hiddenWidth, shape.width)
    activation = shape.activation
    headWidth = shape.width / shape.headCount
  }

  func callAsFunction(_ x: Tensor) -> Tensor {  // [I, N, D]
    let normed = attentionNorm(x)
    let parts = [q, k, v].map { splitHeads($0(normed), width: headWidth) }
    let scale = 1 / Double(headWidth).squareRoot()
    let mixed = attention(parts[0], parts[1], parts[2], causal: false, scale: scale)
    let attended = x + output(joinedHeads(mixed))
    return attended + down(activation(up(feedForwardNorm(attended))))
  }
}

/// The image encoders of CLIP and SigLIP: square patches, learned positions, pre-norm blocks.
///
/// Source: Radford et al. 2021, arXiv:2103.00020, section 2.4; Zhai et al. 2023, arXiv:2303.15343.
struct VisionEncoder {
  let shape: VisionConfiguration
  /// The vector before the patches (CLIP), `[D]`.
  private let classEmbedding: Tensor?
  /// A convolution whose stride is its width, `[D, 3, P, P]`: one linear map a patch.
  private let patchWeight: Tensor
  private let patchBias: Tensor?
  private let positions: Embedding
  private let inputNorm: LayerNorm?
  private let blocks: [VisionBlock]

  init(_ scope: Scope, _ shape: VisionConfiguration) {
    self.shape = shape
    let embeddings = scope / "embeddings"
    let width = shape.width
    let isCLIP = shape.family.hasClassToken
    classEmbedding =
      isCLIP
      ? embeddings.parameter("class_embedding", [width], .normal(deviation: 0.02)) : nil
    let patch = embeddings / "patch_embedding"
    patchWeight = patch.parameter(
      "weight", [width, 3, shape.patchSize, shape.patchSize], .normal(deviation: 0.02))
    patchBias = isCLIP ? nil : patch.parameter("bias", [width], .zeros)
    positions = Embedding(
      embeddings / "position_embedding", count: shape.positionCount, width: width)
    // The name is misspelled on disk.
    inputNorm =
      isCLIP ? LayerNorm(scope / "pre_layrnorm", width: width, epsilon: shape.normEpsilon) : nil
    blocks = (0..<shape.layerCount).map {
      VisionBlock(scope / "encoder" / "layers" / "\($0)", shape)
    }
    Self.keepUnread(scope, shape)
  }

  /// Parameters of what reads a whole image in the original models. Features of patches do not depend on them, but
  /// a saved model has to hold them.
  private static func keepUnread(_ scope: Scope, _ shape: VisionConfiguration) {
    let width = shape.width
    _ = LayerNorm(scope / "post_layernorm", width: width, epsilon: shape.normEpsilon)
    guard shape.hasPoolingHead else { return }
    let head = scope / "head"
    _ = head.parameter("probe", [1, 1, width], .normal(deviation: 0.02))
    let attention = head / "attention"
    _ = attention.parameter("in_proj_weight", [3 * width, width], .normal(deviation: 0.02))
    _ = attention.parameter("in_proj_bias", [3 * width], .zeros)
    _ = Linear(attention / "out_proj", from: width, to: width, bias: true)
    _ = LayerNorm(head / "layernorm", width: width, epsilon: shape.normEpsilon)
    _ = Linear(head / "mlp" / "fc1", from: width, to: shape.hiddenWidth, bias: true)
    _ = Linear(head / "mlp" / "fc2", from: shape.hiddenWidth, to: width, bias: true)
  }

  /// States of patches at some depths, side by side.
  ///
  /// - Parameters:
  ///   - pixels: `[I, 3, S, S]`, normalised as the model's preprocessor says.
  ///   - depths: 0 for what the first block reads, i for what block i gives.
  /// - Returns: `[I, N, D · depths]`, N patches in rows from the top left, after the class token where there is one.
  func callAsFunction(_ pixels: Tensor, depths: [Int]) -> Tensor {
    var x = embedded(pixels)
    if let inputNorm { x = inputNorm(x) }
    var states = [x]
    for block in blocks.prefix(depths.max() ?? 0) {
      x = block(x)
      states.append(x)
    }
    return depths.count == 1 ? states[depths[0]] : concatenated(depths.map { states[$0] }, axis: -1)
  }

  private func embedded(_ pixels: Tensor) -> Tensor {
    let (size, patch) = (shape.imageSize, shape.patchSize)
    requireArguments(
      pixels.rank == 4 && Array(pixels.shape.dropFirst()) == [3, size, size], "image encoder",
      "pixels are \(pixels.shape); expected [images, 3, \(size), \(size)], as preprocessor_config.json makes them"
    )
    let side = size / patch
    let images = pixels.size(0)
    // A size that is no multiple of the patch loses its rest, as with a convolution.
    let whole = pixels.to(patchWeight.elementType).narrowed(2, 0..<side * patch)
      .narrowed(3, 0..<side * patch)
    let patches = whole.reshaped([images, 3, side, patch, side, patch])
      .permuted([0, 2, 4, 1, 3, 5]).reshaped([images, side * side, -1])
    var x = linear(patches, patchWeight.reshaped([shape.width, -1]), patchBias)  // [I, N, D]
    if let classEmbedding {
      let first = classEmbedding.reshaped([1, 1, -1]).expanded([images, 1, -1])
      x = concatenated([first, x], axis: 1)
    }
    return x + positions.weight
  }
}
