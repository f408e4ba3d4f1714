// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import LanguageModels
import Objectives
import Tokenizers
import Torch
import Training

/// The whole way from a pretrained model to an aligned one: imitation, comparisons, reward model, DPO and PPO.
struct QuickstartPipeline {
  let plan: QuickstartPlan
  let data: QuickstartData
  let base: URL
  let tokenizer: Tokenizer
  private let started = Date()

  init(plan: QuickstartPlan, data: QuickstartData, base: URL) throws {
    self.plan = plan
    self.data = data
    self.base = base
    tokenizer = try ModelFolder(base).tokenizer()
  }

  /// Runs all stages; each leaves a folder of its own.
  func run() throws -> QuickstartResults {
    var results = QuickstartResults(plan: plan)
    try supervised()
    let comparisons = try collect()
    let parts = try Dataset(comparisons).split(
      testSize: .fraction(plan.heldOutShare), seed: plan.seed)
    results.comparisonCount = parts.train.records.count
    results.reward = try reward(parts.train.records, heldOut: parts.test.records)
    try align(parts.train.records, center: results.reward.sampleMean)
    try evaluate(&results)
    results.seconds = Date().timeIntervalSince(started)
    results.peakMiB = Machine.peakMemoryMiB
    return results
  }

  private func say(_ text: String) {
    let seconds = Int(Date().timeIntervalSince(started))
    let stamp = "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    Output.current.note("[\(stamp)] \(text)")
  }

  // MARK: Stages

  private func supervised() throws {
    say(
      "1/6 supervised fine-tuning on \(data.demonstrations.count) demonstrations by writers of mixed quality"
    )
    let settings = plan.stage("sft", rate: plan.sftRate, epochs: plan.sftEpochs, batch: 16)
    try SFTJob(settings: settings, modelFolder: base).run(on: data.demonstrations)
  }

  /// Samples completions of the fine-tuned model and has them compared; given comparisons are taken as they are.
  private func collect() throws -> [Record] {
    guard !data.comparisonPrompts.isEmpty, let gold = data.gold else { return data.comparisons }
    say(
      "2/6 sampling \(plan.samplesPerPrompt) summaries of each of \(data.comparisonPrompts.count) posts, and asking which of two is better"
    )
    let model = try ModelFolder(plan.folder("sft")).languageModel()
    let outcomes = evaluation.outcomes(
      of: model, reference: nil, prompts: try prompts(data.comparisonPrompts),
      samplesPerPrompt: plan.samplesPerPrompt)
    var pairs: [CandidatePair] = []
    for (prompt, samples) in zip(data.comparisonPrompts, outcomes) {
      for (first, second) in plan.comparedSamples {
        let (a, b) = (samples[first], samples[second])
        guard a.text != b.text else { continue }
        pairs.append(
          CandidatePair(
            prompt: prompt.text,
            first: Candidate(.plain(a.text), utility: gold(prompt.id, a.text)),
            second: Candidate(.plain(b.text), utility: gold(prompt.id, b.text))))
      }
    }
    var annotator = SimulatedAnnotator(seed: plan.seed, name: "simulated", study: "quickstart")
    annotator.ties = .threshold(0.05)
    let records = annotator.compare(pairs).map(\.record)
    try JSONLinesWriter.write(records, to: plan.folder("comparisons.jsonl").path)
    return records.compactMap { record in
      guard case .comparison(let comparison) = record.body, let pair = comparison.pair else {
        return nil
      }
      return Record(.preference(pair))
    }
  }

  private func reward(_ records: [Record], heldOut: [Record]) throws -> RewardResult {
    say("3/6 reward model on \(records.count) comparisons")
    let settings = plan.stage(
      "reward", rate: plan.rewardRate, epochs: plan.rewardEpochs, batch: plan.pairBatch)
    try RewardJob(settings: settings, modelFolder: plan.folder("sft")).run(
      on: records, heldOut: heldOut)
    let model = try ModelFolder(plan.folder("reward")).scalarHeadModel()
    let encoder = TextEncoder(tokenizer, maxLength: 512)
    var scored: [ScoredPair] = []
    for record in heldOut {
      guard case .preference(let pair) = record.body,
        let chosen = try encoder.scored(pair.prompt, pair.chosen).row,
        let rejected = try encoder.scored(pair.prompt, pair.rejected).row
      else { continue }
      let scores = rewardScores(model, [chosen, rejected], batchSize: 2, padTokenID: padTokenID)
      scored.append(ScoredPair(chosen: scores[0], rejected: scores[1]))
    }
    let accuracy = try RewardModelAccuracy()(scored).overall
    let all = scored.flatMap { [$0.chosen, $0.rejected] }
    return RewardResult(
      accuracy: accuracy, heldOutCount: scored.count, goldAccuracy: goldAccuracy(heldOut),
      pairs: scored,
      sampleMean: all.reduce(0, +) / Double(max(1, all.count)))
  }

  /// Share of comparisons in which the chosen side is the better one by the exact score.
  private func goldAccuracy(_ records: [Record]) -> Double? {
    guard let gold = data.gold, !data.comparisonPrompts.isEmpty else { return nil }
    let ids = Dictionary(
      data.comparisonPrompts.map { ($0.text, $0.id) }, uniquingKeysWith: { first, _ in first })
    let agreements = records.compactMap { record -> Double? in
      guard case .preference(let pair) = record.body,
        let id = ids[pair.prompt]
      else { return nil }
      return gold(id, pair.chosen.text) > gold(id, pair.rejected.text) ? 1 : 0
    }
    return agreements.isEmpty ? nil : agreements.reduce(0, +) / Double(agreements.count)
  }

  private func align(_ records: [Record], center: Double) throws {
    say("4/6 DPO on the same comparisons")
    let dpo = plan.stage("dpo", rate: plan.dpoRate, epochs: plan.dpoEpochs, batch: plan.pairBatch)
    var dpoJob = DPOJob(settings: dpo, modelFolder: plan.folder("sft"))
    dpoJob.objective = DPO(beta: plan.dpoBeta, labelSmoothing: plan.dpoLabelSmoothing)
    try dpoJob.run(on: records)

    say("5/6 PPO against the reward model")
    var ppo = plan.stage("ppo", rate: plan.ppoRate, epochs: 1, batch: 32)
    ppo.optimization.maxSteps = plan.ppoUpdates
    ppo.optimization.schedule = .linear
    ppo.optimization.epsilon = 1e-5
    ppo.loggingSteps = 1
    var job = PPOJob(settings: ppo, modelFolder: plan.folder("sft"))
    job.rewardModelFolder = plan.folder("reward")
    job.criticLearningRate = plan.ppoValueRate
    job.method.rolloutCount = 64
    job.method.epochCount = 2
    job.method.minibatchCount = 2
    job.method.sampling = SamplingSettings(maxNewTokens: plan.maxNewTokens)
    job.method.klController = KLController(plan.klCoefficient)
    job.method.objective = PPO(valueCoefficient: 1)
    job.method.missingEOS = .penalty(1)
    job.method.scoreProcessing = ScoreProcessing(referenceMean: center)
    job.logsCompletions = true
    try job.run(on: data.prompts)
  }

  // MARK: Evaluation

  private var padTokenID: Int { tokenizer.padTokenID ?? 0 }

  private var evaluation: PolicyEvaluation {
    let stops = Set(tokenizer.eosTokenID.map { [$0] } ?? [])
    return PolicyEvaluation(
      tokenizer: tokenizer,
      sampling: SamplingSettings(maxNewTokens: plan.maxNewTokens, stopTokenIDs: stops),
      batchSize: 64,
      seed: plan.seed)
  }

  private func prompts(_ prompts: [QuickstartPrompt]) throws -> [EvaluationPrompt] {
    let encoder = TextEncoder(tokenizer, maxLength: 512)
    return try prompts.map { prompt in
      EvaluationPrompt(
        id: prompt.id, ids: try encoder.prompt(prompt.text),
        text: try encoder.text(ofPrompt: prompt.text),
        reference: prompt.reference)
    }
  }

  private func evaluate(_ results: inout QuickstartResults) throws {
    say("6/6 evaluation on \(data.tests.count) held-out prompts")
    let reference = try ModelFolder(plan.folder("sft")).languageModel()
    let rewardModel = try ModelFolder(plan.folder("reward")).scalarHeadModel()
    let tests = try prompts(data.tests)
    let models: [(name: String, folder: URL)] = [
      ("base", base), ("SFT", plan.folder("sft")), ("DPO", plan.folder("dpo")),
      ("PPO", plan.folder("ppo")),
    ]
    for (name, folder) in models {
      let model = try ModelFolder(folder).languageModel()
      let drawn = evaluation.outcomes(of: model, reference: reference, prompts: tests)
      results.outcomes.append((name, score(drawn.map { $0[0] }, rewardModel)))
      guard name == "SFT" else { continue }
      let many = evaluation.outcomes(
        of: model, reference: reference, prompts: tests, samplesPerPrompt: plan.bestOf)
      let scored = many.map { score($0, rewardModel) }
      results.outcomes.append(("best of \(plan.bestOf)", evaluation.bestOfN(scored, by: "reward")))
    }
    results.finish(hasGold: data.gold != nil)
  }

  private func score(_ outcomes: [Outcome], _ rewardModel: ScalarHeadModel) -> [Outcome] {
    let rows = outcomes.map { TokenRow(prompt: $0.prompt.ids, completion: $0.ids) }
    let rewards = rewardScores(rewardModel, rows, batchSize: 64, padTokenID: padTokenID)
    return zip(outcomes, rewards).map { outcome, reward in
      var outcome = outcome
      outcome.scores["reward"] = reward
      if let gold = data.gold { outcome.scores["gold"] = gold(outcome.prompt.id, outcome.text) }
      return outcome
    }
  }
}
