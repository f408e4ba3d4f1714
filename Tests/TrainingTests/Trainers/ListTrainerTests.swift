// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("Training on lists")
struct ListTrainerTests {
  private let order = DataOrder(rowCount: 6, batchSize: 6, seed: 1, shuffles: false)
  private static let losses: [any ListObjective & Sendable] = [
    PairLogistic(), PairHinge(), ListMLE(), ListSoftmax(), InfoNCA(), PointMSE(), PointSigmoid(),
    LiPOLambda(),
  ]

  private func step(
    _ models: TwoModels, _ lists: ListRows, _ objective: any ListObjective, size: Int, pad: Int = 0,
    beta: Double = 0.3
  ) throws -> OneStep {
    let policy = try models.workshop.model()
    return try OneStep(policy) { optimizer, run in
      try ListTrainer(
        policy: policy, reference: models.reference,
        objective: ListwiseLoss(objective, beta: beta), optimizer: optimizer,
        plan: OneStep.plan(size, pad: pad)
      ).fit(lists, order: order, run: run, save: { _ in })
    }
  }

  @Test(
    "a step is the same however its batch is split or padded, with lists of unlike length and weight",
    arguments: losses.indices)
  func splitting(place: Int) throws {
    let models = try TwoModels()
    let lists = try models.preparation().lists(
      Letters.weighted(Letters.lists(6)), for: Self.losses[place], labels: .scores)
    #expect(Set((0..<6).map { lists.places(of: $0).count }) == [2, 3, 4])
    let whole = try step(models, lists, Self.losses[place], size: 6)
    for (size, pad) in [(1, 0), (4, 0), (6, 33)] {
      whole.expectEqual(
        try step(models, lists, Self.losses[place], size: size, pad: pad),
        ["rewards/chosen", "rewards/margins", "rewards/accuracies", "logps/rejected", "entropy"])
    }
  }

  // Σ over ordered pairs of softplus(−(s_i − s_j)) in Double, each text read alone.
  @Test("the pair-logistic loss is the formula's over texts read one by one")
  func formula() throws {
    let models = try TwoModels()
    let lists = try models.preparation().lists(
      Letters.lists(6), for: PairLogistic(), labels: .scores)
    let policy = try models.workshop.model()
    var total = 0.0
    var right = 0.0
    var pairCount = 0.0
    for list in 0..<6 {
      let places = lists.places(of: list)
      let scores = places.map { 0.3 * models.ratio(policy, lists.candidates[$0]) }
      for i in scores.indices {
        for j in scores.indices
        where lists.labels[places.lowerBound + i] > lists.labels[places.lowerBound + j] {
          total += log1p(exp(scores[j] - scores[i]))
          right += scores[i] > scores[j] ? 1 : 0
          pairCount += 1
        }
      }
    }
    let found = try step(models, lists, PairLogistic(), size: 4)
    expectClose([found.loss], [total / 6], atol: 1e-5)
    expectClose([found.metrics["rewards/accuracies"] ?? .nan], [right / pairCount], atol: 1e-6)
  }

  @Test("on lists of two the pair-logistic and the Plackett-Luce loss are DPO")
  func pairs() throws {
    let models = try TwoModels()
    let records = Letters.pairs(6)
    let pairs = try models.preparation().pairs(records)
    let policy = try models.workshop.model()
    let dpo = try OneStep(policy) { optimizer, run in
      try PreferenceTrainer(
        policy: policy, reference: models.reference, objective: DPO(beta: 0.3),
        optimizer: optimizer, plan: OneStep.plan(3)
      ).fit(pairs, order: order, run: run, save: { _ in })
    }
    let lists = try models.preparation().lists(
      records.map { record in
        guard case .preference(let pair) = record.body else { return record }
        return Record(
          .ranking(
            // The worse one first: places in a list say nothing.
            Ranking(
              prompt: pair.prompt, completions: [pair.rejected, pair.chosen], ranks: [2, 1])))
      }, for: ListMLE(), labels: .ranks)
    for objective: any ListObjective in [PairLogistic(), ListMLE()] {
      dpo.expectEqual(
        try step(models, lists, objective, size: 2),
        [
          "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies",
          "logps/chosen", "logps/rejected", "entropy",
        ])
    }
  }

  @Test("ranks become labels from 1 to 0, whatever numbers they are; ties share theirs")
  func labels() throws {
    let models = try TwoModels()
    func labels(_ ranks: [Int], _ objective: any ListObjective = PointMSE()) throws -> [Double] {
      let texts = ranks.indices.map {
        RecordText.plain(" " + String(repeating: "a", count: $0 + 1))
      }
      return try models.preparation().lists(
        [Record(.ranking(Ranking(prompt: .plain("b"), completions: texts, ranks: ranks)))],
        for: objective, labels: .ranks
      ).labels
    }
    #expect(try labels([3, 1, 2]) == [0, 1, 0.5])
    #expect(try labels([40, 7]) == [0, 1])
    #expect(try labels([1, 1, 3, 3, 5]) == [1, 1, 0.5, 0.5, 0])
    #expect(try labels([1, 1]) == [1, 1])
    let error = #expect(throws: TrainingError.self) { try labels([1, 1], LiPOLambda()) }
    #expect(error.map { "\($0)" }?.contains("ranked alike") == true)
  }

  @Test("auto takes scores from 0 to 1 where all lists have them, else ranks")
  func source() {
    let scored = Letters.lists(3)
    #expect(ListLabels.auto.resolved(for: scored) == .scores)
    var other = scored
    other[1].body = .ranking(
      Ranking(
        prompt: .plain("p"), completions: [.plain("a"), .plain("b")], ranks: [1, 2],
        scores: [7, 0]))
    #expect(ListLabels.auto.resolved(for: other) == .ranks)
    #expect(ListLabels.scores.resolved(for: other) == .scores)
  }
}
