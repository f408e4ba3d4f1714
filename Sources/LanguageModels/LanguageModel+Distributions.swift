// SPDX-License-Identifier: Apache-2.0
public import Torch

// Numbers of whole next-token distributions, a chunk of positions at a time: the logits [N, V] never exist at once.
extension LanguageModel {
  /// Positions whose logits exist at once.
  private var chunkLength: Int { 512 }

  /// log Σ_v π(v)² of the distributions that states predict: how sure the model is of itself.
  ///
  /// - Parameter states: `[N, D]`, of this model.
  /// - Returns: `[N]` in float32, at most 0, without gradient.
  public func logSumSquares(_ states: Tensor) -> Tensor {
    withoutGrad {
      concatenated(
        chunks(of: states).map { part in
          (logits(states.narrowed(0, part)).logSoftmax(1) * 2).logSumExp(1)
        })
    }
  }

  /// KL(π_other‖π) of the distributions that states predict, in nats.
  ///
  /// Gradients flow into this model alone. Each chunk is computed again in the backward pass.
  ///
  /// - Parameters:
  ///   - other: a model with the same vocabulary; used without gradient.
  ///   - otherStates: `[N, D′]`, of the other model.
  ///   - states: `[N, D]`, of this model.
  /// - Returns: `[N]` in float32, at least 0 up to rounding.
  public func divergence(
    from other: any LanguageModel, _ otherStates: Tensor, _ states: Tensor
  ) -> Tensor {
    let fixed = otherStates.detached()
    return concatenated(
      chunks(of: states).map { part in
        checkpointed([states.narrowed(0, part)]) { own in
          let logProbs = self.logits(own[0]).logSoftmax(1)  // [n, V]
          let otherLogProbs = withoutGrad { other.logits(fixed.narrowed(0, part)).logSoftmax(1) }
          return (exp(otherLogProbs) * (otherLogProbs - logProbs)).sum(1)
        }
      })
  }

  private func chunks(of states: Tensor) -> [Range<Int>] {
    let count = states.size(0)
    return stride(from: 0, to: count, by: chunkLength).map {
      $0..<Swift.min(count, $0 + chunkLength)
    }
  }
}
