// SPDX-License-Identifier: Apache-2.0
import Objectives
import Torch

/// A loss for rounds of preferences, and where the answers come from.
struct ExplorationMethod: Sendable {
  /// Which loss, with its α.
  enum Loss: Sendable, Equatable {
    /// Nothing is trained: what sampling alone finds.
    case none
    case dpo
    case selm(alpha: Double)
    /// SELM with the sign of its term turned round.
    case pessimism(alpha: Double)
    /// The second sample of each pair comes from the first reference, and is what the term is about.
    case xpo(alpha: Double)
  }

  let name: String
  let loss: Loss
  /// Whether all prompts are answered by the first policy, in one round.
  var isOneShot = false

  static let iterativeDPO = ExplorationMethod(name: "iterative DPO", loss: .dpo)
  static let selm = ExplorationMethod(name: "SELM, α = 0.1", loss: .selm(alpha: 0.1))
  static let flipped = ExplorationMethod(
    name: "SELM, α = 0.1, sign flipped", loss: .pessimism(alpha: 0.1))
  /// The three that the claims are about.
  static let compared = [iterativeDPO, selm, flipped]
  static let all = [
    ExplorationMethod(name: "no training", loss: .none),
    ExplorationMethod(name: "one-shot DPO", loss: .dpo, isOneShot: true), iterativeDPO,
    ExplorationMethod(name: "SELM, α = 0.01", loss: .selm(alpha: 0.01)), selm, flipped,
    ExplorationMethod(name: "XPO, α = 0.01", loss: .xpo(alpha: 0.01)),
  ]

  /// Whether the second sample comes from the first reference.
  var pairsWithFirstReference: Bool {
    if case .xpo = loss { true } else { false }
  }

  /// The mean loss of some labelled answers, a scalar; nil where nothing is trained.
  ///
  /// `policy` is log π, `[P, A]`, and carries the gradient; `reference` is log π_ref of the round, `[P, A]`.
  func loss(
    _ answers: [LabelledAnswer], policy: Tensor, reference: Tensor, run: ReproductionRun
  ) -> Tensor? {
    let response = answers.map(\.response)
    func read(_ table: Tensor, _ arms: [Int]) -> Tensor {  // [P, A] -> [B]
      let places = zip(answers, arms).map { $0.prompt * table.size(1) + $1 }
      return table.reshaped([table.elementCount]).rows(Tensor(places))
    }
    func pair(_ table: Tensor) -> PairLogProbs {
      PairLogProbs(
        chosen: read(table, answers.map(\.chosen)), rejected: read(table, answers.map(\.rejected)))
    }
    var pairs = PairInputs(policy: pair(policy), reference: pair(reference))
    func third(sign: Double = 1) -> ThirdCompletion {
      Self.third(
        policy: read(policy, response) * sign, reference: read(reference, response) * sign, run)
    }
    switch loss {
    case .none: return nil
    case .dpo: return DPO(beta: SELMReproduction.beta)(pairs).loss
    case .selm(let alpha):
      pairs.third = third()
      return Self.selm(alpha, run)(pairs).loss
    case .pessimism(let alpha):
      pairs.third = third(sign: -1)
      return Self.selm(alpha, run)(pairs).loss
    case .xpo(let alpha):
      pairs.third = third()
      return XPO(beta: SELMReproduction.beta, alpha: alpha)(pairs).loss
    }
  }

  /// The loss as it stands in the catalogue, or with the mistake asked for.
  static func selm(_ alpha: Double, _ run: ReproductionRun) -> SELM {
    let beta = SELMReproduction.beta
    return SELM(
      beta: beta, alpha: run.has(SELMReproduction.missingBeta) ? alpha / beta : alpha)
  }

  /// The response of the reference, spoiled where a mistake about it is asked for.
  static func third(
    policy: Tensor, reference: Tensor, _ run: ReproductionRun
  ) -> ThirdCompletion {
    let isFlipped = run.has(SELMReproduction.optimismSign)
    let learnt = run.has(SELMReproduction.detachedTerm) ? policy.detached() : policy
    return ThirdCompletion(
      policy: isFlipped ? -learnt : learnt, reference: isFlipped ? -reference : reference,
      tokenCounts: Tensor.ones([policy.elementCount]))
  }
}

/// One prompt with the best and the worst of some answers, and the response ŷ of the reference.
struct LabelledAnswer: Sendable, Equatable {
  let prompt: Int
  let chosen: Int
  let rejected: Int
  let response: Int
}
