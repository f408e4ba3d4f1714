// SPDX-License-Identifier: Apache-2.0
import Torch

/// A softmax table trained by Adam in float64: a policy whose every probability can be read.
final class TabularPolicy {
  /// The table, `[A]` or `[S, A]`; a softmax over the last axis makes probabilities of it.
  let logits: Tensor

  /// Starts from logits of the given shape; nil means one axis.
  init(logits: [Double], shape: [Int]? = nil) {
    self.logits = Tensor(logits, shape: shape).asParameter()
  }

  /// log π, carrying the gradient, in the shape of the logits.
  var logProbs: Tensor { logits.logSoftmax(logits.rank - 1) }

  /// π, row major.
  var probabilities: [Double] { withoutGrad { exp(logProbs).doubles } }

  /// π of each state, `[S][A]`.
  var rows: [[Double]] {
    let flat = probabilities
    let width = logits.shape[logits.rank - 1]
    return stride(from: 0, to: flat.count, by: width).map { Array(flat[$0..<$0 + width]) }
  }

  /// Adam with a fresh state.
  ///
  /// - Parameters:
  ///   - stepCount: updates.
  ///   - schedule: the rate of each.
  ///   - loss: a scalar from the step and log π; nil skips the step.
  func fit(
    stepCount: Int, schedule: LearningRateSchedule, _ loss: (Int, Tensor) throws -> Tensor?
  ) rethrows {
    let optimizer = AdamW([("logits", logits)], learningRate: schedule.base)
    for step in 0..<stepCount {
      optimizer.learningRate = schedule.rate(at: step)
      optimizer.zeroGrad()
      guard let value = try loss(step, logProbs) else { continue }
      value.backward()
      optimizer.step()
    }
  }
}
