// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// Ten steps in PEFT and torch; see Fixtures/AdapterDPO/make_fixture.py.
private struct Expected: Decodable {
  struct Pair: Decodable {
    var prompt: Int
    var chosen: [Int]
    var rejected: [Int]
  }
  struct Step: Decodable {
    var loss: Double
    var margin: Double
    var grad_norm: Double
  }

  var pairs: [Pair]
  var steps: [Step]
  var norms: [String: Double]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/AdapterDPO")

  static func read() throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
  }
}

@Suite("DPO of an adapter against PEFT")
struct AdapterParityTests {
  private func row(_ ids: [Int], _ prompt: Int) -> TokenRow {
    TokenRow(prompt: Array(ids[..<prompt]), completion: Array(ids[prompt...]))
  }

  @Test("ten steps have PEFT's losses, margins and gradients", arguments: [4, 1], [false, true])
  func parity(microbatch: Int, checkpointing: Bool) throws {
    let expected = try Expected.read()
    let start = try ModelFolder(Expected.folder.appending(path: "start"))
    let policy = try #require(try start.languageModel() as? AdaptedModel)
    policy.setTrainable(true)
    var pairs = PairRows()
    for pair in expected.pairs {
      pairs.chosen.append(row(pair.chosen, pair.prompt))
      pairs.rejected.append(row(pair.rejected, pair.prompt))
    }
    var plan = StepPlan(
      microbatchSize: microbatch,
      schedule: LearningRateSchedule(.constant, base: 1e-2, warmupStepCount: 0, stepCount: 10))
    plan.maxGradNorm = 0.5
    plan.checkpointsActivations = checkpointing
    let trainer = PreferenceTrainer(
      policy: policy, reference: policy.base, objective: DPO(),
      optimizer: AdamW(policy.parameters, learningRate: 1e-2), plan: plan)
    let order = DataOrder(rowCount: pairs.count, batchSize: 4, seed: 1, shuffles: false)
    let run = try quietRun(steps: 10)
    try trainer.fit(pairs, order: order, run: run) { _ in }

    let history = run.state.logHistory
    func found(_ name: String) -> [Double] { history.map { $0[name] ?? .nan } }
    expectClose(found("loss"), expected.steps.map(\.loss), atol: 1e-5)
    expectClose(found("rewards/margins"), expected.steps.map(\.margin), atol: 1e-4)
    expectClose(found("grad_norm"), expected.steps.map(\.grad_norm), atol: 1e-4, rtol: 1e-3)
    #expect(expected.steps[9].loss < 0.6)
    for (name, tensor) in policy.parameters {
      let norm = sqrt(square(tensor.detached().to(.float64)).sum())
      expectClose(norm, try #require(expected.norms[name]), atol: 1e-4, rtol: 1e-3)
    }
  }
}
