// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("PPO on a tiny model")
struct PPOJobTests {
  /// One score for every completion.
  private struct Constant: Scorer {
    let name = "constant"
    let value: Double
    func scores(prompts: [String], completions: [String], extras: [JSONObject]) -> [Double] {
      completions.map { _ in value }
    }
  }

  private func job(
    _ workshop: Workshop, _ name: String = "run", steps: Int = 2,
    _ change: (inout PPOJob) -> Void = { _ in }
  ) -> PPOJob {
    var job = PPOJob(settings: workshop.settings(name, steps: steps), modelFolder: workshop.base)
    job.scorers = [(LetterShare(letters: ["a", "b", "c"]), 1)]
    job.method.rolloutCount = 16
    job.method.sampling.maxNewTokens = 8
    change(&job)
    return job
  }

  private func metrics(
    _ workshop: Workshop? = nil, steps: Int = 2, prompts: Int = 16,
    _ change: (inout PPOJob) -> Void = { _ in }
  ) throws -> [[String: Double]] {
    let name = "run-\(UUID().uuidString)"
    let workshop = try workshop ?? Workshop()
    try job(workshop, name, steps: steps, change).run(on: Letters.prompts(prompts))
    return try workshop.metrics(name).filter { $0["loss"] != nil }
  }

  // MARK: Names

  @Test("every update logs the metrics the field knows")
  func names() throws {
    let line = try #require(try metrics(steps: 1).first)
    let expected = [
      "loss", "grad_norm", "learning_rate", "epoch", "step", "num_tokens", "step_time",
      "tokens_per_second", "memory/peak_mib", "objective/kl", "objective/entropy",
      "objective/non_score_reward", "objective/rlhf_reward", "objective/scores",
      "policy/approxkl_avg", "policy/clipfrac_avg", "policy/entropy_avg", "loss/policy_avg",
      "loss/value_avg", "val/clipfrac_avg", "val/ratio", "val/ratio_var", "val/num_eos_tokens",
      "value/explained_variance", "kl_coef", "eps", "episode", "rewards/share/mean",
      "rewards/share/std", "completions/mean_length", "completions/min_length",
      "completions/max_length", "completions/clipped_ratio", "timing/generate", "timing/reward",
      "timing/ref_logprob", "timing/value", "timing/update", "timing/step_total",
    ]
    #expect(expected.filter { line[$0] == nil } == [])
    let total = line["timing/step_total"] ?? 0
    let parts = ["generate", "reward", "old_logprob", "ref_logprob", "value", "update"]
      .reduce(0) { $0 + (line["timing/\($1)"] ?? 0) }
    #expect(parts > 0 && parts <= total)
    expectClose([line["eps"] ?? 0], [16 / total], atol: 0, rtol: 1e-9)
  }

  @Test("episodes are counted through the run, also where several updates share a log line")
  func episodes() throws {
    let lines = try metrics(steps: 5, prompts: 10) { $0.settings.loggingSteps = 2 }
    #expect(lines.map { $0["step"] } == [1, 2, 4, 5])
    #expect(lines.map { $0["episode"] } == [16, 32, 64, 80])
    #expect(lines.map { $0["epoch"] } == [1.6, 3.2, 6.4, 8])
  }

  @Test("held-out prompts are sampled with the same random numbers each time and change nothing")
  func evaluation() throws {
    let workshop = try Workshop()
    func run(_ name: String, heldOut: [Record]) throws -> [[String: Double]] {
      let job = job(workshop, name, steps: 3) {
        $0.settings.evalSteps = 1
        $0.settings.optimization.learningRate = 1e-12
        $0.method.scoreProcessing = ScoreProcessing(scaling: .running)
      }
      try job.run(on: Letters.prompts(16), heldOut: heldOut)
      return try workshop.metrics(name)
    }
    let lines = try run("with", heldOut: Letters.prompts(6, seed: 9))
    let evaluations = lines.filter { $0["eval_objective/kl"] != nil }
    #expect(evaluations.count == 3)
    // The policy hardly moves, so the same completions come each time, and they are the reference's own.
    #expect(Set(evaluations.map { $0["eval_objective/raw_scores"] }).count == 1)
    expectClose(evaluations.map { $0["eval_objective/kl"] ?? .nan }, [0, 0, 0], atol: 1e-5)
    let names = [
      "eval_objective/scores", "eval_objective/rlhf_reward", "eval_rewards/share/mean",
      "eval_completions/mean_length", "eval_completions/clipped_ratio", "eval_val/num_eos_tokens",
    ]
    #expect(names.filter { evaluations[0][$0] == nil } == [])
    #expect(!evaluations[0].keys.contains { $0.contains("timing") })
    let plain = try run("without", heldOut: [])
    for name in ["objective/scores", "loss", "objective/kl"] {
      #expect(
        plain.compactMap { $0[name] } == lines.compactMap { $0[name] }, "\(name)")
    }
  }

  @Test("load_best_model_at_end keeps policy and critic of the best evaluation")
  func best() throws {
    let workshop = try Workshop()
    let job = job(workshop, steps: 4) {
      $0.settings.evalSteps = 1
      $0.settings.saveStrategy = .best
      $0.settings.loadsBestAtEnd = true
      $0.settings.bestMetric = "objective/kl"
    }
    try job.run(on: Letters.prompts(16), heldOut: Letters.prompts(6, seed: 9))
    let state = try TrainerState(
      checkpoint: #require(CheckpointStore(outputFolder: workshop.folder["run"]).latest))
    let step = try #require(state.bestStep)
    for part in ["", "critic/"] {
      #expect(
        try workshop.bytes("run/\(part)model.safetensors")
          == workshop.bytes("run/checkpoint-\(step)/\(part)model.safetensors"), "\(part)")
    }
  }

  @Test("the size of forward passes without gradient changes no number")
  func readingBatches() throws {
    let lines = try [nil, 1, 5].map { size in
      try #require(
        try metrics(steps: 1) {
          $0.method.readingBatchSize = size
          $0.method.generationBatchSize = size ?? 16
        }.first)
    }
    for name in [
      "loss", "objective/entropy", "objective/scores", "grad_norm", "val/num_eos_tokens",
    ] {
      expectClose(
        lines.map { $0[name] ?? .nan }, [Double](repeating: lines[0][name] ?? .infinity, count: 3),
        atol: 1e-5, rtol: 1e-4)
    }
  }

  @Test("a stop token ends completions in place of the model's own")
  func stopToken() throws {
    let workshop = try Workshop()
    let job = job(workshop, steps: 1) {
      $0.logsCompletions = true
      $0.stopToken = "a"
      $0.method.sampling.maxNewTokens = 40
      $0.method.sampling.stopTokenIDs = []
    }
    try job.run(on: Letters.prompts(16))
    let text = try String(
      contentsOf: workshop.folder["run/completions/step_000001.jsonl"], encoding: .utf8)
    let rows = try text.split(separator: "\n").map {
      try #require(JSONValue(parsing: String($0)).object)
    }
    let stopped = rows.filter { $0["stop_reason"]?.string == "stop" }
    #expect(!stopped.isEmpty)
    #expect(stopped.allSatisfy { $0["completion"]?.string?.hasSuffix("a") == true })
    #expect(rows.allSatisfy { !($0["completion"]?.string?.dropLast().contains("a") ?? true) })
    let none = self.job(workshop, "other") { $0.stopToken = "abc" }
    let error = #expect(throws: TrainingError.self) { try none.run(on: Letters.prompts(16)) }
    guard case .badSetting("stop_token", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("without shuffling the first prompts come first, and long prompts are left out")
  func promptOrder() throws {
    let workshop = try Workshop()
    let records = ["abcdefgh", "ab", "bc", "cd", "de", "ef", "fg", "gh", "ha"].map {
      Record(.promptOnly(.plain($0)))
    }
    let job = job(workshop, steps: 1) {
      $0.settings.shuffles = false
      $0.maxPromptLength = 4
      $0.logsCompletions = true
      $0.method.rolloutCount = 8
    }
    try job.run(on: records)
    let text = try String(
      contentsOf: workshop.folder["run/completions/step_000001.jsonl"], encoding: .utf8)
    let prompts = try text.split(separator: "\n").map { line in
      try #require(JSONValue(parsing: String(line)).object)["prompt"]?.string
    }
    #expect(prompts == ["ab", "bc", "cd", "de", "ef", "fg", "gh", "ha"])
  }

  // MARK: The first step

  @Test("the first minibatch has ratio 1 and nothing clipped", arguments: [false, true])
  func firstRatio(reuses: Bool) throws {
    let line = try #require(
      try metrics(steps: 1) {
        $0.method.epochCount = 1
        $0.method.reusesSamplingLogProbs = reuses
      }.first)
    let tolerance = reuses ? 1e-3 : 1e-5
    expectClose([line["val/ratio"] ?? .nan], [1], atol: tolerance)
    expectClose([line["policy/approxkl_avg"] ?? .nan], [0], atol: tolerance)
    #expect(line["policy/clipfrac_avg"] == 0)
    #expect(line["val/ratio_var"] == 0)
  }

  @Test("the log-probabilities of sampling are those of training, also with a temperature")
  func samplerAgrees() throws {
    let pair = try [false, true].map { reuses in
      try #require(
        try metrics(steps: 1) {
          $0.method.reusesSamplingLogProbs = reuses
          $0.method.sampling.temperature = 0.7
        }.first)
    }
    for name in ["objective/entropy", "objective/rlhf_reward", "policy/entropy_avg"] {
      expectClose([pair[0][name] ?? .nan], [pair[1][name] ?? .infinity], atol: 1e-3)
    }
    expectClose([pair[1]["objective/kl"] ?? .nan], [0], atol: 1e-4)
  }

  @Test("the KL is 0 before the first update, where the reference is the policy, and then is not")
  func firstKL() throws {
    let lines = try metrics(steps: 3)
    #expect(lines[0]["objective/kl"] == 0)
    #expect(lines[0]["objective/non_score_reward"] == 0)
    #expect(lines[0]["objective/rlhf_reward"] == lines[0]["objective/scores"])
    #expect(lines[0]["value/explained_variance"].map { $0.magnitude < 0.2 } == true)
    #expect((lines[2]["objective/kl"] ?? 0).magnitude > 1e-4)
  }

  @Test("rlhf_reward is the score less the weighted KL")
  func rlhfReward() throws {
    let workshop = try Workshop()
    var other = TinyModel()
    other.seed = 99
    try other.write(to: workshop.folder["reference"])
    let line = try #require(
      try metrics(workshop, steps: 1) {
        $0.referenceFolder = workshop.folder["reference"]
        $0.method.klController = KLController(0.3)
      }.first)
    let kl = line["objective/kl"] ?? .nan
    #expect(kl > 0.01)
    expectClose([line["objective/non_score_reward"] ?? 0], [-0.3 * kl], atol: 1e-9)
    expectClose(
      [line["objective/rlhf_reward"] ?? 0], [(line["objective/scores"] ?? 0) - 0.3 * kl],
      atol: 1e-9)
  }

  // MARK: Options

  // 0.05 (1 ∓ 0.2 · 16 / 100): the error is clipped at 0.2, 16 episodes, horizon 100 (Ziegler et al., 2.2).
  @Test(
    "the adaptive KL coefficient falls below its target and rises above", arguments: [true, false])
  func adaptive(isBelow: Bool) throws {
    let workshop = try Workshop()
    var other = TinyModel()
    other.seed = 99
    try other.write(to: workshop.folder["reference"])
    let lines = try metrics(workshop) {
      if !isBelow { $0.referenceFolder = workshop.folder["reference"] }
      $0.method.tokenRewards.estimator = .k3
      $0.method.klController = KLController(
        0.05, rule: .adaptive(target: isBelow ? 6 : 1e-4, horizon: 100))
    }
    #expect(lines[0]["kl_coef"] == 0.05)
    expectClose([lines[1]["kl_coef"] ?? 0], [isBelow ? 0.0484 : 0.0516], atol: 1e-12)
  }

  @Test(
    "a completion without an end is left alone, pays a penalty, or gets a score of its own",
    arguments: [
      (MissingEOS.ignored, 0.0), (.penalty(0.5), -0.5), (.score(-2), -3.0),
    ])
  func missingEOS(option: MissingEOS, change: Double) throws {
    let line = try #require(
      try metrics(steps: 1) {
        $0.scorers = [(Constant(value: 1), 1)]
        $0.method.missingEOS = option
        $0.method.sampling.maxNewTokens = 20
      }.first)
    let share = line["completions/clipped_ratio"] ?? .nan
    #expect(share > 0 && share < 1, "all alike, so this run shows nothing")
    expectClose([line["val/num_eos_tokens"] ?? .nan], [16 * (1 - share)], atol: 1e-9)
    expectClose([line["objective/scores"] ?? .nan], [1 + change * share], atol: 1e-6)
    #expect(line["rewards/constant/mean"] == 1)
    #expect(line["objective/raw_scores"] == 1)
  }

  @Test("scores of several functions are a weighted sum")
  func weights() throws {
    let line = try #require(
      try metrics(steps: 1) {
        $0.scorers = [(Constant(value: 1), 3), (LetterShare(letters: ["a"]), -2)]
      }.first)
    let share = line["rewards/share/mean"] ?? .nan
    #expect(share > 0)
    expectClose([line["objective/scores"] ?? .nan], [3 - 2 * share], atol: 1e-6)
  }

  @Test("whitening over the batch and over its only minibatch is the same; none is another run")
  func whitening() throws {
    let workshop = try Workshop()
    for (name, option) in [
      ("batch", PPOSettings.Whitening.batch), ("minibatch", .minibatch), ("none", .none),
    ] {
      try job(workshop, name) { $0.method.whitening = option }.run(on: Letters.prompts(16))
    }
    let weights = try ["batch", "minibatch", "none"].map {
      try workshop.bytes("\($0)/model.safetensors")
    }
    #expect(weights[0] == weights[1])
    #expect(weights[0] != weights[2])
  }

  @Test("whitening over too few rollouts is refused")
  func fewRollouts() throws {
    let workshop = try Workshop()
    #expect(throws: TrainingError.self) {
      try job(workshop) { $0.method.rolloutCount = 4 }.run(on: Letters.prompts(16))
    }
    try job(workshop) {
      $0.method.rolloutCount = 4
      $0.method.whitening = .none
    }.run(on: Letters.prompts(16))
  }

  @Test("no result depends on how many rows are decoded together")
  func generationBatch() throws {
    let workshop = try Workshop()
    for size in [1, 5, 64] {
      try job(workshop, "by-\(size)") { $0.method.generationBatchSize = size }
        .run(on: Letters.prompts(16))
    }
    let lines = try [1, 5, 64].map { try workshop.metrics("by-\($0)") }
    for other in lines.dropFirst() {
      for (one, two) in zip(lines[0], other) {
        for name in ["loss", "objective/scores", "objective/kl", "num_tokens"] {
          guard let value = one[name] else { continue }
          expectClose([two[name] ?? .nan], [value], atol: 1e-5)
        }
      }
    }
  }

  @Test("fewer prompts than rollouts are used again, with completions of their own")
  func fewPrompts() throws {
    let workshop = try Workshop()
    let job = job(workshop, steps: 1) { $0.logsCompletions = true }
    try job.run(on: Letters.prompts(3))
    let text = try String(
      contentsOf: workshop.folder["run/completions/step_000001.jsonl"], encoding: .utf8)
    let rows = try text.split(separator: "\n").map {
      try #require(
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(rows.count == 16)
    #expect(Set(rows.compactMap { $0["prompt"] as? String }).count == 3)
    #expect(Set(rows.compactMap { $0["completion"] as? String }).count > 8)
  }

  // MARK: Failures

  private struct Broken: Scorer {
    let name = "broken"
    var values: [Double]?
    func scores(
      prompts: [String], completions: [String], extras: [JSONObject]
    ) throws -> [Double] {
      guard let values else {
        throw FeedbackError.scorer(name: name, problem: "the service is gone")
      }
      return values
    }
  }

  @Test("a reward function that fails ends the run with its sentence")
  func failingReward() throws {
    let workshop = try Workshop()
    let job = job(workshop) { $0.scorers = [(Broken(values: nil), 1)] }
    #expect(throws: FeedbackError.scorer(name: "broken", problem: "the service is gone")) {
      try job.run(on: Letters.prompts(16))
    }
    #expect(!workshop.exists("run/model.safetensors"))
  }

  @Test("too few scores, or one that is no number, end the run and name the function")
  func badScores() throws {
    let workshop = try Workshop()
    let few = job(workshop) { $0.scorers = [(Broken(values: [1, 2]), 1)] }
    #expect(
      throws: TrainingError.badSetting(
        name: "reward function", value: "'broken' gave 2 scores",
        wanted: "16, one a completion")
    ) { try few.run(on: Letters.prompts(16)) }
    var values = [Double](repeating: 0, count: 16)
    values[3] = .nan
    let nan = job(workshop, "two") { $0.scorers = [(Broken(values: values), 1)] }
    let error = #expect(throws: TrainingError.self) { try nan.run(on: Letters.prompts(16)) }
    guard case .noScore("broken", let value, _, 1) = error, value.isNaN else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("a run without any reward is refused")
  func noReward() throws {
    let workshop = try Workshop()
    #expect(throws: TrainingError.self) {
      try job(workshop) { $0.scorers = [] }.run(on: Letters.prompts(16))
    }
  }

  // MARK: Results

  @Test("a reward model scores rollouts, and the folder holds policy and critic")
  func rewardModel() throws {
    let workshop = try Workshop()
    try RewardJob(settings: workshop.settings("reward", steps: 2), modelFolder: workshop.base)
      .run(on: Letters.pairs(8))
    let job = job(workshop) {
      $0.scorers = []
      $0.rewardModelFolder = workshop.folder["reward"]
      $0.criticStart = .folder(workshop.folder["reward"])
    }
    try job.run(on: Letters.prompts(16))
    #expect(try workshop.metrics("run").first?["rewards/reward_model/mean"] != nil)
    _ = try ModelFolder(workshop.folder["run"]).languageModel()
    _ = try ModelFolder(workshop.folder["run/critic"]).scalarHeadModel()
  }
}

@Suite("The tables of rollouts")
struct ExperienceTests {
  private func rollout(_ prompt: [Int], _ completion: [Int]) -> Rollout {
    Rollout(
      prompt: PromptRow(ids: prompt, text: ""),
      completion: SampledCompletion(
        ids: completion, logProbs: completion.map { -Float($0) }, stopReason: .length))
  }

  private var rollouts: [Rollout] { [rollout([9, 9], [3, 4, 5]), rollout([9], [6])] }

  @Test("the mask covers the completions")
  func lastToken() {
    let experience = Experience(rollouts, scoresAfterLast: false, padTokenID: 0)
    expectClose(experience.mask, [1, 1, 1, 1, 0, 0])
    #expect(experience.rows.map(\.ids) == [[9, 9, 3, 4, 5], [9, 6]])
    expectClose(
      experience.tables.table(rollouts.map(\.completion.logProbs)), [-3, -4, -5, -6, 0, 0])
  }

  @Test(
    "a score after the last token has a place of its own, where a value stands but no policy loss")
  func afterLast() {
    let experience = Experience(rollouts, scoresAfterLast: true, padTokenID: 0)
    expectClose(experience.mask, [1, 1, 1, 0, 1, 0, 0, 0])
    #expect(experience.rows.map(\.ids) == [[9, 9, 3, 4, 5, 0], [9, 6, 0]])
    let rewards = TokenRewards(scorePosition: .afterLast)
    let valueMask = rewards.valueMask(experience.mask).to(.float32)
    expectClose(valueMask, [1, 1, 1, 1, 1, 1, 0, 0])
    let placed = rewards(
      scores: Tensor([7, 8] as [Float]), tokenLogProbs: experience.mask.zerosLike(),
      referenceLogProbs: experience.mask.zerosLike(), mask: experience.mask, klCoefficient: 0.1)
    expectClose(placed, [0, 0, 0, 7, 0, 8, 0, 0])
  }

  @Test("PPO runs with the score after the last token, and its first ratio is 1 too")
  func afterLastJob() throws {
    let workshop = try Workshop()
    var job = PPOJob(settings: workshop.settings("run", steps: 2), modelFolder: workshop.base)
    job.scorers = [(LetterShare(letters: ["a", "b", "c"]), 1)]
    job.method.rolloutCount = 8
    job.method.epochCount = 1
    job.method.sampling.maxNewTokens = 8
    job.method.tokenRewards.scorePosition = .afterLast
    try job.run(on: Letters.prompts(8))
    let line = try #require(try workshop.metrics("run").first)
    expectClose([line["val/ratio"] ?? .nan], [1], atol: 1e-5)
    #expect(line["objective/kl"] == 0)
    #expect(line["loss/value_avg"].map { $0 > 0 } == true)
  }
}
