// SPDX-License-Identifier: Apache-2.0
import CTorch

/// Stochastic gradient descent with optional momentum and weight decay.
///
///     b ← momentum · b + (g + weightDecay · w)        w ← w − lr · b
public final class SGD: Optimizer {
  /// The rate the next step uses.
  public var learningRate: Double
  /// What is trained, in a fixed order.
  public let parameters: NamedTensors
  private let momentum: Double
  private let weightDecay: Double
  private let buffers: [Tensor?]

  /// Creates the optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the leaves to train, with unique names.
  ///   - learningRate: lr.
  ///   - momentum: in [0, 1); 0 keeps no buffers.
  ///   - weightDecay: added to the gradient as weightDecay · w.
  public init(
    _ parameters: NamedTensors, learningRate: Double, momentum: Double = 0, weightDecay: Double = 0
  ) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    buffers = parameters.map { momentum == 0 ? nil : $0.tensor.detached().zerosLike() }
  }

  /// One update from the collected gradients.
  public func step() {
    let ready = zip(parameters, buffers).compactMap { entry, buffer in
      entry.tensor.grad.map { (weight: entry.tensor, gradient: $0, buffer: buffer) }
    }
    let weights = ready.map { Optional($0.weight.pointer) }
    let gradients = ready.map { Optional($0.gradient.pointer) }
    let moments = ready.map { $0.buffer?.pointer }
    withExtendedLifetime(ready) {
      check(
        ct_sgd_step(
          weights, gradients, moments, Int64(ready.count), learningRate, momentum, weightDecay),
        "SGD step")
    }
  }

  /// What the next step depends on besides the parameters.
  public var state: NamedTensors {
    zip(parameters, buffers).compactMap { entry, buffer in
      buffer.map { ("\(entry.name).momentum", $0) }
    }
  }

  /// Puts back what ``state`` gave.
  public func restore(_ source: any TensorSource) throws { try restoreTensors(state, from: source) }
}
