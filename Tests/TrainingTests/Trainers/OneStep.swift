// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Training

/// What one step of plain gradient descent at rate 1 without clipping does: the change of the weights is the gradient.
struct OneStep {
  let metrics: [String: Double]
  let gradient: [Float]

  /// Trains `model` for a step.
  init(_ model: any LanguageModel, _ train: (any Optimizer, TrainingRun) throws -> Void) throws {
    let before = model.parameters.map(\.tensor.floats)
    let run = try quietRun(steps: 1)
    try train(SGD(model.parameters, learningRate: 1), run)
    gradient = zip(before, model.parameters).flatMap { old, new in
      zip(old, new.tensor.floats).map { $0 - $1 }
    }
    metrics = try #require(run.log.history.first { $0["loss"] != nil })
  }

  var loss: Double { metrics["loss"] ?? .nan }

  static func plan(_ size: Int, pad: Int = 0) -> StepPlan {
    var plan = StepPlan(
      microbatchSize: size, schedule: LearningRateSchedule(.constant, base: 1, stepCount: 1))
    plan.maxGradNorm = 0
    plan.padTokenID = pad
    return plan
  }

  /// Expects another step to be this one up to rounding, and to have learnt something.
  func expectEqual(_ other: OneStep, _ names: [String]) {
    func norm(_ vector: [Float]) -> Double {
      vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let scale = norm(gradient)
    #expect(scale > 1e-3)
    let distance = norm(zip(gradient, other.gradient).map { $0 - $1 })
    #expect(distance <= 2e-6 * scale, "gradients differ by \(distance / scale)")
    for name in ["loss"] + names {
      expectClose(
        [other.metrics[name] ?? .nan], [metrics[name] ?? .infinity], atol: 1e-6, rtol: 1e-6)
    }
  }
}

/// A policy, a reference with other weights, and how rows become tokens.
struct TwoModels {
  let workshop: Workshop
  let reference: any LanguageModel

  init() throws {
    workshop = try Workshop()
    var other = TinyModel()
    other.seed = 8
    try other.write(to: workshop.folder["reference"])
    reference = try ModelFolder(workshop.folder["reference"]).languageModel()
  }

  func preparation() throws -> DataPreparation {
    DataPreparation(
      encoder: TextEncoder(try workshop.tokenizer(), maxLength: 64), method: "a test",
      log: { _ in })
  }

  /// log π − log π_ref of one text, read alone.
  func ratio(_ policy: any LanguageModel, _ row: TokenRow) -> Double {
    let batch = TokenBatch([row], padTokenID: 0)
    return withoutGrad {
      (policy.sequenceLogProbs(of: batch) - reference.sequenceLogProbs(of: batch)).item
    }
  }
}
