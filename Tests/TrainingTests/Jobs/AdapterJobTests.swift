// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs that train an adapter in place of all weights.
@Suite("Training of adapters")
struct AdapterJobTests {
  enum Method: String, CaseIterable, Sendable { case sft, reward, dpo, kto, lipo, ppo }

  private func settings(
    _ workshop: Workshop, _ name: String, steps: Int = 6,
    _ change: (inout AdapterConfiguration) -> Void = { _ in }
  ) -> JobSettings {
    var settings = workshop.settings(name, steps: steps)
    var adapter = AdapterConfiguration()
    adapter.rank = 4
    adapter.alpha = 8
    change(&adapter)
    settings.adapter = adapter
    return settings
  }

  private func run(
    _ method: Method, _ workshop: Workshop, _ settings: JobSettings, from start: URL? = nil
  ) throws {
    let start = start ?? workshop.base
    switch method {
    case .sft:
      try SFTJob(settings: settings, modelFolder: start)
        .run(on: Letters.completions(10), heldOut: Letters.completions(5, seed: 2))
    case .reward:
      try RewardJob(settings: settings, modelFolder: start)
        .run(on: Letters.pairs(10), heldOut: Letters.pairs(5, seed: 2))
    case .dpo:
      try DPOJob(settings: settings, modelFolder: start)
        .run(on: Letters.pairs(10), heldOut: Letters.pairs(5, seed: 2))
    case .kto:
      try KTOJob(settings: settings, modelFolder: start)
        .run(on: Letters.thumbs(10), heldOut: Letters.thumbs(5, seed: 2))
    case .lipo:
      try LiPOJob(settings: settings, modelFolder: start)
        .run(on: Letters.lists(10), heldOut: Letters.lists(5, seed: 2))
    case .ppo:
      var job = PPOJob(settings: settings, modelFolder: start)
      job.scorers = [(LetterShare(letters: ["a", "b"]), 1)]
      job.method.rolloutCount = 8
      job.method.minibatchCount = 2
      job.method.epochCount = 2
      job.method.sampling.maxNewTokens = 6
      try job.run(on: Letters.prompts(10))
    }
  }

  // MARK: Files

  @Test("results and checkpoints hold the adapter alone", arguments: Method.allCases)
  func files(method: Method) throws {
    let workshop = try Workshop()
    var settings = settings(workshop, "run", steps: 2)
    settings.saveSteps = 2
    try run(method, workshop, settings)
    for place in ["run", "run/checkpoint-2"] {
      let names = try workshop.names(place)
      #expect(names.contains("adapter_config.json"), "\(names)")
      #expect(names.contains("adapter_model.safetensors"))
      #expect(names.contains("tokenizer.json"))
      #expect(!names.contains("model.safetensors") && !names.contains("config.json"))
    }
    let folder = try ModelFolder(workshop.folder["run"])
    #expect(folder.weightsURL.path == workshop.base.path)
    #expect(folder.adapter?.task == (method == .reward ? .scalarHead : .language))
    if method == .ppo {
      let critic = try ModelFolder(workshop.folder["run/critic"])
      #expect(critic.adapter?.task == .scalarHead)
      _ = try critic.scalarHeadModel()
    }
    if method == .reward {
      _ = try folder.scalarHeadModel()
    } else {
      _ = try folder.languageModel()
    }
    let card = try String(contentsOf: workshop.folder["run/README.md"], encoding: .utf8)
    #expect(card.contains(#"- "lora""#))
  }

  @Test("the base's own files are left as they were", arguments: Method.allCases)
  func baseUntouched(method: Method) throws {
    let workshop = try Workshop()
    let before = try workshop.bytes("base/model.safetensors")
    try run(method, workshop, settings(workshop, "run", steps: 2))
    #expect(try workshop.bytes("base/model.safetensors") == before)
    #expect(
      try workshop.names("base").sorted() == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      ])
  }

  // MARK: Resuming

  private func numbers(_ workshop: Workshop, _ name: String) throws -> [[String: Double]] {
    try workshop.metrics(name).map { line in
      line.filter { name, _ in
        !["timing/", "memory/", "train_s", "train_r", "train_t"].contains(where: name.hasPrefix)
          && !["step_time", "tokens_per_second", "eps"].contains(name)
      }
    }
  }

  @Test(
    "a resumed run is the unbroken run, bit for bit, with dropout and with a base in few bits",
    arguments: Method.allCases, [nil, Quantization.nf4])
  func resuming(method: Method, quantization: Quantization?) throws {
    let workshop = try Workshop()
    func make(_ name: String) -> JobSettings {
      var made = settings(workshop, name) { $0.dropout = 0.2 }
      made.quantization = quantization
      made.saveSteps = 3
      made.evalSteps = 3
      return made
    }
    try run(method, workshop, make("whole"))
    var first = make("broken")
    var steps = 0
    first.isInterrupted = {
      steps += 1
      return steps == 3
    }
    #expect(throws: TrainingInterrupted.self) { try run(method, workshop, first) }
    var second = make("broken")
    second.resume = .latest
    try run(method, workshop, second)
    var files = ["adapter_model.safetensors", "checkpoint-6/optimizer.safetensors"]
    if method == .ppo { files.append("critic/adapter_model.safetensors") }
    for file in files {
      #expect(try workshop.bytes("whole/\(file)") == workshop.bytes("broken/\(file)"), "\(file)")
    }
    #expect(try numbers(workshop, "whole") == numbers(workshop, "broken"))
  }

  // MARK: The reference

  @Test("the reference of DPO is the policy's own base", arguments: [false, true])
  func freeReference(precomputes: Bool) throws {
    let workshop = try Workshop()
    var job = DPOJob(settings: settings(workshop, "run", steps: 3), modelFolder: workshop.base)
    job.precomputesReference = precomputes
    try job.run(on: Letters.pairs(8))
    let lines = try workshop.metrics("run").filter { $0["loss"] != nil }
    // Policy and reference are equal before the first step.
    expectClose([lines[0]["loss"] ?? 0], [0.693147], atol: 1e-6)
    #expect((lines[2]["rewards/margins"] ?? 0).magnitude > 1e-4)

    // The same with a second copy of the base as the reference.
    try FileManager.default.copyItem(at: workshop.base, to: workshop.folder["other"])
    job.settings = settings(workshop, "again", steps: 3)
    job.referenceFolder = workshop.folder["other"]
    try job.run(on: Letters.pairs(8))
    let again = try workshop.metrics("again").filter { $0["loss"] != nil }
    #expect(again.map { $0["loss"] } == lines.map { $0["loss"] })
  }

  @Test("PPO's KL against its own base is 0 before the first update, and then is not")
  func ppoReference() throws {
    let workshop = try Workshop()
    var made = settings(workshop, "run", steps: 3)
    made.optimization.learningRate = 3e-2
    try run(.ppo, workshop, made)
    let lines = try workshop.metrics("run").filter { $0["loss"] != nil }
    #expect(lines[0]["objective/kl"] == 0)
    #expect((lines[2]["objective/kl"] ?? 0).magnitude > 1e-5)
  }

  @Test("a run from an adapter goes on with it, and is held against where it began")
  func continued() throws {
    let workshop = try Workshop()
    try run(.sft, workshop, settings(workshop, "sft"))
    var made = settings(workshop, "dpo", steps: 2)
    made.disablesDropout = true
    try run(.dpo, workshop, made, from: workshop.folder["sft"])
    let lines = try workshop.metrics("dpo").filter { $0["loss"] != nil }
    expectClose([lines[0]["loss"] ?? 0], [0.693147], atol: 1e-6)
    let folder = try ModelFolder(workshop.folder["dpo"])
    #expect(folder.weightsURL.path == workshop.base.path)
    #expect(
      try workshop.bytes("dpo/adapter_model.safetensors")
        != workshop.bytes("sft/adapter_model.safetensors"))
  }

  @Test("without use_peft a run from an adapter trains all weights of the merged model")
  func mergedStart() throws {
    let workshop = try Workshop()
    try run(.sft, workshop, settings(workshop, "sft"))
    try run(.dpo, workshop, workshop.settings("dpo", steps: 2), from: workshop.folder["sft"])
    let lines = try workshop.metrics("dpo").filter { $0["loss"] != nil }
    expectClose([lines[0]["loss"] ?? 0], [0.693147], atol: 1e-5)
    let folder = try ModelFolder(workshop.folder["dpo"])
    #expect(folder.adapter == nil)
    #expect(try folder.languageModel().parameterCount == workshop.model().parameterCount)
  }

  @Test("a reward model's adapter scores in PPO, and starts its critic")
  func rewardAdapter() throws {
    let workshop = try Workshop()
    try run(.reward, workshop, settings(workshop, "reward"))
    var job = PPOJob(settings: settings(workshop, "ppo", steps: 2), modelFolder: workshop.base)
    job.rewardModelFolder = workshop.folder["reward"]
    job.criticStart = .folder(workshop.folder["reward"])
    job.method.rolloutCount = 8
    job.method.sampling.maxNewTokens = 6
    try job.run(on: Letters.prompts(10))
    let lines = try workshop.metrics("ppo").filter { $0["loss"] != nil }
    #expect((lines[0]["rewards/reward_model/std"] ?? 0) > 0)
  }

  // MARK: Dropout

  @Test("dropout acts in training alone, by the seed, and can be disabled")
  func dropout() throws {
    let workshop = try Workshop()
    func losses(_ name: String, seed: UInt64 = 42, disabled: Bool = false, share: Double = 0.5)
      throws -> [Double?]
    {
      var made = settings(workshop, name, steps: 3) { $0.dropout = share }
      made.seed = seed
      made.shuffles = false
      made.disablesDropout = disabled
      try run(.sft, workshop, made)
      return try workshop.metrics(name).filter { $0["loss"] != nil }.map { $0["loss"] }
    }
    let first = try losses("a")
    #expect(try losses("b") == first)
    let off = try losses("c", disabled: true)
    #expect(off != first)
    #expect(try losses("d", share: 0) == off)
  }

  // MARK: Errors

  @Test("weights in few bits are trained through an adapter or not at all")
  func quantizedAlone() throws {
    let workshop = try Workshop()
    var made = workshop.settings("run")
    made.quantization = .nf4
    do {
      try run(.sft, workshop, made)
      Issue.record("it ran")
    } catch TrainingError.badSetting(let name, _, let wanted) {
      #expect(name == "load_in_4bit" && wanted.contains("use_peft"))
    }
  }

  // MARK: Learning

  @Test(
    "DPO with an adapter prefers the better side of pairs it has not seen",
    arguments: [nil, Quantization.nf4])
  func learning(quantization: Quantization?) throws {
    let workshop = try Workshop()
    var made = settings(workshop, "run", steps: 40)
    made.quantization = quantization
    made.optimization.microbatchSize = 8
    made.optimization.accumulation = 1
    made.optimization.learningRate = 1e-2
    try DPOJob(settings: made, modelFolder: workshop.base)
      .run(on: Letters.pairs(128), heldOut: Letters.pairs(64, seed: 2))
    let last = try #require(try workshop.metrics("run").last { $0["eval_loss"] != nil })
    #expect(last["eval_rewards/accuracies"].map { $0 >= 0.95 } == true, "\(last)")
    #expect(last["eval_rewards/margins"].map { $0 > 0.3 } == true, "\(last)")
  }

  // With the pairs turned round the other side wins, so the accuracy follows the labels, not the model.
  @Test("and the other side of pairs turned round")
  func turnedRound() throws {
    let workshop = try Workshop()
    var made = settings(workshop, "run", steps: 40)
    made.optimization.microbatchSize = 8
    made.optimization.accumulation = 1
    made.optimization.learningRate = 1e-2
    try DPOJob(settings: made, modelFolder: workshop.base).run(
      on: Letters.pairs(128, better: "efgh", worse: "abcd"), heldOut: Letters.pairs(64, seed: 2))
    let last = try #require(try workshop.metrics("run").last { $0["eval_loss"] != nil })
    #expect(last["eval_rewards/accuracies"].map { $0 <= 0.05 } == true, "\(last)")
  }

  @Test("a reward model's adapter tells separable pairs apart")
  func rewardLearning() throws {
    let workshop = try Workshop()
    var made = settings(workshop, "run", steps: 60)
    made.optimization.microbatchSize = 8
    made.optimization.accumulation = 1
    try RewardJob(settings: made, modelFolder: workshop.base)
      .run(on: Letters.pairs(128), heldOut: Letters.pairs(64, seed: 2))
    let last = try #require(try workshop.metrics("run").last { $0["eval_accuracy"] != nil })
    #expect(last["eval_accuracy"].map { $0 >= 0.95 } == true, "\(last)")
  }
}
