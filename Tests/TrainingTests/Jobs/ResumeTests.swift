// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs of 6 steps with checkpoints at 3 and log lines at 1, 2, 4 and 6: the checkpoint falls inside an interval.
@Suite("A resumed run is the unbroken run, bit for bit")
struct ResumeTests {
  enum Method: String, CaseIterable, Sendable { case sft, reward, dpo, kto, lipo, ppo }

  private func settings(_ workshop: Workshop, _ name: String) -> JobSettings {
    var settings = workshop.settings(name)
    settings.loggingSteps = 2
    settings.saveSteps = 3
    settings.evalSteps = 3
    settings.optimization.schedule = .cosine
    settings.optimization.weightDecay = 0.01
    return settings
  }

  private func run(_ method: Method, _ workshop: Workshop, _ settings: JobSettings) throws {
    switch method {
    case .sft:
      try SFTJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.completions(10), heldOut: Letters.completions(5, seed: 2))
    case .reward:
      try RewardJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.pairs(10), heldOut: Letters.pairs(5, seed: 2))
    case .dpo:
      try DPOJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.pairs(10), heldOut: Letters.pairs(5, seed: 2))
    case .kto:
      try KTOJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.thumbs(10), heldOut: Letters.thumbs(5, seed: 2))
    case .lipo:
      try LiPOJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.lists(10), heldOut: Letters.lists(5, seed: 2))
    case .ppo:
      var job = PPOJob(settings: settings, modelFolder: workshop.base)
      job.scorers = [(LetterShare(letters: ["a", "b"]), 1)]
      job.method.rolloutCount = 8
      job.method.minibatchCount = 2
      job.method.epochCount = 2
      job.method.sampling.maxNewTokens = 6
      job.method.klController = KLController(0.05, rule: .adaptive(target: 1, horizon: 50))
      job.method.scoreProcessing = ScoreProcessing(scaling: .running)
      try job.run(on: Letters.prompts(10))
    }
  }

  private func files(_ method: Method) -> [String] {
    let weights = ["model.safetensors", "checkpoint-6/model.safetensors"]
    let memory = ["checkpoint-6/optimizer.safetensors"]
    let critic = ["critic/model.safetensors", "checkpoint-6/critic/model.safetensors"]
    let state = ["checkpoint-6/critic_optimizer.safetensors", "checkpoint-6/ppo_state.json"]
    return weights + memory + (method == .ppo ? critic + state : [])
  }

  /// What does not depend on the clock or the machine.
  private func numbers(_ workshop: Workshop, _ name: String) throws -> [[String: Double]] {
    try workshop.metrics(name).map { line in
      line.filter { name, _ in
        !["timing/", "memory/", "train_s", "train_r", "train_t"].contains(where: name.hasPrefix)
          && !["step_time", "tokens_per_second", "eps"].contains(name)
      }
    }
  }

  private func expectEqual(_ method: Method, _ workshop: Workshop, _ a: String, _ b: String) throws
  {
    for file in files(method) {
      #expect(try workshop.bytes("\(a)/\(file)") == workshop.bytes("\(b)/\(file)"), "\(file)")
    }
    let expected = try numbers(workshop, a)
    #expect(try numbers(workshop, b) == expected)
    #expect(expected.compactMap { $0["loss"] == nil ? nil : $0["step"] } == [1, 2, 4, 6])
  }

  @Test("stopped by the user after step 3", arguments: Method.allCases)
  func interrupted(method: Method) throws {
    let workshop = try Workshop()
    try run(method, workshop, settings(workshop, "whole"))
    var first = settings(workshop, "broken")
    var steps = 0
    first.isInterrupted = {
      steps += 1
      return steps == 3
    }
    let error = #expect(throws: TrainingInterrupted.self) { try run(method, workshop, first) }
    #expect(error?.step == 3)
    #expect(!workshop.exists("broken/model.safetensors"))
    var second = settings(workshop, "broken")
    second.resume = .latest
    try run(method, workshop, second)
    try expectEqual(method, workshop, "whole", "broken")
    #expect(
      try workshop.bytes("whole/model.safetensors")
        != workshop.bytes("whole/checkpoint-3/model.safetensors"))
  }

  @Test("continued in the same folder from the middle, after it had gone on to the end")
  func fromTheMiddle() throws {
    let workshop = try Workshop()
    for name in ["whole", "again"] { try run(.sft, workshop, settings(workshop, name)) }
    var second = settings(workshop, "again")
    second.resume = .folder(workshop.folder["again/checkpoint-3"])
    second.saveLimit = 1
    try run(.sft, workshop, second)
    try expectEqual(.sft, workshop, "whole", "again")
    #expect(workshop.exists("again/checkpoints.1/checkpoint-6"))
  }

  @Test("killed while it wrote a checkpoint: the half one is ignored")
  func halfCheckpoint() throws {
    let workshop = try Workshop()
    for name in ["whole", "killed"] { try run(.dpo, workshop, settings(workshop, name)) }
    try FileManager.default.removeItem(
      at: workshop.folder["killed/checkpoint-6/trainer_state.json"])
    var second = settings(workshop, "killed")
    second.resume = .latest
    #expect(try second.checkpoint() == workshop.folder["killed/checkpoint-3"])
    try run(.dpo, workshop, second)
    try expectEqual(.dpo, workshop, "whole", "killed")
  }

  @Test("two equal runs give equal bits, another seed others", arguments: Method.allCases)
  func equalRuns(method: Method) throws {
    let workshop = try Workshop()
    for name in ["one", "two"] { try run(method, workshop, settings(workshop, name)) }
    try expectEqual(method, workshop, "one", "two")
    var other = settings(workshop, "three")
    other.seed = 43
    try run(method, workshop, other)
    #expect(
      try workshop.bytes("one/model.safetensors") != workshop.bytes("three/model.safetensors"))
  }

  // MARK: Refusals

  @Test("changed settings are refused in the user's words, free ones are not")
  func changedSettings() throws {
    let workshop = try Workshop()
    var first = settings(workshop, "run")
    first.configuration = [("learning_rate", "0.01"), ("logging_steps", "2")]
    try run(.sft, workshop, first)
    let before = try workshop.bytes("run/config.yaml")

    var changed = first
    changed.resume = .folder(workshop.folder["run/checkpoint-3"])
    changed.configuration = [("learning_rate", "0.02"), ("logging_steps", "2")]
    #expect {
      try run(.sft, workshop, changed)
    } throws: { error in
      guard case TrainingError.cannotResume(_, let reason) = error else { return false }
      return reason.contains("'learning_rate: 0.01'") && reason.contains("'learning_rate: 0.02'")
    }
    #expect(try workshop.bytes("run/config.yaml") == before)
    #expect(workshop.exists("run/checkpoint-6/trainer_state.json"))

    changed.configuration = [("learning_rate", "0.01"), ("logging_steps", "1")]
    try run(.sft, workshop, changed)
  }

  @Test("a folder that is no checkpoint is refused")
  func noCheckpoint() throws {
    let workshop = try Workshop()
    var settings = settings(workshop, "run")
    settings.resume = .folder(workshop.base)
    #expect(throws: TrainingError.self) { try run(.sft, workshop, settings) }
  }

  @Test("resuming the latest where there is none starts from the beginning")
  func nothingToResume() throws {
    let workshop = try Workshop()
    var settings = settings(workshop, "run")
    settings.resume = .latest
    try run(.sft, workshop, settings)
    #expect(try workshop.metrics("run").first?["step"] == 1)
  }
}
