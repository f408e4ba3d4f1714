// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Numbers of whole next-token distributions")
struct DistributionTests {
  /// Two small models, and states at random places: more than one chunk of them.
  private struct Pair {
    let model: any LanguageModel
    let other: any LanguageModel
    let states: Tensor
    let otherStates: Tensor

    init(_ count: Int) throws {
      let folder = try ScratchFolder()
      var second = TinyModel()
      second.seed = 8
      second.width = 24
      try TinyModel().write(to: folder["one"])
      try second.write(to: folder["two"])
      model = try ModelFolder(folder["one"]).languageModel()
      model.setTrainable(true)
      other = try ModelFolder(folder["two"]).languageModel()
      states = Generator(seed: 1).normal(shape: [count, 16])
      otherStates = Generator(seed: 2).normal(shape: [count, 24])
    }
  }

  @Test("log of the summed squares, in chunks and at once", arguments: [1, 600])
  func squares(count: Int) throws {
    let pair = try Pair(count)
    let probabilities = pair.model.logits(pair.states).softmax(1)
    let expected = log((probabilities * probabilities).sum(1))
    let found = pair.model.logSumSquares(pair.states)
    #expect(found.shape == [count] && !found.requiresGrad)
    expectClose(found, expected.detached(), atol: 1e-5)
    #expect(found.max().item <= 1e-6)
  }

  @Test("KL from another model, with gradients, in chunks and at once", arguments: [1, 600])
  func divergence(count: Int) throws {
    let pair = try Pair(count)
    func gradients(_ value: (Tensor) -> Tensor) -> (Tensor, [Float], [Float]) {
      pair.model.outputWeight.setGrad(nil)
      let states = pair.states.asParameter()
      let each = value(states)
      // Unlike weights, so that no order of chunks passes for another.
      (each * Tensor.range(0..<count).to(.float32)).sum().backward()
      return (
        each.detached(), states.grad?.floats ?? [], pair.model.outputWeight.grad?.floats ?? []
      )
    }
    let direct = gradients { states in
      let own = pair.model.logits(states).logSoftmax(1)
      let fixed = pair.other.logits(pair.otherStates).logSoftmax(1).detached()
      return (exp(fixed) * (fixed - own)).sum(1)
    }
    let chunked = gradients { pair.model.divergence(from: pair.other, pair.otherStates, $0) }
    expectClose(chunked.0, direct.0, atol: 1e-5)
    #expect(chunked.0.doubles.allSatisfy { $0 > 0 })
    expectClose(
      chunked.1.map(Double.init), direct.1.map(Double.init), atol: 1e-3, rtol: 1e-3)
    expectClose(
      chunked.2.map(Double.init), direct.2.map(Double.init), atol: 1e-2, rtol: 1e-3)
    #expect(pair.other.outputWeight.grad == nil)
  }

  @Test("is nothing from a model itself")
  func same() throws {
    let pair = try Pair(5)
    let found = pair.model.divergence(from: pair.model, pair.states, pair.states)
    expectClose(found.detached(), [Double](repeating: 0, count: 5), atol: 1e-6)
  }
}
