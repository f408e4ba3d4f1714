// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Adapted models")
struct AdaptedModelTests {
  private let ids = [3, 9, 4, 17, 22, 8]

  @Test(
    "a fresh adapter changes nothing", arguments: ["tied", "biased", "llama3"], [false, true])
  func fresh(base: String, isDoRA: Bool) throws {
    let model = try AdapterFixture.fresh(on: base) { $0.usesDoRA = isDoRA }
    expectClose(model.logits([ids]), model.base.logits([ids]), atol: 2e-6)
    #expect(model.adapter.moduleCount == 14)
  }

  @Test(
    "with the adapter off it is the base, bit for bit, and stays it while the adapter is trained")
  func adapterOff() throws {
    let plain = try Fixture.model("biased").logits([ids]).floats
    let model = try AdapterFixture.fresh { configuration in
      configuration.modulesToSave = ["norm", "lm_head"]
      configuration.bias = .all
    }
    model.setTrainable(true)
    let optimizer = AdamW(model.parameters, learningRate: 0.05)
    for _ in 0..<3 {
      optimizer.zeroGrad()
      (-model.sequenceLogProbs(of: TokenBatch([wholeRow(ids)], padTokenID: 0)).sum()).backward()
      optimizer.step()
    }
    #expect(model.logits([ids]).floats != plain)
    #expect(model.base.logits([ids]).floats == plain)
    #expect(model.base.parameters.allSatisfy { !$0.tensor.requiresGrad && $0.tensor.grad == nil })
  }

  @Test("adapter and base share every frozen tensor")
  func sharing() throws {
    let before = Tensor.liveCount
    let model = try AdapterFixture.fresh()
    let again = try AdaptedModel(
      model.base, model.adapter.configuration, generator: Generator(seed: 9))
    withExtendedLifetime(again) {
      let adapterCount = model.parameters.count + again.parameters.count
      // Tensors of the base and of two adapters, and the tables of positions of three models.
      #expect(Tensor.liveCount - before <= model.base.parameters.count + adapterCount + 40)
    }
    let frozen = model.base.parameters.reduce(0) { $0 + $1.tensor.elementCount }
    #expect(model.totalParameterCount == frozen + model.parameterCount)
  }

  // A: 4 · in, B: out · 4 over q 24x16, k and v 12x16, o 16x24, gate and up 24x16, down 16x24, in two blocks.
  @Test("the count of trained numbers is that of the small matrices")
  func counts() throws {
    let model = try AdapterFixture.fresh()
    let shapes = [(24, 16), (12, 16), (12, 16), (16, 24), (24, 16), (24, 16), (16, 24)]
    #expect(model.parameterCount == 2 * shapes.reduce(0) { $0 + 4 * ($1.0 + $1.1) })
    #expect(
      model.parameters[0].name == "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight")
  }

  @Test("A is drawn within 1/sqrt(in) from its seed, B is zero")
  func start() throws {
    let model = try AdapterFixture.fresh(seed: 5)
    let twin = try AdapterFixture.fresh(seed: 5)
    let other = try AdapterFixture.fresh(seed: 6)
    let numbers = { (model: AdaptedModel) in model.parameters.map(\.tensor.floats) }
    #expect(numbers(model) == numbers(twin))
    #expect(numbers(model) != numbers(other))
    for (name, tensor) in model.parameters {
      let bound = 1 / Double(tensor.size(1)).squareRoot()
      if name.contains("lora_A") {
        #expect(abs(tensor).max().item <= bound && abs(tensor).max().item > 0.7 * bound)
      } else {
        #expect(tensor.floats.allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("several adapters on one base do not touch each other, also inside one backward pass")
  func severalAdapters() throws {
    let policy = try AdapterFixture.fresh(seed: 1)
    let critic = ScalarHeadModel(
      trunk: try AdaptedModel(
        policy.base, policy.adapter.configuration, generator: Generator(seed: 2)),
      generator: Generator(seed: 3))
    AdapterFixture.shake(policy)
    policy.setTrainable(true)
    critic.setTrainable(true)
    let batch = TokenBatch([wholeRow(ids)], padTokenID: 0)
    func gradients(checkpointing: Bool, both: Bool) throws -> [[Float]] {
      for (_, tensor) in policy.parameters + critic.parameters { tensor.setGrad(nil) }
      // The critic is read between the policy's forward pass and the backward pass of both.
      let logProbs = policy.sequenceLogProbs(of: batch, checkpointing: checkpointing).sum()
      let values = both ? critic.values(of: batch, checkpointing: checkpointing).sum() : Tensor(0)
      _ = withoutGrad { policy.base.sequenceLogProbs(of: batch) }
      (logProbs + values).backward()
      return try policy.parameters.map { try #require($0.tensor.grad).floats }
    }
    let alone = try gradients(checkpointing: false, both: false)
    #expect(try gradients(checkpointing: false, both: true) == alone)
    let again = try gradients(checkpointing: true, both: true)
    for (found, expected) in zip(again, alone) {
      expectClose(found.map(Double.init), expected.map(Double.init), atol: 1e-4, rtol: 1e-4)
    }
    #expect(critic.parameters.contains { ($0.tensor.grad?.floats ?? []).contains { $0 != 0 } })
  }

  @Test("decoding with a cache gives the same tokens as reading whole texts")
  func generation() throws {
    let model = try AdapterFixture.open("lora")
    let sampler = Sampler(
      model, SamplingSettings(maxNewTokens: 12, temperature: 0, stopTokenIDs: []), batchSize: 2)
    let found = sampler.completions([ids, [5, 6]], seeds: [1, 2])
    for (prompt, completion) in zip([ids, [5, 6]], found) {
      var text = prompt
      for id in completion.ids {
        let logits = model.logits([text])
        #expect(logits.picked(1, text.count - 1).argmax(-1).ints[0] == id)
        text.append(id)
      }
    }
    let plain = Sampler(
      model.base, SamplingSettings(maxNewTokens: 12, temperature: 0, stopTokenIDs: []))
    #expect(plain.completions([ids], seeds: [1])[0].ids != found[0].ids)
  }

  @Test("a copy is trained without touching the original, and shares the base")
  func copies() throws {
    let model = try AdapterFixture.open("dora")
    let copy = try #require(try model.copy(elementType: .float32) as? AdaptedModel)
    #expect(copy.base === model.base)
    #expect(copy.logits([ids]).floats == model.logits([ids]).floats)
    let before = model.parameters.map(\.tensor.floats)
    AdapterFixture.shake(copy)
    #expect(model.parameters.map(\.tensor.floats) == before)
    #expect(copy.logits([ids]).floats != model.logits([ids]).floats)
  }

  @Test("an adapter of a bfloat16 base is kept in float32")
  func halfPrecision() throws {
    let folder = try ModelFolder(AdapterFixture.folder("rslora"))
    let model = try #require(
      try folder.languageModel(elementType: .bfloat16) as? AdaptedModel)
    #expect(model.elementType == .bfloat16)
    #expect(model.parameters.allSatisfy { $0.tensor.elementType == .float32 })
    let expected = try AdapterExpected.read("adapters/rslora")
    let found = model.logits([expected.rows[0].ids]).to(.float32).reshaped([-1])
    expectClose(found, expected.rows[0].logits, atol: 0.2, rtol: 0.1)
  }

  // MARK: Adapters that would do nothing

  private func failure(_ change: (inout AdapterConfiguration) -> Void) -> AdapterError? {
    do {
      _ = try AdapterFixture.fresh(change)
      return nil
    } catch {
      return error as? AdapterError
    }
  }

  @Test("an adapter that matches no layer is an error that lists the layers")
  func noTarget() {
    let kinds = [
      "down_proj", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj",
    ]
    for targets in [AdapterConfiguration.Targets.modules(["query"]), .pattern("query")] {
      let error = failure { $0.targets = targets }
      #expect(error == .noTarget(targets: "query", modules: kinds))
    }
    #expect(
      failure {
        $0.layers = [7]; $0.targets = .modules(["q_proj"])
      } != nil)
  }

  @Test("one unknown name among the targets or the modules to save is an error")
  func unknownNames() {
    guard
      case .unknownModule("target_modules", "qproj", _) = failure({
        $0.targets = .modules(["qproj", "v_proj"])
      })
    else {
      Issue.record("target")
      return
    }
    guard
      case .unknownModule("modules_to_save", "embeddings", _) = failure({
        $0.modulesToSave = ["embeddings"]
      })
    else {
      Issue.record("module to save")
      return
    }
  }

  @Test("ranges are checked")
  func ranges() {
    #expect(failure { $0.rank = 0 } != nil)
    #expect(failure { $0.alpha = -1 } != nil)
    #expect(failure { $0.dropout = 1 } != nil)
    #expect(failure { $0.targets = .modules([]) } != nil)
  }

  @Test("what users write for targets is a list, all-linear, or an expression")
  func targets() {
    #expect(AdapterConfiguration.Targets(["all-linear"]) == .allLinear)
    #expect(AdapterConfiguration.Targets(["q_proj"]) == .modules(["q_proj"]))
    #expect(AdapterConfiguration.Targets(["q_proj", "v_proj"]) == .modules(["q_proj", "v_proj"]))
    #expect(AdapterConfiguration.Targets([#".*\.q_proj"#]) == .pattern(#".*\.q_proj"#))
  }
}
