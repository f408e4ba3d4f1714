// SPDX-License-Identifier: Apache-2.0
import Environments
import LanguageModels
import Torch

/// A policy whose answers are arms: every probability can be read.
protocol ArmPolicy {
  /// What is trained.
  var parameters: NamedTensors { get }
  /// log π of every arm of every prompt in nats, `[P, A]`; carries the gradient.
  var logProbs: Tensor { get }
  /// The same policy in memory of its own.
  func copy() throws -> Self
}

extension ArmPolicy {
  /// π, `[P][A]`.
  var rows: [[Double]] {
    let table = withoutGrad { exp(logProbs) }
    let width = table.size(1)
    let flat = table.doubles
    return stride(from: 0, to: flat.count, by: width).map { Array(flat[$0..<$0 + width]) }
  }
}

/// A language model that reads one token, the prompt, and answers with one, the arm.
///
/// Tokens 0 ..< P are the prompts, P ..< P + 50 the arms; an answer is drawn among the arms.
struct ArmModel: ArmPolicy {
  private let model: any LanguageModel
  private let promptCount: Int

  private init(_ model: any LanguageModel, promptCount: Int) {
    self.model = model
    self.promptCount = promptCount
    model.setTrainable(true)
  }

  /// Draws a model of about 0.2 million parameters and fits it to a world's reference.
  init(fittedTo world: DeceptiveBandit, seed: UInt64) throws {
    let shape = LlamaConfiguration(
      vocabularyCount: world.promptCount + DeceptiveBandit.armCount, width: 96, hiddenWidth: 224,
      layerCount: 2, headCount: 4, maximumLength: 2)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil)
    self.init(
      try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: seed)),
      promptCount: world.promptCount)
    fit(Tensor(rows: world.reference).to(.float32))
  }

  var parameters: NamedTensors { model.parameters }

  var logProbs: Tensor {
    let prompts = Tensor(Array(0..<promptCount), shape: [promptCount, 1])
    let states = model.states(prompts, checkpointing: false).squeezed(1)  // [P, D]
    let arms = promptCount..<promptCount + DeceptiveBandit.armCount
    return model.logits(states).narrowed(1, arms).logSoftmax(1)
  }

  func copy() throws -> ArmModel {
    ArmModel(try model.copy(elementType: .float32), promptCount: promptCount)
  }

  /// Cross-entropy against whole distributions: there is nothing to sample.
  private func fit(_ target: Tensor) {
    let schedule = LearningRateSchedule(
      .linear, base: SELMReproduction.fitRate, stepCount: SELMReproduction.fitStepCount)
    let optimizer = AdamW(parameters, learningRate: schedule.base)
    for step in 0..<SELMReproduction.fitStepCount {
      optimizer.learningRate = schedule.rate(at: step)
      optimizer.zeroGrad()
      (-(target * logProbs).sum(1).mean()).backward()
      optimizer.step()
    }
  }
}

/// A table of logits: what is learnt about one arm changes no other but through the sum to 1.
struct ArmTable: ArmPolicy {
  private let logits: Tensor

  /// Starts at a world's reference.
  init(_ world: DeceptiveBandit) {
    logits = log(Tensor(rows: world.reference)).asParameter()
  }

  private init(logits: Tensor) { self.logits = logits.asParameter() }

  var parameters: NamedTensors { [("logits", logits)] }
  var logProbs: Tensor { logits.logSoftmax(1) }
  func copy() -> ArmTable { ArmTable(logits: logits.detached().copy()) }
}
