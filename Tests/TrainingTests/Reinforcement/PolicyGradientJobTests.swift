// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs of a few updates of a tiny model against the share of some letters.
struct GroupRuns {
  static func job(
    _ workshop: Workshop, _ method: any CriticFreeMethod = GRPO(), _ name: String = "run",
    steps: Int = 2, _ change: (inout PolicyGradientJob) -> Void = { _ in }
  ) -> PolicyGradientJob {
    var job = PolicyGradientJob(
      settings: workshop.settings(name, steps: steps), modelFolder: workshop.base, method: method,
      title: ("method", "paper"))
    job.scorers = [(LetterShare(letters: ["a", "b", "c"]), 1)]
    job.training.promptCount = 4
    job.training.groupSize = 4
    job.training.sampling.maxNewTokens = 8
    change(&job)
    return job
  }

  static func metrics(
    _ workshop: Workshop? = nil, _ method: any CriticFreeMethod = GRPO(), steps: Int = 2,
    prompts: Int = 16, promptLength: ClosedRange<Int> = 4...8,
    _ change: (inout PolicyGradientJob) -> Void = { _ in }
  ) throws -> [[String: Double]] {
    let name = "run-\(UUID().uuidString)"
    let workshop = try workshop ?? Workshop()
    try job(workshop, method, name, steps: steps, change)
      .run(on: Letters.prompts(prompts, length: promptLength))
    return try workshop.metrics(name).filter { $0["loss"] != nil }
  }

  static let methods: [(name: String, method: any CriticFreeMethod)] = [
    ("GRPO", GRPO()),
    ("GRPO with KL", GRPO(loss: PolicyGradientLoss(klCoefficient: 0.04))),
    (
      "DAPO",
      GRPO(
        loss: PolicyGradientLoss(
          surrogate: ClippedPolicyLoss(clipRangeHigh: 0.28), average: .tokens))
    ),
    (
      "Dr. GRPO",
      GRPO(
        rewards: .summed(GroupAdvantage(scale: .none)),
        loss: PolicyGradientLoss(average: .constantLength(8)))
    ),
    ("GSPO", GRPO(loss: PolicyGradientLoss(ratio: .sequence))),
    ("CISPO", GRPO(loss: PolicyGradientLoss(surrogate: CISPO(), average: .tokens))),
    ("SAPO", GRPO(loss: PolicyGradientLoss(surrogate: SAPO()))),
    ("RLOO", RLOO()),
    ("REINFORCE++", ReinforcePlusPlus()),
    ("REINFORCE++-baseline", ReinforcePlusPlus(usesGroupBaseline: true)),
  ]

  static func method(_ name: String) throws -> any CriticFreeMethod {
    try #require(methods.first { $0.name == name }?.method)
  }
}

@Suite("Policy gradients on a tiny model")
struct PolicyGradientJobTests {
  private struct Fixed: Scorer {
    let name = "fixed"
    var acceptsNull = false
    /// A score by place among the completions.
    let value: (Int) -> Double
    func scores(prompts: [String], completions: [String], extras: [JSONObject]) -> [Double] {
      completions.indices.map(value)
    }
  }

  // MARK: Names

  @Test("every update logs the metrics the field knows")
  func names() throws {
    let method = GRPO(loss: PolicyGradientLoss(klCoefficient: 0.04))
    let line = try #require(
      try GroupRuns.metrics(nil, method, steps: 1) {
        $0.training.iterationCount = 2
        $0.training.sampling.maxNewTokens = 20
      }.first)
    let expected = [
      "loss", "grad_norm", "learning_rate", "epoch", "step", "num_tokens", "entropy", "step_time",
      "tokens_per_second", "memory/peak_mib", "reward", "reward_std", "rewards/share/mean",
      "rewards/share/std", "frac_reward_zero_std", "kl", "kl_sequence", "policy_loss",
      "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean", "clip_ratio/high_max",
      "clip_ratio/region_mean", "completions/mean_length", "completions/min_length",
      "completions/max_length", "completions/clipped_ratio", "completions/mean_terminated_length",
      "completions/min_terminated_length", "completions/max_terminated_length",
      "sampling/importance_sampling_ratio/min", "sampling/importance_sampling_ratio/mean",
      "sampling/importance_sampling_ratio/max", "sampling/sampling_logp_difference/mean",
      "sampling/sampling_logp_difference/max", "timing/generate", "timing/reward",
      "timing/old_logprob", "timing/ref_logprob", "timing/update", "timing/step_total",
    ]
    #expect(expected.filter { line[$0] == nil } == [])
    expectClose([line["reward"] ?? .nan], [line["rewards/share/mean"] ?? .infinity], atol: 1e-6)
  }

  @Test("the sampler's log-probabilities are those of training, also with a temperature")
  func samplerAgrees() throws {
    let line = try #require(
      try GroupRuns.metrics(steps: 1) { $0.training.sampling.temperature = 0.7 }.first)
    #expect(line["sampling/sampling_logp_difference/max"].map { $0 < 1e-3 } == true)
    expectClose([line["sampling/importance_sampling_ratio/mean"] ?? .nan], [1], atol: 1e-3)
  }

  @Test("a step on the policy that sampled clips nothing, and its loss is about 0 but trains")
  func onPolicy() throws {
    for line in try GroupRuns.metrics() {
      for name in ["low_mean", "low_min", "high_mean", "high_max", "region_mean"] {
        #expect(line["clip_ratio/\(name)"] == 0)
      }
      #expect((line["grad_norm"] ?? 0) > 0)
      // Advantages of a group sum to 0, and every completion counts alike.
      expectClose([line["policy_loss"] ?? .nan], [0], atol: 1e-5)
    }
    let again = try #require(
      try GroupRuns.metrics(steps: 1) { $0.training.iterationCount = 4 }.first)
    #expect((again["clip_ratio/region_mean"] ?? 0) > 0)
  }

  @Test(
    "the KL is 0 where policy and reference are equal, and then is not; nothing asks for it at 0")
  func kl() throws {
    let methods: [any CriticFreeMethod] = [
      GRPO(loss: PolicyGradientLoss(klCoefficient: 0.1)), RLOO(), ReinforcePlusPlus(),
    ]
    for method in methods {
      let lines = try GroupRuns.metrics(nil, method)
      expectClose([lines[0]["kl"] ?? .nan, lines[0]["kl_sequence"] ?? .nan], [0, 0], atol: 1e-6)
      #expect((lines[1]["kl"] ?? 0) > 1e-6)
      #expect((lines[1]["kl_sequence"] ?? 0) > (lines[1]["kl"] ?? .infinity))
    }
    for method in [GRPO(), RLOO(klCoefficient: 0)] as [any CriticFreeMethod] {
      let line = try #require(try GroupRuns.metrics(nil, method, steps: 1).first)
      #expect(line["kl"] == nil && line["timing/ref_logprob"] == nil)
    }
  }

  // MARK: Batches

  @Test(
    "no result depends on the size of forward passes, nor on who shares the reading of a prompt",
    arguments: GroupRuns.methods.map(\.name), [4...8, 20...24])
  func microbatches(name: String, promptLength: ClosedRange<Int>) throws {
    let method = try GroupRuns.method(name)
    let runs = try [1, 3, 16].map { size in
      try GroupRuns.metrics(nil, method, steps: 3, promptLength: promptLength) {
        $0.settings.optimization.microbatchSize = size
        $0.training.readingBatchSize = size == 3 ? 5 : nil
        $0.training.generationBatchSize = size == 3 ? 3 : 64
        $0.training.masksTruncated = true
        $0.training.sampling.maxNewTokens = 12
      }
    }
    // A pass over completions of one prompt reads it once; cut completions are left out above, here they count.
    let whole = try GroupRuns.metrics(nil, method, steps: 1, promptLength: promptLength) {
      $0.settings.optimization.microbatchSize = 16
      $0.training.sampling.maxNewTokens = 12
    }
    let share = try #require(whole[0]["shared_token_share"])
    #expect(promptLength.lowerBound < 16 ? share == 0 : share > 0.3, "\(share)")
    for other in runs.dropFirst() {
      for (one, two) in zip(runs[0], other) {
        for key in ["loss", "policy_loss", "grad_norm", "reward", "entropy", "kl", "num_tokens"] {
          guard let value = one[key] else { continue }
          expectClose([two[key] ?? .nan], [value], atol: 2e-5, rtol: 1e-3)
        }
      }
    }
  }

  @Test("several optimizer steps share the completions of an update")
  func minibatches() throws {
    let workshop = try Workshop()
    for (name, count) in [("one", 1), ("two", 2)] {
      try GroupRuns.job(workshop, GRPO(), name) { $0.training.minibatchCount = count }
        .run(on: Letters.prompts(16))
    }
    #expect(try workshop.metrics("one").count == workshop.metrics("two").count)
    #expect(
      try workshop.bytes("one/model.safetensors") != workshop.bytes("two/model.safetensors"))
  }

  @Test("epochs count prompts, and updates take the next ones")
  func epochs() throws {
    let lines = try GroupRuns.metrics(steps: 3, prompts: 6)
    expectClose(lines.map { $0["epoch"] ?? .nan }, [4.0 / 6, 8.0 / 6, 2], atol: 1e-12)
  }

  @Test("a prompt is completed as often as asked, by completions of their own")
  func groups() throws {
    let workshop = try Workshop()
    try GroupRuns.job(workshop, steps: 1) { $0.logsCompletions = true }.run(on: Letters.prompts(16))
    let text = try String(
      contentsOf: workshop.folder["run/completions/step_000001.jsonl"], encoding: .utf8)
    let rows = try text.split(separator: "\n").map {
      try #require(JSONValue(parsing: String($0)).object)
    }
    let prompts = rows.compactMap { $0["prompt"]?.string }
    #expect(prompts.count == 16)
    for group in 0..<4 { #expect(Set(prompts[group * 4..<group * 4 + 4]).count == 1) }
    #expect(Set(prompts).count == 4)
    #expect(Set(rows.compactMap { $0["completion"]?.string }).count > 8)
    let advantages = rows.compactMap { $0["advantage"]?.double }
    #expect(abs(advantages[0..<4].reduce(0, +)) < 1e-5)
  }

  // MARK: Groups that teach nothing

  @Test("where all rewards are equal nothing moves, and the log tells")
  func equalRewards() throws {
    let workshop = try Workshop()
    let methods: [any CriticFreeMethod] = [
      GRPO(), RLOO(klCoefficient: 0), ReinforcePlusPlus(klCoefficient: 0),
    ]
    for (index, method) in methods.enumerated() {
      let job = GroupRuns.job(workshop, method, "run\(index)", steps: 4) {
        $0.scorers = [(Fixed { _ in 0.1 }, 1)]
        $0.settings.optimization.weightDecay = 0.1
      }
      try job.run(on: Letters.prompts(16))
      let lines = try workshop.metrics("run\(index)").filter { $0["loss"] != nil }
      #expect(lines.allSatisfy { $0["frac_reward_zero_std"] == 1 && $0["reward_std"] == 0 })
      #expect(lines.allSatisfy { $0["grad_norm"] == 0 && $0["loss"] == 0 })
      let before = try workshop.model().parameters
      let after = try workshop.model(workshop.folder["run\(index)"]).parameters
      for (name, tensor) in before {
        #expect(after.first { $0.name == name }?.tensor.floats == tensor.floats, "\(name)")
      }
    }
  }

  @Test("groups of equal rewards are left out of the forward pass without a change to the others")
  func someEqual() throws {
    // The first two groups are all alike.
    let scorer = Fixed { $0 < 8 ? 0.5 : Double($0 % 4) }
    let line = try #require(
      try GroupRuns.metrics(steps: 1) { $0.scorers = [(scorer, 1)] }.first)
    #expect(line["frac_reward_zero_std"] == 0.5)
    #expect((line["grad_norm"] ?? 0) > 0)
    // A KL of next to nothing reads all completions; the gradient is the same.
    let all = try #require(
      try GroupRuns.metrics(
        nil, GRPO(loss: PolicyGradientLoss(klCoefficient: 1e-12)), steps: 1
      ) { $0.scorers = [(scorer, 1)] }.first)
    expectClose(
      [line["grad_norm"] ?? .nan], [all["grad_norm"] ?? .infinity], atol: 1e-5, rtol: 1e-4)
    expectClose([line["loss"] ?? .nan], [all["loss"] ?? .infinity], atol: 1e-6)
  }

  @Test("dynamic sampling replaces groups of equal rewards by others, and stops where none differ")
  func dynamicSampling() throws {
    let line = try #require(
      try GroupRuns.metrics(steps: 1) {
        // Whole letters only: most groups of short completions agree.
        $0.scorers = [(LetterShare(letters: ["a"]), 1)]
        $0.training.sampling.maxNewTokens = 1
        $0.training.resamplingCount = 0
      }.first)
    let before = try #require(line["frac_reward_zero_std"])
    #expect(before > 0, "all groups differ, so this run shows nothing")
    let more = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(LetterShare(letters: ["a"]), 1)]
        $0.training.sampling.maxNewTokens = 1
        $0.training.resamplingCount = 10
      }.first)
    #expect((more["frac_reward_zero_std"] ?? 1) < before)
    #expect((more["dynamic_sampling/replaced_groups"] ?? 0) > 0)
    let none = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(Fixed { _ in 1 }, 1)]
        $0.training.resamplingCount = 2
      }.first)
    #expect(none["dynamic_sampling/replaced_groups"] == 0)
    #expect(none["frac_reward_zero_std"] == 1)
  }

  @Test("completions cut at the limit are left out of the loss where asked, but not of the rewards")
  func truncated() throws {
    let workshop = try Workshop()
    let lines = try [false, true].map { masks in
      try #require(
        try GroupRuns.metrics(workshop, steps: 1) {
          $0.training.masksTruncated = masks
          $0.training.sampling.maxNewTokens = 20
        }.first)
    }
    let share = lines[0]["completions/clipped_ratio"] ?? .nan
    #expect(share > 0 && share < 1, "all alike, so this run shows nothing")
    #expect(lines[0]["reward"] == lines[1]["reward"])
    #expect(lines[0]["grad_norm"] != lines[1]["grad_norm"])
    let all = try #require(
      try GroupRuns.metrics(workshop, steps: 1) {
        $0.training.masksTruncated = true
        $0.training.sampling.maxNewTokens = 1
        $0.stopToken = "h"
      }.first)
    if all["completions/clipped_ratio"] == 1 { #expect(all["grad_norm"] == 0) }
  }

  @Test("penalties for length and for a missing end come off the reward")
  func penalties() throws {
    let line = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(Fixed { _ in 1 }, 1)]
        $0.training.missingEOS = .penalty(0.5)
        $0.training.sampling.maxNewTokens = 20
      }.first)
    let share = line["completions/clipped_ratio"] ?? .nan
    expectClose([line["reward"] ?? .nan], [1 - 0.5 * share], atol: 1e-6)
    #expect(line["rewards/fixed/mean"] == 1)
    let overlong = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(Fixed { _ in 1 }, 1)]
        $0.training.overlongPenalty = SoftOverlongPenalty(limit: 8, margin: 8)
      }.first)
    expectClose(
      [overlong["reward"] ?? .nan], [1 - (overlong["completions/mean_length"] ?? .nan) / 8],
      atol: 1e-6)
  }

  // MARK: Bad rewards and settings

  @Test("a reward that is no number ends the run, names it and leaves nothing behind")
  func notANumber() throws {
    for value in [Double.nan, .infinity] {
      let workshop = try Workshop()
      let job = GroupRuns.job(workshop) { $0.scorers = [(Fixed { $0 == 5 ? value : 0 }, 1)] }
      let error = #expect(throws: TrainingError.self) { try job.run(on: Letters.prompts(16)) }
      guard case .noScore("fixed", _, _, 1) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(!workshop.exists("run/model.safetensors"))
    }
  }

  @Test("a scorer that may leave completions out does so, and the others are compared without them")
  func missing() throws {
    let line = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(Fixed(acceptsNull: true) { $0 < 5 ? .nan : Double($0) }, 1)]
      }.first)
    #expect(line["rewards/fixed/missing"] == 5)
    expectClose([line["reward"] ?? .nan], [10], atol: 1e-6)
    // One group without any score.
    #expect(line["frac_reward_zero_std"] == 0.25)
    #expect((line["grad_norm"] ?? 0) > 0)
    let none = try #require(
      try GroupRuns.metrics(steps: 1) {
        $0.scorers = [(Fixed(acceptsNull: true) { _ in .nan }, 1)]
      }.first)
    #expect(none["rewards/fixed/missing"] == 16)
    #expect(none["grad_norm"] == 0)
  }

  @Test("settings that cannot work are refused by name")
  func badSettings() throws {
    let workshop = try Workshop()
    func refused(
      _ name: String, _ method: any CriticFreeMethod = GRPO(),
      _ change: @escaping (inout PolicyGradientJob) -> Void
    ) {
      let error = #expect(throws: TrainingError.self) {
        try GroupRuns.job(workshop, method, "run", change).run(on: Letters.prompts(16))
      }
      guard case .badSetting(name, _, _) = error else {
        Issue.record("\(name): \(String(describing: error))")
        return
      }
    }
    refused("num_generations") { $0.training.groupSize = 1 }
    refused("num_generations", RLOO()) { $0.training.groupSize = 1 }
    refused("num_generations", ReinforcePlusPlus(usesGroupBaseline: true)) {
      $0.training.groupSize = 1
    }
    refused("num_iterations") { $0.training.iterationCount = 0 }
    refused("temperature") { $0.training.sampling.temperature = 0 }
    refused("reward_model") { $0.scorers = [] }
    refused("dynamic_sampling_rounds", ReinforcePlusPlus()) {
      $0.training.groupSize = 1
      $0.training.resamplingCount = 1
    }
    try GroupRuns.job(workshop, ReinforcePlusPlus(), "alone") { $0.training.groupSize = 1 }
      .run(on: Letters.prompts(16))
    let lines = try workshop.metrics("alone").filter { $0["loss"] != nil }
    // Completions that stand alone are compared with all others.
    #expect(lines.allSatisfy { $0["frac_reward_zero_std"] == 0 && ($0["reward_std"] ?? 0) > 0 })
  }

  // MARK: Results

  @Test(
    "a run goes on from a checkpoint as if it had not stopped",
    arguments: [
      "GRPO with KL", "RLOO", "REINFORCE++-baseline",
    ])
  func resume(name: String) throws {
    let method = try GroupRuns.method(name)
    let workshop = try Workshop()
    func change(_ job: inout PolicyGradientJob) {
      job.settings.saveSteps = 2
      job.settings.saveLimit = nil
      job.training.iterationCount = 2
      job.training.minibatchCount = 2
      job.training.resamplingCount = 1
    }
    try GroupRuns.job(workshop, method, "whole", steps: 5, change).run(on: Letters.prompts(10))
    let whole = try workshop.metrics("whole")
    // The schedule must be the whole run's, so the same run is cut off rather than a shorter one made.
    let calls = Counter()
    let cut = GroupRuns.job(workshop, method, "cut", steps: 5) {
      change(&$0)
      $0.settings.isInterrupted = { calls.next() >= 3 }
    }
    let stop = #expect(throws: TrainingInterrupted.self) { try cut.run(on: Letters.prompts(10)) }
    #expect(stop?.step == 3)
    try GroupRuns.job(workshop, method, "cut", steps: 5) {
      change(&$0)
      $0.settings.resume = .latest
    }.run(on: Letters.prompts(10))
    #expect(
      try workshop.bytes("cut/model.safetensors") == workshop.bytes("whole/model.safetensors"))
    let resumed = try workshop.metrics("cut")
    for key in ["loss", "reward", "grad_norm", "kl", "entropy", "num_tokens", "learning_rate"] {
      #expect(resumed.compactMap { $0[key] } == whole.compactMap { $0[key] }, "\(key)")
    }
  }

  private final class Counter {
    private var count = 0
    func next() -> Int {
      count += 1
      return count
    }
  }

  @Test("held-out prompts are sampled with the same random numbers each time and change nothing")
  func evaluation() throws {
    let workshop = try Workshop()
    for (name, heldOut) in [("with", Letters.prompts(6, seed: 9)), ("without", [])] {
      try GroupRuns.job(workshop, RLOO(), name, steps: 3) {
        $0.settings.evalSteps = 1
        $0.settings.optimization.learningRate = 1e-12
      }.run(on: Letters.prompts(16), heldOut: heldOut)
    }
    let lines = try workshop.metrics("with")
    let evaluations = lines.filter { $0["eval_reward"] != nil }
    #expect(evaluations.count == 3)
    #expect(Set(evaluations.compactMap { $0["eval_reward"] }).count == 1)
    let names = ["eval_kl", "eval_kl_sequence", "eval_completions/mean_length"]
    #expect(names.filter { evaluations[0][$0] == nil } == [])
    #expect(!evaluations[0].keys.contains { $0.contains("timing") })
    #expect(
      try workshop.metrics("without").compactMap { $0["loss"] } == lines.compactMap { $0["loss"] })
  }

  @Test("a reward model scores completions, and an adapter can be trained")
  func rewardModelAndAdapter() throws {
    let workshop = try Workshop()
    try RewardJob(settings: workshop.settings("reward", steps: 2), modelFolder: workshop.base)
      .run(on: Letters.pairs(8))
    try GroupRuns.job(workshop, RLOO()) {
      $0.scorers = []
      $0.rewardModelFolder = workshop.folder["reward"]
      $0.settings.adapter = AdapterConfiguration()
    }.run(on: Letters.prompts(16))
    let lines = try workshop.metrics("run")
    #expect(lines.first?["rewards/reward_model/mean"] != nil)
    #expect(workshop.exists("run/adapter_model.safetensors"))
    #expect((lines[1]["kl"] ?? 0) > 0)
  }
}
