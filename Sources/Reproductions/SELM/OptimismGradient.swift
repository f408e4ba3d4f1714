// SPDX-License-Identifier: Apache-2.0
import Objectives
import Torch

/// The gradient of SELM's term in the logits of one prompt: no chance involved.
struct OptimismGradient {
  /// The largest difference from αβ (onehot(ŷ) − π), over all ŷ.
  let largestError: Double
  /// The largest part of its mean over ŷ ~ π_ref where π = π_ref.
  let largestMean: Double

  /// Differentiates SELM less DPO on four arms.
  init(run: ReproductionRun) {
    let beta = SELMReproduction.beta
    let alpha = 0.1
    let start = [0.3, -1.2, 0.8, 0.1]
    let probabilities = Tensor(start).softmax(0).doubles
    let gradients = start.indices.map { Self.gradient(alpha: alpha, response: $0, at: start, run) }
    largestError =
      gradients.indices.flatMap { response in
        start.indices.map { arm in
          let expected = alpha * beta * ((arm == response ? 1 : 0) - probabilities[arm])
          return Swift.abs(gradients[response][arm] - expected)
        }
      }.max() ?? .nan
    largestMean =
      start.indices.map { arm in
        Swift.abs(zip(probabilities, gradients).reduce(0) { $0 + $1.0 * $1.1[arm] })
      }.max() ?? .nan
  }

  private static func gradient(
    alpha: Double, response: Int, at start: [Double], _ run: ReproductionRun
  ) -> [Double] {
    let reference = Tensor(start).logSoftmax(0)
    func gradient(_ objective: some PairObjective) -> [Double] {
      let logits = Tensor(start).asParameter()
      let policy = logits.logSoftmax(0)
      func arm(_ table: Tensor, _ index: Int) -> Tensor { table.rows(Tensor([index])) }
      func pair(_ table: Tensor) -> PairLogProbs {
        PairLogProbs(chosen: arm(table, 0), rejected: arm(table, 1))
      }
      var pairs = PairInputs(policy: pair(policy), reference: pair(reference))
      pairs.third = ExplorationMethod.third(
        policy: arm(policy, response), reference: arm(reference, response), run)
      objective(pairs).loss.backward()
      return logits.grad?.doubles ?? []
    }
    let whole = gradient(ExplorationMethod.selm(alpha, run))
    return zip(whole, gradient(DPO(beta: SELMReproduction.beta))).map(-)
  }
}
