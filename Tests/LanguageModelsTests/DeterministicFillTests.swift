// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

func exponential(_ x: Double) -> Double { Foundation.exp(x) }
func logarithm(_ x: Double) -> Double { Foundation.log(x) }

/// A Llama whose weights follow a formula, so that two programs can make the same one without a file.
///
/// transformers 5.23, float32: parameters sorted by name, number k of parameter j is
/// 0.2 cos(0.37 k + 0.11 k² / (1 + k) + 1.3 j), for weights of norms 1 + half of it.
@Suite("Llama with weights from a formula")
struct DeterministicFillTests {
  private static func fill(_ index: Int, _ name: String, _ shape: [Int]) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { place in
      let k = Double(place)
      let value = 0.2 * Foundation.cos(0.37 * k + 0.11 * k * k / (1 + k) + 1.3 * Double(index))
      return name.contains("norm") ? 1 + 0.5 * value : value
    }
    return Tensor(values, shape: shape).to(.float32)
  }

  @Test("gives the logits transformers gives")
  func logits() throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 12, width: 8, hiddenWidth: 10, layerCount: 2, headCount: 4, keyHeadCount: 2,
      maximumLength: 64, normEpsilon: 1e-6, ropeTheta: 5e5,
      ropeScaling: .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalLength: 32),
      tiesEmbedding: false)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil)
    let drawn = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 0))
    let sorted = drawn.parameters.sorted { $0.name < $1.name }
    let filled = sorted.enumerated().map {
      (name: $1.name, tensor: Self.fill($0, $1.name, $1.tensor.shape))
    }
    let store = ParameterStore(reading: TensorDictionary(filled))
    let model = try Llama(configuration, store.root)
    try store.finish()

    let logits = model.logits([[1, 7, 3, 9, 2, 5]]).picked(1, 5)
    expectClose(
      logits.narrowed(1, 0..<4).reshaped([-1]), [0.083751, -0.575270, 0.813780, -0.674158],
      atol: 2e-6)
    // The sum is over the logits of all positions.
    expectClose(model.logits([[1, 7, 3, 9, 2, 5]]).sum(), -0.493681, atol: 1e-5)
  }
}
