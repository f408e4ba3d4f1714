// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import LanguageModels
import Objectives
import Torch

/// All ways to the policy, for all seeds.
struct DistillationStudy {
  /// Readings at the end by the method's name, one a seed.
  private(set) var readings: [String: [ClassReading]] = [:]
  /// Names in the order of the table.
  private(set) var names: [String] = []
  /// Readings every ten steps, one course a seed.
  private(set) var courses: [String: [[ClassReading]]] = [:]
  /// E_π β log π⁺/π⁻ at fixed tokens before the first step and after each of the first fifty, a seed each.
  private(set) var rewardCourses: [[Double]] = []
  /// The largest difference of a next token's probability between contrast with the reference and theorem 1.
  private(set) var theoremGaps: [Double] = []

  private static var preferences: [(name: String, objective: any PairObjective)] {
    [
      ("DPO", DPO(beta: AlignDistilReproduction.beta)), ("SimPO", SimPO(beta: 2, gamma: 1)),
      ("KTO on pairs", KTOPair(beta: AlignDistilReproduction.beta)),
    ]
  }

  init(run: ReproductionRun) throws {
    for seed in run.seeds {
      run.progress("aligndistil: seed \(seed), imitation and pairs")
      let reference = try ClassWriter.demonstrator(seed: seed)
      let pairs = ClassPairs(
        count: AlignDistilReproduction.pairCount, from: reference, seed: seed)
      add("SFT", ClassReading(reference, reference: reference, seed: seed), seed, run)
      let aligned = try studyPreferences(pairs, reference, seed, run)
      run.progress("aligndistil: seed \(seed), reverse DPO")
      let reversed = try pairs.reversed.train(
        DPO(beta: AlignDistilReproduction.beta), from: reference, seed: seed)
      add("reverse DPO", ClassReading(reversed, reference: reference, seed: seed), seed, run)
      let models = TeacherModels(
        reference: reference, pairs: pairs, aligned: aligned, reversed: reversed)
      for method in Distillation.all { try study(method, models, seed, run) }
      theoremGaps.append(try Self.theoremGap(models, seed, run))
    }
  }

  /// DPO and the other losses on pairs; returns the DPO model.
  private mutating func studyPreferences(
    _ pairs: ClassPairs, _ reference: ClassWriter, _ seed: UInt64, _ run: ReproductionRun
  ) throws -> ClassWriter {
    var first: ClassWriter?
    for (name, objective) in Self.preferences {
      run.progress("aligndistil: seed \(seed), \(name)")
      var course: [ClassReading] = []
      let policy = try pairs.train(objective, from: reference, seed: seed) { step, policy in
        watch(name, step, policy, reference, seed, run, &course)
      }
      courses[name, default: []].append(course)
      add(name, ClassReading(policy, reference: reference, seed: seed), seed, run)
      first = first ?? policy
    }
    return first ?? reference
  }

  private mutating func study(
    _ method: Distillation, _ models: TeacherModels, _ seed: UInt64, _ run: ReproductionRun
  ) throws {
    run.progress("aligndistil: seed \(seed), \(method.name)")
    var course: [ClassReading] = []
    let tokens = FixedTokens(models, seed: seed)
    var rewards = [tokens.reward(of: models.reference)]
    let policy = try method.train(models, seed: seed, run: run) { step, policy in
      watch(method.name, step, policy, models.reference, seed, run, &course)
      if method.kind == .alignDistil, step <= AlignDistilReproduction.risingStepCount {
        rewards.append(tokens.reward(of: policy))
      }
    }
    courses[method.name, default: []].append(course)
    if method.kind == .alignDistil { rewardCourses.append(rewards) }
    let reading = ClassReading(policy, reference: models.reference, seed: seed)
    add(method.name, reading, seed, run)
  }

  private func watch(
    _ name: String, _ step: Int, _ policy: ClassWriter, _ reference: ClassWriter, _ seed: UInt64,
    _ run: ReproductionRun, _ course: inout [ClassReading]
  ) {
    guard Self.shown.contains(name), step.isMultiple(of: AlignDistilReproduction.watchEvery)
    else { return }
    let reading = ClassReading(
      policy, reference: reference, seed: seed, count: AlignDistilReproduction.watchCount)
    course.append(reading)
    record(name, step, reading, seed, run)
  }

  private mutating func add(
    _ name: String, _ reading: ClassReading, _ seed: UInt64, _ run: ReproductionRun
  ) {
    if readings[name] == nil { names.append(name) }
    readings[name, default: []].append(reading)
    record(name, nil, reading, seed, run)
  }

  private func record(
    _ name: String, _ step: Int?, _ reading: ClassReading, _ seed: UInt64, _ run: ReproductionRun
  ) {
    run.record([
      "method": .string(name), "seed": .integer(Int(truncatingIfNeeded: seed)),
      "step": step.map { .integer($0) } ?? .null, "reward": .number(reading.reward),
      "kl": .number(reading.kl), "length": .number(reading.length),
    ])
  }

  /// Contrast with the reference at a constant weight w, against theorem 1 with β/β′ = 1 + w, on the same answers.
  ///
  /// The coefficients β/α are made equal, so that the two runs differ in rounding alone.
  private static func theoremGap(
    _ models: TeacherModels, _ seed: UInt64, _ run: ReproductionRun
  ) throws -> Double {
    let beta = AlignDistilReproduction.beta
    let contrast = AlignDistil(beta: beta / 2, strength: .constant(1))
    let theorem = AlignDistil(beta: beta, origin: .contrast, strength: .constant(2))
    let policies = try [contrast, theorem].map { objective in
      try Distillation.train(
        objective, aligned: models.aligned, contrast: models.reference, models: models,
        isOnPolicy: false, seed: seed, run: run)
    }
    let tokens = FixedTokens(models, seed: seed)
    let sides = policies.map(tokens.probabilities)
    return zip(sides[0], sides[1]).map { Swift.abs($0 - $1) }.max() ?? .nan
  }
}

/// Tokens of the reference's own answers, at which distributions are compared.
struct FixedTokens {
  private let batch: TokenBatch
  /// β log π⁺/π⁻, `[N, V]`.
  private let rewards: Tensor

  init(_ models: TeacherModels, seed: UInt64) {
    let words = TokenClasses.words
    let topics = (0..<AlignDistilReproduction.fixedCount).map {
      words.lowerBound + $0 % words.count
    }
    let answers = models.reference.answers(to: topics, seed: seed &+ 0x6669_7865)
    let batch = TokenBatch(answers.map(\.row), padTokenID: TokenClasses.endToken)
    self.batch = batch
    rewards = withoutGrad {
      AlignDistil(beta: AlignDistilReproduction.beta).teacher(
        aligned: models.aligned.logits(batch), contrast: models.reversed.logits(batch)
      ).rewards
    }
  }

  /// The expected reward of the next token, exact at each place, a mean over places.
  func reward(of policy: ClassWriter) -> Double {
    withoutGrad { (policy.logits(batch).softmax(1) * rewards).sum(1).mean().item }
  }

  /// Every probability at every place.
  func probabilities(_ policy: ClassWriter) -> [Double] {
    withoutGrad { policy.logits(batch).softmax(1).doubles }
  }
}
