// SPDX-License-Identifier: Apache-2.0
import Evaluation
public import Feedback

/// AlignDistil distils a DPO model and its reverse into a policy that goes beyond both.
public struct AlignDistilReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `aligndistil`.
  public var name: String { "aligndistil" }
  /// The method's name.
  public var title: String { "AlignDistil" }
  /// The paper.
  public var source: String { "Zhang et al. 2025, arXiv:2503.02832" }
  /// What is done.
  public var summary: String {
    "A transformer of 103,000 numbers imitates random answers and is trained by DPO on pairs of its own, and on the same "
      + "pairs reversed. A teacher that goes beyond the DPO model, away from the reversed one, is distilled token by token "
      + "into the policy: it must earn more than DPO, sooner, without going further than three times as far."
  }
  /// Seeds of model, pairs and samples.
  public var seeds: [UInt64] { [1, 2, 3] }

  static let beta = 0.1
  static let strength = 15.0
  static let offPolicyStrength = 10.0
  static let pairCount = 1024
  static let batchSize = 32
  static let preferenceStepCount = 150
  static let stepCount = 100
  static let learningRate = 3e-4
  static let watchEvery = 10
  static let watchCount = 256
  static let risingStepCount = 50
  static let fixedCount = 256
  static let leastGain = 0.2
  static let mostDistance = 3.0
  static let theoremTolerance = 1e-3

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "beta": .number(Self.beta), "strength": .number(Self.strength),
      "strength_off_policy": .number(Self.offPolicyStrength), "pairs": .integer(Self.pairCount),
      "batch": .integer(Self.batchSize), "dpo_steps": .integer(Self.preferenceStepCount),
      "distillation_steps": .integer(Self.stepCount),
      "learning_rate": .number(Self.learningRate),
      "sft_steps": .integer(TokenClassSettings.sftStepCount),
      "sft_batch": .integer(TokenClassSettings.sftBatchSize),
      "sft_learning_rate": .number(TokenClassSettings.sftRate),
      "answers_per_reading": .integer(TokenClassSettings.readingCount),
      "answers_per_reading_on_the_way": .integer(Self.watchCount),
      "least_gain": .number(Self.leastGain), "most_distance": .number(Self.mostDistance),
      "theorem_tolerance": .number(Self.theoremTolerance),
    ]
  }

  static let swappedTeachers = Breakage(
    "swapped_teachers", "the DPO model and the reversed one change places")
  static let noContrast = Breakage(
    "no_contrast", "the DPO model stands in for the reversed one too")
  static let wrongSign = Breakage("wrong_sign", "the policy moves away from the teacher")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.swappedTeachers, Self.noContrast, Self.wrongSign]
  }

  /// The small language model.
  public var parts: [ReproductionPart] {
    [
      ReproductionPart("token classes") { run in
        let study = try DistillationStudy(run: run)
        return Findings(
          tables: [study.table, study.courseTable], claims: study.claims,
          figures: [.lines(study.chart)])
      }
    ]
  }
}
