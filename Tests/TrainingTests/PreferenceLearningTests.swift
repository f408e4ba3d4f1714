// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import Objectives
import Testing
import Torch

@testable import Training

/// Whether single completions and lists teach what they should; with the data turned round the same must be unlearnt.
@Suite("Learning from single completions and lists")
struct PreferenceLearningTests {
  private func settings(_ workshop: Workshop) -> JobSettings {
    var settings = workshop.settings("run", steps: 40)
    settings.optimization.microbatchSize = 8
    settings.optimization.accumulation = 1
    settings.optimization.learningRate = 3e-3
    return settings
  }

  private func last(_ workshop: Workshop) throws -> [String: Double] {
    try #require(try workshop.metrics("run").last { $0["eval_loss"] != nil })
  }

  private static let thumbLosses: [any UnpairedObjective & Sendable] = [
    KTO(beta: 0.5), UnpairedAPOZero(beta: 0.5), UnpairedBCO(beta: 0.5),
  ]

  private func trained(onThumbs place: Int, better: String, worse: String) throws -> [String:
    Double]
  {
    let workshop = try Workshop()
    var job = KTOJob(settings: settings(workshop), modelFolder: workshop.base)
    job.objective = Self.thumbLosses[place]
    try job.run(
      on: Letters.thumbs(128, better: better, worse: worse), heldOut: Letters.thumbs(64, seed: 2))
    return try last(workshop)
  }

  @Test(
    "the liked half of unseen completions gains on the other, and loses with the labels turned",
    arguments: thumbLosses.indices)
  func thumbs(place: Int) throws {
    let learnt = try trained(onThumbs: place, better: "abcd", worse: "efgh")
    let turned = try trained(onThumbs: place, better: "efgh", worse: "abcd")
    #expect(learnt["eval_rewards/margins"].map { $0 > 2 } == true, "\(learnt)")
    #expect(turned["eval_rewards/margins"].map { $0 < -2 } == true, "\(turned)")
  }

  private static let listLosses: [any ListObjective & Sendable] = [
    PairLogistic(), PairHinge(), ListMLE(), InfoNCA(), LiPOLambda(), PointSigmoid(),
  ]

  private func trained(onLists place: Int, better: String, worse: String) throws -> [String: Double]
  {
    let workshop = try Workshop()
    var job = LiPOJob(settings: settings(workshop), modelFolder: workshop.base)
    job.objective = ListwiseLoss(Self.listLosses[place], beta: 0.5)
    try job.run(
      on: Letters.lists(96, better: better, worse: worse), heldOut: Letters.lists(48, seed: 2))
    return try last(workshop)
  }

  // Places in the middle of a list are drawn from both halves, so that not every pair can be told. InfoNCA wants the
  // labels' own margin of 1 and no more: half of that is asked of all.
  @Test(
    "the best of unseen lists gains on the worst, and loses with the lists turned",
    arguments: listLosses.indices)
  func ranked(place: Int) throws {
    let learnt = try trained(onLists: place, better: "abcd", worse: "efgh")
    let turned = try trained(onLists: place, better: "efgh", worse: "abcd")
    #expect(learnt["eval_rewards/margins"].map { $0 > 0.5 } == true, "\(learnt)")
    #expect(learnt["eval_rewards/accuracies"].map { $0 > 0.7 } == true, "\(learnt)")
    #expect(turned["eval_rewards/margins"].map { $0 < -0.5 } == true, "\(turned)")
    #expect(turned["eval_rewards/accuracies"].map { $0 < 0.4 } == true, "\(turned)")
  }
}
