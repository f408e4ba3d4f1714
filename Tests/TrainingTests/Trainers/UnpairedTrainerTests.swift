// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("Training on single completions")
struct UnpairedTrainerTests {
  private let order = DataOrder(rowCount: 8, batchSize: 8, seed: 1, shuffles: false)
  private static let losses: [any UnpairedObjective & Sendable] = [
    KTO(beta: 0.5, desirableWeight: 1, undesirableWeight: 1.33), UnpairedAPOZero(beta: 0.5),
    UnpairedBCO(beta: 0.5),
  ]

  private func step(
    _ models: TwoModels, _ rows: UnpairedRows, _ objective: any UnpairedObjective, size: Int,
    pad: Int = 0, reference: (any LanguageModel)? = nil
  ) throws -> OneStep {
    let policy = try models.workshop.model()
    return try OneStep(policy) { optimizer, run in
      try UnpairedTrainer(
        policy: policy, reference: reference ?? models.reference, objective: objective,
        optimizer: optimizer, plan: OneStep.plan(size, pad: pad)
      ).fit(rows, order: order, run: run, save: { _ in })
    }
  }

  @Test(
    "a step is the same however its batch is split or padded, weights of rows included",
    arguments: losses.indices, [false, true])
  func splitting(place: Int, isWeighted: Bool) throws {
    let models = try TwoModels()
    let records = Letters.thumbs(8)
    let rows = try models.preparation().unpaired(isWeighted ? Letters.weighted(records) : records)
    let whole = try step(models, rows, Self.losses[place], size: 8)
    for (size, pad) in [(1, 0), (3, 0), (8, 33)] {
      whole.expectEqual(
        try step(models, rows, Self.losses[place], size: size, pad: pad),
        ["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"]
          + (Self.losses[place].anchorSource.metric.map { [$0] } ?? []))
    }
  }

  // λ_D (1 − σ(β (a − z))) and λ_U (1 − σ(β (z − r))) in Double, each text read alone.
  @Test("KTO's loss is the formula's over texts read one by one")
  func formula() throws {
    let models = try TwoModels()
    let rows = try models.preparation().unpaired(Letters.thumbs(8))
    let policy = try models.workshop.model()
    let mismatched = (0..<8).map { row in
      // The completion of the row before, from its first target on, behind this row's prompt.
      let prompt = rows.texts[row]
      let other = rows.texts[(row + 7) % 8]
      let start = prompt.isTarget.firstIndex(of: true) ?? 0
      let border = other.isTarget.firstIndex(of: true) ?? 0
      return TokenRow(
        prompt: Array(prompt.ids[..<start]), completion: Array(other.ids[border...]))
    }
    let drift = mismatched.map { models.ratio(policy, $0) }.reduce(0, +) / 8
    let point = max(0, drift)
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    let losses = (0..<8).map { row in
      let ratio = models.ratio(policy, rows.texts[row])
      return rows.isDesirable[row]
        ? 1 - sigmoid(0.5 * (ratio - point)) : 1.33 * (1 - sigmoid(0.5 * (point - ratio)))
    }
    let found = try step(models, rows, Self.losses[0], size: 3)
    expectClose([found.loss], [losses.reduce(0, +) / 8], atol: 1e-5)
    expectClose([found.metrics["kl"] ?? .nan], [point], atol: 1e-4)
    let ratios = (0..<8).map { models.ratio(policy, rows.texts[$0]) }
    let good = stride(from: 0, to: 8, by: 2).map { 0.5 * ratios[$0] }.reduce(0, +) / 4
    let bad = stride(from: 1, to: 8, by: 2).map { 0.5 * ratios[$0] }.reduce(0, +) / 4
    expectClose([found.metrics["rewards/chosen"] ?? .nan], [good], atol: 1e-4)
    expectClose([found.metrics["rewards/margins"] ?? .nan], [good - bad], atol: 1e-4)
  }

  @Test("a policy that is its reference scores half the weights, without KL")
  func atTheStart() throws {
    let models = try TwoModels()
    let rows = try models.preparation().unpaired(Letters.thumbs(8))
    let found = try step(
      models, rows, KTO(desirableWeight: 1, undesirableWeight: 3), size: 4,
      reference: models.workshop.model())
    expectClose([found.loss], [1], atol: 1e-6)
    #expect(found.metrics["kl"] == 0)
    #expect(found.metrics["rewards/accuracies"] == 0)
  }

  @Test(
    "a batch of one kind leaves the other side's metrics out and stays finite",
    arguments: losses.indices)
  func oneKind(place: Int) throws {
    let models = try TwoModels()
    let good = Letters.thumbs(16).enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
    let rows = try models.preparation().unpaired(good)
    let found = try step(models, rows, Self.losses[place], size: 4)
    #expect(found.loss.isFinite && found.metrics["grad_norm"].map { $0 > 0 } == true)
    #expect(found.metrics["rewards/chosen"] != nil)
    #expect(found.metrics["rewards/rejected"] == nil && found.metrics["rewards/margins"] == nil)
  }

  @Test("a prompt never meets a completion of its own where there are others")
  func partners() {
    var rows = UnpairedRows(maxLength: 6)
    // Prompts 1, 1, 2, 3 of two tokens; completions of one to four tokens that say which row they are of.
    for (row, prompt) in [1, 1, 2, 3].enumerated() {
      rows.texts.append(
        TokenRow(
          prompt: [10 + prompt, 10 + prompt],
          completion: [Int](repeating: 20 + row, count: row + 1)))
      rows.promptNumbers.append(prompt)
      rows.isDesirable.append(true)
    }
    func completions(_ batch: [Int]) -> [Int] {
      rows.mismatched(batch).map { $0.ids.last ?? 0 }
    }
    #expect(completions([0, 1, 2, 3]) == [23, 23, 21, 22])
    #expect(completions([3, 2]) == [22, 23])
    // Row 1 before row 0 has the same prompt, and so has nobody else in the batch: the data helps out.
    #expect(completions([0, 1]) == [23, 23])
    #expect(completions([2]) == [21])
    let cut = rows.mismatched([0, 3])[0]
    #expect(cut.ids == [11, 11, 23, 23, 23, 23] && cut.targetCount == 4)
    rows.promptNumbers = [7, 7, 7, 7]
    #expect(!rows.hasSeveralPrompts)
  }
}
