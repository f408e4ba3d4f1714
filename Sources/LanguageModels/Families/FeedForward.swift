// SPDX-License-Identifier: Apache-2.0
import Torch

/// Activations by the names `config.json` gives them.
public enum Activation: String, Sendable, CaseIterable {
  /// x · sigmoid(x).
  case silu
  /// The older name of ``silu``.
  case swish
  /// x · Φ(x), exact.
  case gelu
  /// x · Φ(x), approximated with tanh.
  case geluTanh = "gelu_pytorch_tanh"
  /// The name GPT-2 gives ``geluTanh``.
  case geluNew = "gelu_new"
  /// Another name of ``geluTanh``.
  case geluFast = "gelu_fast"
  /// x · sigmoid(1.702 x).
  case quickGelu = "quick_gelu"
  /// max(x, 0).
  case relu

  /// Element by element.
  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .silu, .swish: Torch.silu(x)
    case .gelu: Torch.gelu(x)
    case .geluTanh, .geluNew, .geluFast: Torch.geluTanh(x)
    case .quickGelu: x * sigmoid(1.702 * x)
    case .relu: Torch.relu(x)
    }
  }

  /// The activation of `x`, times `y`.
  func gate(_ x: Tensor, _ y: Tensor) -> Tensor {
    switch self {
    case .silu, .swish: siluGate(x, y)
    default: self(x) * y
    }
  }
}

/// Linear maps of one input, stored as matrices of their own or, as in Phi-3, stacked into one.
struct SideBySide {
  private let maps: [Linear]
  private let widths: [Int]

  /// Takes each name's matrix, or `stacked` in place of all.
  init(
    _ scope: Scope, _ names: [(name: String, width: Int)], stacked: String?, from input: Int,
    bias: Bool, deviation: Double
  ) {
    widths = names.map(\.width)
    let stored = stacked.map { [($0, names.reduce(0) { $0 + $1.width })] } ?? names
    maps = stored.map {
      Linear(scope / $0.0, from: input, to: $0.1, bias: bias, deviation: deviation)
    }
  }

  /// `[..., in]` to one `[..., width]` a name.
  func callAsFunction(_ x: Tensor) -> [Tensor] {
    guard maps.count == 1, let stacked = maps.first else { return Linear.all(maps, of: x) }
    let all = stacked(x)
    var start = 0
    return widths.map { width in
      defer { start += width }
      return all.narrowed(-1, start..<start + width)
    }
  }
}

/// down(activation(gate x) ⊙ up x).
struct GatedFeedForward {
  let gateAndUp: SideBySide
  let down: Linear
  let activation: Activation

  /// Makes or reads `gate_proj` and `up_proj` (or both as `gate_up_proj`) and `down_proj`.
  init(
    _ scope: Scope, width: Int, hiddenWidth: Int, activation: Activation, bias: Bool = false,
    isStacked: Bool = false, deviation: Double
  ) {
    gateAndUp = SideBySide(
      scope, [("gate_proj", hiddenWidth), ("up_proj", hiddenWidth)],
      stacked: isStacked ? "gate_up_proj" : nil, from: width, bias: bias, deviation: deviation)
    down = Linear(
      scope / "down_proj", from: hiddenWidth, to: width, bias: bias, deviation: deviation)
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor { down(inside(x)) }  // [B, T, D]

  /// What the layer gives for `x`, added to a residual.
  func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor {
    down(inside(x), addedTo: residual)
  }

  private func inside(_ x: Tensor) -> Tensor {  // [B, T, hidden]
    let parts = gateAndUp(x)
    return activation.gate(parts[0], parts[1])
  }
}
