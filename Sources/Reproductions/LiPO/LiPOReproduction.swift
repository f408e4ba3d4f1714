// SPDX-License-Identifier: Apache-2.0
import Evaluation
public import Feedback

/// Losses on ranked lists raise the true reward of a small language model, and need fewer lists than pairs do.
public struct LiPOReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `lipo`.
  public var name: String { "lipo" }
  /// The method's name.
  public var title: String { "LiPO" }
  /// The paper.
  public var source: String { "Liu et al. 2024, arXiv:2402.01878" }
  /// What is done.
  public var summary: String {
    "A transformer of 103,000 numbers imitates random answers, draws lists of six to each topic, and learns from what a "
      + "noisy judge thinks of them. Every loss on lists must raise the true reward by 0.4, inverted labels must lower it "
      + "by 0.7, and with 64 lists the losses on lists must beat DPO on two answers of each. Free scores test λ's claim alone."
  }
  /// Seeds of model, lists and order; the first three for all methods, all five where lists are few.
  public var seeds: [UInt64] { [1, 2, 3, 4, 5] }

  static let mainSeedCount = 3
  static let beta = 0.1
  static let listCount = 1024
  static let fewListCount = 64
  static let listWidth = 6
  /// Answers drawn a list, of which most methods see the first six.
  static let drawnWidth = 8
  static let batchSize = 32
  static let stepCount = 150
  static let watchEvery = 50
  static let learningRate = 3e-4
  static let leastGain = 0.4
  static let leastLoss = 0.7
  static let leastAdvantage = 0.05

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "beta": .number(Self.beta), "lists": .integer(Self.listCount),
      "few_lists": .integer(Self.fewListCount), "answers_per_list": .integer(Self.listWidth),
      "batch": .integer(Self.batchSize), "steps": .integer(Self.stepCount),
      "learning_rate": .number(Self.learningRate), "label_noise": 0.5, "label_shift": 1.5,
      "sft_steps": .integer(TokenClassSettings.sftStepCount),
      "sft_batch": .integer(TokenClassSettings.sftBatchSize),
      "sft_learning_rate": .number(TokenClassSettings.sftRate),
      "answers_per_reading": .integer(TokenClassSettings.readingCount),
      "least_gain": .number(Self.leastGain), "least_loss_inverted": .number(Self.leastLoss),
      "least_advantage": .number(Self.leastAdvantage),
      "ranking_draws": .integer(RankingTest.drawCount),
      "ranking_steps": .integer(RankingTest.budget), "ranking_rate": .number(RankingTest.rate),
    ]
  }

  static let flippedLabels = Breakage("flipped_labels", "the worst answer has the largest label")
  static let swappedModels = Breakage(
    "swapped_models", "policy and reference change places in the log-ratio")
  static let shiftedLabels = Breakage(
    "shifted_labels", "each label is read from the answer beside it")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.flippedLabels, Self.swappedModels, Self.shiftedLabels]
  }

  /// Free scores, and the small language model.
  public var parts: [ReproductionPart] {
    [
      ReproductionPart("exact") { run in
        let test = RankingTest(run: run)
        return Findings(tables: [test.table], claims: [test.claim])
      },
      ReproductionPart("token classes") { run in
        let study = try ListStudy(run: run)
        return Findings(
          tables: study.tables, claims: Self.claims(study), figures: [.scatter(study.chart)])
      },
    ]
  }

  private static func claims(_ study: ListStudy) -> [Claim] {
    func reward(_ kind: ListMethod.Kind) -> Double {
      (study.readings[ListMethod(kind)] ?? []).meanReward
    }
    func scarce(_ kind: ListMethod.Kind) -> Double {
      (study.scarce[ListMethod(kind)] ?? []).meanReward
    }
    let start = study.beginnings.meanReward
    let gains = ListMethod.listwise.map { reward($0.kind) - start }
    let inverted = reward(.inverted) - start
    let lists = [ListMethod.Kind.pairLogistic, .listMLE, .lambda].map(scarce).mean
    let pair = scarce(.firstPair)
    return [
      Claim(
        "every loss on lists gains at least \(leastGain) of true reward over SFT (means over seeds)",
        held: gains.allSatisfy { $0 >= leastGain },
        evidence: zip(ListMethod.listwise, gains).map { "\($0.name) \($1.short)" }
          .joined(separator: ", ")),
      Claim(
        "inverted labels lose at least \(leastLoss)", held: inverted <= -leastLoss,
        evidence: "\(inverted.short)"),
      Claim(
        "with \(fewListCount) lists pair-logistic, list-MLE and λ together beat DPO on two answers by \(leastAdvantage)",
        held: lists - pair >= leastAdvantage,
        evidence: "\(lists.short) against \(pair.short)"),
    ]
  }
}
