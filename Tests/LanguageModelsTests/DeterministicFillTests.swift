// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

func exponential(_ x: Double) -> Double { Foundation.exp(x) }
func logarithm(_ x: Double) -> Double { Foundation.log(x) }

/// Models whose weights follow a formula, so that two programs can make the same ones without a file.
///
/// transformers 5.23, float32: parameters sorted by name, number k of parameter j is
/// 0.2 cos(0.37 k + 0.11 k² / (1 + k) + 1.3 j); for weights of norms 1 + half of it, for biases half of it.
@Suite("Models with weights from a formula")
struct DeterministicFillTests {
  private static func fill(_ index: Int, _ name: String, _ shape: [Int]) -> Tensor {
    let isNorm = shape.count == 1 && (name.contains("norm") || name.contains("ln_"))
    let values = (0..<shape.reduce(1, *)).map { place in
      let k = Double(place)
      let value = 0.2 * Foundation.cos(0.37 * k + 0.11 * k * k / (1 + k) + 1.3 * Double(index))
      if name.hasSuffix("bias") { return 0.5 * value }
      return isNorm ? 1 + 0.5 * value : value
    }
    return Tensor(values, shape: shape).to(.float32)
  }

  private func filled(
    _ shape: some ModelShape, sortedAs key: (String) -> String = { $0 }
  ) throws -> any LanguageModel {
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil)
    let drawn = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 0))
    let sorted = drawn.parameters.sorted { key($0.name) < key($1.name) }
    let filled = sorted.enumerated().map {
      (name: $1.name, tensor: Self.fill($0, $1.name, $1.tensor.shape))
    }
    return try withTemporaryFolder { folder in
      try ModelFolder.save(drawn, tokenizer: nil, to: folder)
      try SafetensorsWriter.write(filled, to: folder.appending(path: "model.safetensors"))
      return try ModelFolder(folder).languageModel()
    }
  }

  /// The first four logits of the last position, and the sum of all logits of all positions.
  private func expectLogits(
    _ model: any LanguageModel, _ last: [Double], sum: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let logits = model.logits([[1, 7, 3, 9, 2, 5]])
    expectClose(
      logits.picked(1, 5).narrowed(1, 0..<4).reshaped([-1]), last, atol: 2e-6,
      sourceLocation: sourceLocation)
    expectClose(logits.sum(), sum, atol: 1e-5, sourceLocation: sourceLocation)
  }

  private func llama(
    _ family: LlamaFamily, headWidth: Int? = nil, ropeTheta: Double = 10_000,
    ropeScaling: RotaryScaling = .none, window: Int? = nil, firstSlidingLayer: Int = 0
  ) -> LlamaConfiguration {
    LlamaConfiguration(
      family: family, vocabularyCount: 12, width: 8, hiddenWidth: 10, layerCount: 2, headCount: 4,
      keyHeadCount: 2, headWidth: headWidth, maximumLength: 64, normEpsilon: 1e-6,
      ropeTheta: ropeTheta, ropeScaling: ropeScaling, slidingWindow: window,
      firstSlidingLayer: firstSlidingLayer, tiesEmbedding: false)
  }

  @Test("the families of Llama's layout give the logits transformers gives")
  func llamaLayout() throws {
    let llama3 = RotaryScaling.llama3(factor: 8, lowFactor: 1, highFactor: 4, originalLength: 32)
    expectLogits(
      try filled(llama(.llama, ropeTheta: 5e5, ropeScaling: llama3)),
      [0.083751, -0.575270, 0.813780, -0.674158], sum: -0.493681)
    expectLogits(
      try filled(llama(.mistral, window: 3)), [0.028828, -0.487780, 0.731428, -0.635328],
      sum: -0.422007)
    expectLogits(
      try filled(llama(.qwen2, window: 3, firstSlidingLayer: 1)),
      [-0.214466, -0.291824, 0.672063, -0.740380], sum: -0.703470)
    expectLogits(
      try filled(llama(.qwen3, headWidth: 4)), [0.132875, -0.566887, 0.752301, -0.588178],
      sum: -0.779785)
  }

  @Test("both generations of Gemma give the logits transformers gives")
  func gemma() throws {
    func shape(_ family: GemmaFamily, layers: Int, interval: Int) -> GemmaConfiguration {
      GemmaConfiguration(
        family: family, vocabularyCount: 12, width: 8, hiddenWidth: 10, layerCount: layers,
        headCount: 4, keyHeadCount: 2, headWidth: 4, maximumLength: 64, queryScalar: 6,
        slidingWindow: 3, fullLayerInterval: interval)
    }
    expectLogits(
      try filled(shape(.gemma2, layers: 2, interval: 2)),
      [0.128230, -0.153897, 0.111367, -0.017196], sum: -2.126608)
    expectLogits(
      try filled(shape(.gemma3, layers: 3, interval: 3)),
      [0.544320, -0.426291, 0.109985, 0.258610], sum: 0.444746)
  }

  @Test("GPT-2 and GPT-NeoX give the logits transformers gives")
  func gpt() throws {
    expectLogits(
      try filled(
        GPT2Configuration(
          vocabularyCount: 12, width: 8, layerCount: 2, headCount: 2, maximumLength: 16)),
      [0.952558, -0.430969, -0.313755, 0.914784], sum: -1.497949)
    // In memory transformers calls the head lm_head, which sorts last.
    expectLogits(
      try filled(
        GPTNeoXConfiguration(
          vocabularyCount: 12, width: 16, hiddenWidth: 20, layerCount: 2, headCount: 2,
          maximumLength: 64)
      ) { $0 == "embed_out.weight" ? "lm_head.weight" : $0 },
      [-1.041748, -0.168460, 0.985025, 0.512139], sum: -0.565038)
  }
}
