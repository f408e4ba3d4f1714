// SPDX-License-Identifier: Apache-2.0
import CTorch

/// Adam with decoupled weight decay, in libtorch's fused kernel.
///
///     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
///     w ← w − lr · weightDecay · w − lr · m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ)
///
/// Weight decay spares vectors (norms and biases), as usual. Parameters in bfloat16 are updated through a float32
/// master copy. With ``usesEpsilonHat`` the denominator is √v + ε with the corrections in the rate: TensorFlow's
/// original form, an effectively larger ε in early steps.
///
/// Source: Loshchilov & Hutter 2019, arXiv:1711.05101; Kingma & Ba 2015, arXiv:1412.6980.
public final class AdamW: Optimizer {
  /// The rate the next step uses.
  public var learningRate: Double
  /// What is trained, in a fixed order.
  public let parameters: NamedTensors
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let weightDecay: Double
  private let usesEpsilonHat: Bool

  /// One parameter's memory.
  private struct Slot {
    let parameter: Tensor
    /// The float32 numbers that are trained; the parameter itself unless that is narrower.
    let master: Tensor
    let first: Tensor
    let second: Tensor
    let step: Tensor
    let decays: Bool
  }
  private let slots: [Slot]

  /// Creates the optimizer with zero moments.
  ///
  /// - Parameters:
  ///   - parameters: the leaves to train, with unique names.
  ///   - learningRate: lr, changed by a schedule between steps.
  ///   - beta1: decay of the first moment, in [0, 1).
  ///   - beta2: decay of the second moment, in [0, 1).
  ///   - epsilon: ε; 1e-8 as usual, 1e-5 for reinforcement learning.
  ///   - weightDecay: 0 turns decay off.
  ///   - usesEpsilonHat: the older form of the denominator.
  public init(
    _ parameters: NamedTensors, learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, usesEpsilonHat: Bool = false
  ) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.usesEpsilonHat = usesEpsilonHat
    slots = withoutGrad {
      parameters.map { _, parameter in
        let isNarrow = parameter.elementType == .bfloat16 || parameter.elementType == .float16
        let master = isNarrow ? parameter.detached().to(.float32) : parameter
        return Slot(
          parameter: parameter, master: master, first: master.zerosLike(),
          second: master.zerosLike(),
          step: .zeros([], device: parameter.device), decays: parameter.rank > 1)
      }
    }
  }

  /// One update from the collected gradients.
  public func step() {
    withoutGrad {
      let ready = slots.compactMap { slot in
        slot.parameter.grad.map { (slot: slot, gradient: $0.to(slot.master.elementType)) }
      }
      for decays in [true, false] {
        let group = ready.filter { $0.slot.decays == decays }
        let decay = decays ? weightDecay : 0
        if usesEpsilonHat {
          for (slot, gradient) in group { epsilonHatStep(slot, gradient, decay) }
        } else {
          fusedStep(group.map(\.slot), group.map(\.gradient), decay)
        }
      }
      for (slot, _) in ready where slot.master.handle !== slot.parameter.handle {
        slot.parameter.copyInPlace(from: slot.master)
      }
    }
  }

  private func fusedStep(_ group: [Slot], _ gradients: [Tensor], _ decay: Double) {
    guard !group.isEmpty else { return }
    let weights = group.map { Optional($0.master.pointer) }
    let slopes = gradients.map { Optional($0.pointer) }
    let firsts = group.map { Optional($0.first.pointer) }
    let seconds = group.map { Optional($0.second.pointer) }
    let steps = group.map { Optional($0.step.pointer) }
    withExtendedLifetime(gradients) {
      check(
        ct_adamw_step(
          weights, slopes, firsts, seconds, steps, Int64(group.count), learningRate, beta1, beta2,
          epsilon, decay), "AdamW step")
    }
  }

  private func epsilonHatStep(_ slot: Slot, _ gradient: Tensor, _ decay: Double) {
    slot.step.copyInPlace(from: slot.step + 1)
    check(
      ct_adamw_epsilon_hat_step(
        slot.master.pointer, gradient.pointer, slot.first.pointer, slot.second.pointer,
        Int64(slot.step.item), learningRate, beta1, beta2, epsilon, decay), "AdamW step")
  }

  /// What the next step depends on besides the parameters.
  public var state: NamedTensors {
    zip(parameters, slots).flatMap { entry, slot -> NamedTensors in
      var tensors: NamedTensors = [
        ("\(entry.name).exp_avg", slot.first), ("\(entry.name).exp_avg_sq", slot.second),
        ("\(entry.name).step", slot.step),
      ]
      if slot.master.handle !== slot.parameter.handle {
        tensors.append(("\(entry.name).master", slot.master))
      }
      return tensors
    }
  }

  /// Puts back what ``state`` gave.
  public func restore(_ source: any TensorSource) throws { try restoreTensors(state, from: source) }
}
