// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
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

  private func plan(_ size: Int, pad: Int) -> StepPlan {
    var plan = StepPlan(
      microbatchSize: size, schedule: LearningRateSchedule(.constant, base: 1, stepCount: 1))
    plan.maxGradNorm = 0
    plan.padTokenID = pad
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

  @Test(
    "reward models: the same, and the lowest and highest score are those of the whole batch",
    arguments: [Letters.pairs(8), Letters.sharedPairs(2)])
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
    arguments: [Letters.pairs(8), Letters.sharedPairs(2)])
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
