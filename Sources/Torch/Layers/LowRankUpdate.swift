// SPDX-License-Identifier: Apache-2.0

/// What an adapter adds to one linear layer.
///
/// With W the frozen matrix, A `[r, in]` and B `[out, r]`:
///
///     LoRA:  y = W x + s B A drop(x)
///     DoRA:  y = m ⊙ (W + s B A) x / ‖W + s B A‖,   the norm of each row, without a gradient
///
/// and with dropout DoRA adds to W x the difference between the formula and W x, both at drop(x). B starts at zero
/// and m at ‖W‖, so that an adapter at its start changes nothing.
///
/// Source: Hu et al. 2022, arXiv:2106.09685, eq. 3; Liu et al. 2024, arXiv:2402.09353, eq. 5 and section 4.3.
///
/// Departures from the papers: none; dropout in DoRA is where PEFT has it.
public struct LowRankUpdate {
  /// A, `[r, in]`.
  public let down: Tensor
  /// B, `[out, r]`.
  public let up: Tensor
  /// m, `[out]`; nil is LoRA.
  public let magnitude: Tensor?
  /// s: α/r, or α/√r for rank-stabilised LoRA.
  public let scale: Double
  /// Share of the input's numbers dropped within ``withDropout(seed:_:)``.
  public let dropout: Double

  /// Joins the parts.
  public init(
    down: Tensor, up: Tensor, magnitude: Tensor? = nil, scale: Double, dropout: Double = 0
  ) {
    self.down = down
    self.up = up
    self.magnitude = magnitude
    self.scale = scale
    self.dropout = dropout
  }

  /// The layer's output with the update: `[..., in]` to `[..., out]`, in the type that the frozen product has.
  func callAsFunction(_ x: Tensor, _ matrix: MatrixStorage, _ bias: Tensor?) -> Tensor {
    let plain = matrix.product(x, bias: bias)
    let kept = dropped(x, share: dropout)
    let change = linear(linear(kept.to(down.elementType), down), up) * scale
    guard let magnitude else { return plain + change.to(plain.elementType) }

    let factor = magnitude / withoutGrad { norms(matrix) }  // [out]
    let base: Tensor
    if kept.handle !== x.handle {
      base = matrix.product(kept, bias: nil)
    } else {
      base = bias.map { plain - $0 } ?? plain
    }
    let difference = (factor - 1) * base.to(factor.elementType) + factor * change
    return plain + difference.to(plain.elementType)
  }

  /// W + s B A, with DoRA's magnitudes, `[out, in]`, in W's type; differentiable in the adapter.
  public func matrix(over matrix: MatrixStorage) -> Tensor {
    let frozen = matrix.numbers
    let sum = frozen.to(down.elementType) + up.matmul(down) * scale
    guard let magnitude else { return sum.to(frozen.elementType) }
    let factor = magnitude / withoutGrad { norms(matrix) }
    return (factor.unsqueezed(1) * sum).to(frozen.elementType)
  }

  /// ‖W + s B A‖ by row, `[out]`.
  private func norms(_ matrix: MatrixStorage) -> Tensor {
    let sum = matrix.numbers.to(down.elementType) + up.matmul(down) * scale
    return rowNorms(sum)
  }
}

/// The 2-norm of each row.
package func rowNorms(_ matrix: Tensor) -> Tensor { sqrt(square(matrix).sum(1)) }
