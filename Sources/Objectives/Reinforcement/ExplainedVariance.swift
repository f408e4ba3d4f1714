// SPDX-License-Identifier: Apache-2.0
public import Torch

/// How much of the returns' variance the critic explains: 1 − Var(R − V) / Var(R).
///
/// - Parameters:
///   - values: `[B, T]`.
///   - returns: `[B, T]`.
///   - mask: 1 where values count, `[B, T]`.
/// - Returns: a detached scalar, at most 1; 0 is no better than a constant, below 0 worse. Where all returns are
///   equal there is nothing to explain and the answer is 0.
public func explainedVariance(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor {
  withoutGrad {
    let unexplained = maskedVariance(returns.widened - values.widened, mask)
    let variance = maskedVariance(returns, mask)
    return (1 - unexplained / variance).filled(where: variance .<= 0, with: 0)
  }
}
