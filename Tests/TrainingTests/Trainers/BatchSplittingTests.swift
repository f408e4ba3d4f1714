// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import Feedback
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// With plain gradient descent at rate 1 and no clipping, the change of the weights is the gradient.
@Suite("Losses and gradients do not depend on how a batch is split or padded")
struct BatchSplittingTests {
  private struct Step {
    var loss: Double
    var metrics: [String: Double]
    var gradient: [Float]
  }

  private func plan(_ size: Int, pad: Int, tokenBudget: Int? = nil) -> StepPlan {
    var plan = StepPlan(
      microbatchSize: size, schedule: LearningRateSchedule(.constant, base: 1, stepCount: 1))
    plan.maxGradNorm = 0
    plan.padTokenID = pad
    plan.tokenBudget = tokenBudget
    return plan
  }

  private func step(
    _ parameters: NamedTensors, _ train: (any Optimizer, TrainingRun) throws -> Void
  ) throws -> Step {
    let before = parameters.map(\.tensor.floats)
    let run = try quietRun(steps: 1)
    try train(SGD(parameters, learningRate: 1), run)
    let gradient = zip(before, parameters).flatMap { old, new in
      zip(old, new.tensor.floats).map { $0 - $1 }
    }
    let metrics = try #require(run.log.history.first { $0["loss"] != nil })
    return Step(loss: metrics["loss"] ?? .nan, metrics: metrics, gradient: gradient)
  }

  /// Expects all steps to be the first one; distances are relative to its length.
  private func expectEqual(_ steps: [Step], _ names: [String]) {
    func norm(_ vector: [Float]) -> Double {
      vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let scale = norm(steps[0].gradient)
    #expect(scale > 1e-3)
    for step in steps.dropFirst() {
      expectClose([step.loss], [steps[0].loss], atol: 0, rtol: 1e-6)
      let distance = norm(zip(step.gradient, steps[0].gradient).map { $0 - $1 })
      #expect(distance <= 1e-6 * scale, "gradients differ by \(distance / scale)")
      for name in names {
        expectClose(
          [step.metrics[name] ?? .nan], [steps[0].metrics[name] ?? .infinity], atol: 1e-6,
          rtol: 1e-6)
      }
    }
  }

  private let order = DataOrder(rowCount: 8, batchSize: 8, seed: 1, shuffles: false)
  private let ways = [(8, 0), (1, 0), (3, 0), (8, 33)]
  /// Prompts long enough for both sides of a pair to share the reading of one.
  private static let long = 20...24

  private func preparation(_ workshop: Workshop) throws -> DataPreparation {
    DataPreparation(
      encoder: TextEncoder(try workshop.tokenizer(), maxLength: 64), method: "a test",
      log: { _ in })
  }

  @Test("supervised learning: 8 rows at once, one by one, in threes, with other padding")
  func supervised() throws {
    let workshop = try Workshop()
    let rows = try preparation(workshop).supervised(Letters.completions(8))
    #expect(Set(rows.map(\.ids.count)).count > 2)
    let steps = try ways.map { size, pad in
      let model = try workshop.model()
      return try step(model.parameters) { optimizer, run in
        try SupervisedTrainer(model: model, optimizer: optimizer, plan: plan(size, pad: pad))
          .fit(rows, order: order, run: run, save: { _ in })
      }
    }
    expectEqual(steps, ["mean_token_accuracy", "entropy", "grad_norm", "num_tokens"])
  }

  @Test("supervised learning by a token budget and in packs: the same")
  func budgets() throws {
    let workshop = try Workshop()
    let rows = try preparation(workshop).supervised(Letters.completions(8))
    let packs = Packing.bestFit(rows.indices.map(rows.length(of:)), capacity: 40)
    #expect(packs.count < 8)
    func step(_ size: Int, _ budget: Int?, _ packs: [[Int]]?) throws -> Step {
      let model = try workshop.model()
      return try self.step(model.parameters) { optimizer, run in
        let plan = plan(size, pad: 0, tokenBudget: budget)
        let count = packs?.count ?? 8
        try SupervisedTrainer(model: model, optimizer: optimizer, plan: plan).fit(
          rows, packs: packs,
          order: DataOrder(rowCount: count, batchSize: count, seed: 1, shuffles: false), run: run,
          save: { _ in })
      }
    }
    expectEqual(
      [
        try step(8, nil, nil), try step(1, 30, nil), try step(8, 1, nil), try step(1, nil, packs),
        try step(8, nil, packs), try step(8, 50, packs),
      ], ["mean_token_accuracy", "entropy", "grad_norm", "num_tokens"])
  }

  @Test("a prompt of both sides is read once where they share a forward pass")
  func sharing() throws {
    let workshop = try Workshop()
    try TinyModel().write(to: workshop.folder["reference"])
    let records = Letters.pairs(8, promptLength: Self.long)
    let pairs = try preparation(workshop).pairs(records)
    let share = try dpoStep(workshop, pairs, order, 4, pad: 0).metrics["shared_token_share"]
    let total = Double(pairs.chosen.tokenCount + pairs.rejected.tokenCount)
    // Each pair's common beginning, as far as the tokens of both go.
    let common = pairs.chosen.indices.reduce(0) {
      $0 + zip(pairs.chosen[$1].ids, pairs.rejected[$1].ids).prefix { $0 == $1 }.count
    }
    expectClose([share ?? .nan], [Double(common) / total], atol: 1e-9)
    #expect(Double(common) > 0.25 * total)
  }

  @Test(
    "reward models: the same, and the lowest and highest score are those of the whole batch",
    arguments: [
      Letters.pairs(8), Letters.sharedPairs(2), Letters.pairs(8, promptLength: long),
      Letters.sharedPairs(2, promptLength: long),
    ])
  func reward(records: [Record]) throws {
    let workshop = try Workshop()
    let pairs = try preparation(workshop).scoredPairs(Array(records.prefix(8)))
    let steps = try ways.map { size, pad in
      let model = try ModelFolder(workshop.base).scalarHeadModel(freshHead: Generator(seed: 5))
      model.setTrainable(true)
      return try step(model.parameters) { optimizer, run in
        try RewardTrainer(
          model: model, objective: BradleyTerry(centerRewardsCoefficient: 0.01),
          optimizer: optimizer, plan: plan(size, pad: pad)
        ).fit(pairs, order: order, run: run, save: { _ in })
      }
    }
    expectEqual(
      steps, ["accuracy", "margin", "mean_reward", "min_reward", "max_reward", "grad_norm"])
  }

  @Test(
    "DPO: the same, and with the reference's log-probabilities computed beforehand",
    arguments: [
      Letters.pairs(8), Letters.sharedPairs(2), Letters.pairs(8, promptLength: long),
      Letters.sharedPairs(2, promptLength: long),
    ])
  func preference(records: [Record]) throws {
    let workshop = try Workshop()
    var other = TinyModel()
    other.seed = 8
    try other.write(to: workshop.folder["reference"])
    let pairs = try preparation(workshop).pairs(Array(records.prefix(8)))
    let steps = try (ways.map { ($0.0, $0.1, false) } + [(3, 0, true)]).map { size, pad, known in
      let model = try workshop.model()
      let reference = try ModelFolder(workshop.folder["reference"]).languageModel()
      return try step(model.parameters) { optimizer, run in
        try PreferenceTrainer(
          policy: model, reference: reference, objective: DPO(), optimizer: optimizer,
          plan: plan(size, pad: pad), precomputesReference: known
        ).fit(pairs, order: order, run: run, save: { _ in })
      }
    }
    expectEqual(
      steps, ["rewards/chosen", "rewards/margins", "rewards/accuracies", "logps/chosen"])
  }

  /// The records with weights 0.5, 1, 1.5, 2, 0.5, …
  private func weighted(_ records: [Record]) -> [Record] {
    records.enumerated().map { index, record in
      var copy = record
      copy.weight = Double(index % 4 + 1) / 2
      return copy
    }
  }

  @Test("supervised learning with row weights: the same")
  func weightedSupervised() throws {
    let workshop = try Workshop()
    let rows = try preparation(workshop).supervised(weighted(Letters.completions(8)))
    try #require(rows.isWeighted)
    let steps = try ways.map { size, pad in
      let model = try workshop.model()
      return try step(model.parameters) { optimizer, run in
        try SupervisedTrainer(model: model, optimizer: optimizer, plan: plan(size, pad: pad))
          .fit(rows, order: order, run: run, save: { _ in })
      }
    }
    expectEqual(steps, ["mean_token_accuracy", "entropy", "perplexity", "grad_norm"])
    let plain = try preparation(workshop).supervised(Letters.completions(8))
    let model = try workshop.model()
    let trainer = SupervisedTrainer(
      model: model, optimizer: SGD(model.parameters, learningRate: 1), plan: plan(8, pad: 0))
    let losses = [rows, plain].map { rows in
      Dictionary(uniqueKeysWithValues: trainer.evaluate(rows).map { ($0.name, $0.value) })["loss"]
        ?? .nan
    }
    expectClose([losses[0]], [steps[0].loss], atol: 1e-6)
    #expect(abs(losses[0] - losses[1]) > 1e-4)
  }

  @Test("reward models and DPO with pair weights: the same, and a weight of 2 is the pair twice")
  func weightedPairs() throws {
    let workshop = try Workshop()
    var other = TinyModel()
    other.seed = 8
    try other.write(to: workshop.folder["reference"])
    let records = weighted(Letters.pairs(8))
    let pairs = try preparation(workshop).pairs(records)
    let scored = try preparation(workshop).scoredPairs(records)
    #expect(pairs.weights == [0.5, 1, 1.5, 2, 0.5, 1, 1.5, 2])
    #expect(scored.weights == pairs.weights)
    // Two halves weigh as one, and three times a half as one and a half.
    let repeated = Letters.pairs(8).enumerated().flatMap { index, record in
      Array(repeating: record, count: index % 4 + 1)
    }
    let dpo = try ways.map { try dpoStep(workshop, pairs, order, $0.0, pad: $0.1) }
    expectEqual(dpo, ["rewards/margins", "logps/chosen", "logits/chosen", "entropy"])
    let longOrder = DataOrder(rowCount: 20, batchSize: 20, seed: 1, shuffles: false)
    let dpoTwice = try dpoStep(
      workshop, preparation(workshop).pairs(repeated), longOrder, 7, pad: 0)
    expectEqual([dpo[0], dpoTwice], [])
    let reward = try ways.map { try rewardStep(workshop, scored, order, $0.0, pad: $0.1) }
    expectEqual(reward, ["accuracy", "margin", "mean_reward"])
    let rewardTwice = try rewardStep(
      workshop, preparation(workshop).scoredPairs(repeated), longOrder, 7, pad: 0)
    expectEqual([reward[0], rewardTwice], [])
  }

  private func dpoStep(
    _ workshop: Workshop, _ pairs: PairRows, _ order: DataOrder, _ size: Int, pad: Int
  ) throws -> Step {
    let model = try workshop.model()
    let reference = try ModelFolder(workshop.folder["reference"]).languageModel()
    return try step(model.parameters) { optimizer, run in
      try PreferenceTrainer(
        policy: model, reference: reference, objective: DPO(), optimizer: optimizer,
        plan: plan(size, pad: pad)
      ).fit(pairs, order: order, run: run, save: { _ in })
    }
  }

  private func rewardStep(
    _ workshop: Workshop, _ pairs: ScoredPairs, _ order: DataOrder, _ size: Int, pad: Int
  ) throws -> Step {
    let model = try ModelFolder(workshop.base).scalarHeadModel(freshHead: Generator(seed: 5))
    model.setTrainable(true)
    return try step(model.parameters) { optimizer, run in
      try RewardTrainer(
        model: model, objective: BradleyTerry(centerRewardsCoefficient: 0.01),
        optimizer: optimizer, plan: plan(size, pad: pad)
      ).fit(pairs, order: order, run: run, save: { _ in })
    }
  }

  @Test("evaluation does not depend on its batch size, for all three")
  func evaluationBatches() throws {
    let workshop = try Workshop()
    let rows = try preparation(workshop).supervised(Letters.completions(7))
    let pairs = try preparation(workshop).pairs(Letters.pairs(7))
    let scored = try preparation(workshop).scoredPairs(Letters.pairs(7))
    let model = try workshop.model()
    let head = try ModelFolder(workshop.base).scalarHeadModel(freshHead: Generator(seed: 5))
    let none = SGD([], learningRate: 1)
    let results = [nil, 1, 3, 64].map { size in
      var plan = plan(2, pad: 0)
      plan.evaluationBatchSize = size
      let all =
        SupervisedTrainer(model: model, optimizer: none, plan: plan).evaluate(rows)
        + PreferenceTrainer(
          policy: model, reference: nil, objective: DPO(), optimizer: none, plan: plan
        ).evaluate(pairs)
        + RewardTrainer(model: head, objective: BradleyTerry(), optimizer: none, plan: plan)
        .evaluate(scored)
      return all.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }
    #expect(results[0].contains { $0.name == "calibration_error" })
    for result in results.dropFirst() {
      #expect(result.map(\.name) == results[0].map(\.name))
      expectClose(result.map(\.value), results[0].map(\.value), atol: 1e-5, rtol: 1e-5)
    }
  }

  @Test("without a reference the rewards are beta times the policy's log-probabilities")
  func referenceFree() throws {
    let workshop = try Workshop()
    let pairs = try preparation(workshop).pairs(Letters.pairs(6))
    let model = try workshop.model()
    let values = PreferenceTrainer(
      policy: model, reference: nil, objective: DPO(beta: 0.2),
      optimizer: SGD([], learningRate: 1), plan: plan(4, pad: 0)
    ).evaluate(pairs)
    let found = Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
    for side in ["chosen", "rejected"] {
      let reward = try #require(found["rewards/\(side)"])
      let logProb = try #require(found["logps/\(side)"])
      #expect(logProb < -1)
      expectClose([reward], [0.2 * logProb], atol: 1e-5)
    }
  }

  @Test("the last log line has the costly metrics too, wherever the run ends")
  func lastLine() throws {
    let workshop = try Workshop()
    let rows = try preparation(workshop).supervised(Letters.completions(8))
    let model = try workshop.model()
    let run = try quietRun(steps: 3) { $0.loggingSteps = 100 }
    try SupervisedTrainer(
      model: model, optimizer: SGD(model.parameters, learningRate: 0.1), plan: plan(8, pad: 0)
    ).fit(rows, order: order, run: run, save: { _ in })
    #expect(run.log.history.map { $0["step"] } == [1, 3])
    #expect(run.log.history.allSatisfy { $0["mean_token_accuracy"] != nil })
  }
}
