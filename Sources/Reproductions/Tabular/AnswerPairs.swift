// SPDX-License-Identifier: Apache-2.0
import Environments
import Objectives
import Torch

/// Pairs of answers of one prompt, with how often each occurs: all of them weighted, or some that were drawn.
struct AnswerPairs {
  /// The first answer of each pair, int64 `[B]`.
  let first: Tensor
  /// The second answer of each pair, int64 `[B]`.
  let second: Tensor
  /// How much each pair counts, `[B]`; nil counts each once.
  let weights: Tensor?

  /// All A² pairs, each weighing the product of two probabilities: expectations become sums.
  ///
  /// - Parameters:
  ///   - first: probabilities of the first answer, `[A]`; a gradient in them is kept.
  ///   - second: those of the second answer, `[A]`.
  /// - Returns: A² pairs with weights.
  static func all(_ first: Tensor, _ second: Tensor) -> AnswerPairs {
    let count = first.elementCount
    let indices = (0..<count * count).map { $0.quotientAndRemainder(dividingBy: count) }
    let firsts = Tensor(indices.map(\.quotient))
    let seconds = Tensor(indices.map(\.remainder))
    return AnswerPairs(
      first: firsts, second: seconds, weights: first.rows(firsts) * second.rows(seconds))
  }

  /// `count` pairs of independent draws.
  static func drawn(
    _ count: Int, from probabilities: [Double], _ random: inout SplitMix64
  ) -> AnswerPairs {
    let sampler = OutcomeSampler(probabilities)
    return AnswerPairs(
      first: Tensor((0..<count).map { _ in sampler.draw(&random) }),
      second: Tensor((0..<count).map { _ in sampler.draw(&random) }), weights: nil)
  }

  /// The pairs as an online loss reads them.
  ///
  /// - Parameters:
  ///   - policy: log π, `[A]`; carries the gradient.
  ///   - reference: log μ, `[A]`.
  ///   - preferences: P(y ≻ y′), `[A, A]`.
  /// - Returns: B pairs.
  func scored(policy: Tensor, reference: Tensor, preferences: Tensor) -> OnlinePairs {
    let count = policy.elementCount
    let places = (first * Double(count) + second).to(.int64)
    return OnlinePairs(
      policyFirst: policy.rows(first), policySecond: policy.rows(second),
      referenceFirst: reference.rows(first), referenceSecond: reference.rows(second),
      preferences: preferences.reshaped([count * count]).rows(places), weights: weights)
  }
}
