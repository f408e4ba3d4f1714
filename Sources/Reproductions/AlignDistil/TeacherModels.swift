// SPDX-License-Identifier: Apache-2.0
import Environments
import LanguageModels
import Objectives
import Torch

/// What the teacher is made of: the start of all training, DPO on the pairs, and DPO on the reversed pairs.
struct TeacherModels {
  let reference: ClassWriter
  let pairs: ClassPairs
  let aligned: ClassWriter
  let reversed: ClassWriter
}

/// One way to distil the models into a policy.
struct Distillation: Hashable, Sendable {
  /// What a policy learns.
  enum Kind: Hashable, Sendable {
    case alignDistil, offPolicy, plain, theorem, adaptiveTheorem, swapped
    case constant(Double)
  }

  let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  static let all: [Distillation] =
    [
      .alignDistil, .offPolicy, .plain, .theorem, .adaptiveTheorem, .constant(1), .constant(4),
      .swapped,
    ].map(Distillation.init)

  var name: String {
    switch kind {
    case .alignDistil: "AlignDistil, on policy"
    case .offPolicy: "AlignDistil, on the chosen answers"
    case .plain: "distilled from the DPO model alone"
    case .theorem: "theorem 1, β/β′ = 2"
    case .adaptiveTheorem: "theorem 1, adaptive"
    case .constant(let weight): "contrast with weight \(weight)"
    case .swapped: "AlignDistil, teachers swapped"
    }
  }

  /// The loss.
  var objective: AlignDistil {
    let beta = AlignDistilReproduction.beta
    let scale = AlignDistilReproduction.strength
    return switch kind {
    case .alignDistil, .swapped: AlignDistil(beta: beta, strength: .adaptive(scale: scale))
    case .offPolicy:
      AlignDistil(
        beta: beta, strength: .adaptive(scale: AlignDistilReproduction.offPolicyStrength))
    case .plain: AlignDistil(beta: beta, origin: .contrast, strength: .constant(1))
    case .theorem: AlignDistil(beta: beta, origin: .contrast, strength: .constant(2))
    case .adaptiveTheorem:
      AlignDistil(beta: beta, origin: .contrast, strength: .adaptive(scale: scale))
    case .constant(let weight): AlignDistil(beta: beta, strength: .constant(weight))
    }
  }

  private var isOnPolicy: Bool { kind != .offPolicy }

  /// z⁺ and z⁻.
  private func teachers(_ models: TeacherModels, _ run: ReproductionRun) -> (
    aligned: ClassWriter, contrast: ClassWriter
  ) {
    let readsReference = [.plain, .theorem, .adaptiveTheorem].contains(kind)
    let contrast = readsReference ? models.reference : models.reversed
    if run.has(AlignDistilReproduction.noContrast) { return (models.aligned, models.aligned) }
    let isSwapped = (kind == .swapped) != run.has(AlignDistilReproduction.swappedTeachers)
    return isSwapped ? (contrast, models.aligned) : (models.aligned, contrast)
  }

  /// Trains a copy of the reference.
  ///
  /// - Parameters:
  ///   - models: the start, the pairs and the teachers.
  ///   - seed: of topics, samples and order.
  ///   - run: the run, with its mistake.
  ///   - watch: takes the policy after every step.
  /// - Returns: the policy.
  /// - Throws: what building a model throws.
  func train(
    _ models: TeacherModels, seed: UInt64, run: ReproductionRun,
    watch: (Int, ClassWriter) -> Void = { _, _ in }
  ) throws -> ClassWriter {
    let (aligned, contrast) = teachers(models, run)
    return try Self.train(
      objective, aligned: aligned, contrast: contrast, models: models, isOnPolicy: isOnPolicy,
      seed: seed, run: run, watch: watch)
  }

  /// The loop: sequences, three forward passes, the loss, the update.
  static func train(
    _ objective: AlignDistil, aligned: ClassWriter, contrast: ClassWriter, models: TeacherModels,
    isOnPolicy: Bool, seed: UInt64, run: ReproductionRun,
    watch: (Int, ClassWriter) -> Void = { _, _ in }
  ) throws -> ClassWriter {
    let policy = try models.reference.copy()
    let optimizer = AdamW(
      policy.model.parameters, learningRate: AlignDistilReproduction.learningRate)
    var random = SplitMix64(text: "aligndistil/topics/\(seed)")
    var order = ShuffledRows(
      count: models.pairs.chosen.count, seed: "aligndistil/distil/\(seed)")
    for step in 1...AlignDistilReproduction.stepCount {
      let rows = order.next(AlignDistilReproduction.batchSize)
      let topics = rows.map { _ in TokenClasses.topic(&random) }
      let answers =
        isOnPolicy
        ? policy.answers(to: topics, seed: random.next()) : rows.map { models.pairs.chosen[$0] }
      let batch = TokenBatch(answers.map(\.row), padTokenID: TokenClasses.endToken)
      optimizer.zeroGrad()
      let loss = objective(
        policy: policy.logits(batch), aligned: withoutGrad { aligned.logits(batch) },
        contrast: withoutGrad { contrast.logits(batch) }, rows: batch.targetRows,
        rowCount: batch.rowCount
      ).loss
      (run.has(AlignDistilReproduction.wrongSign) ? -loss : loss).backward()
      optimizer.step()
      watch(step, policy)
    }
    return policy
  }
}

extension ClassWriter {
  /// The logits that predict each target of a batch, `[N, V]`.
  func logits(_ batch: TokenBatch) -> Tensor { model.logits(model.targetStates(of: batch)) }
}
