// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A mean together with how many items it is over, so that means of parts combine exactly.
public struct Mean {
  /// The mean: a detached scalar.
  public var value: Tensor
  /// How many items (pairs, sequences, tokens) the mean is over; 0 where there were none.
  public var weight: Double

  /// Pairs a mean with its item count; the history of `value` is dropped.
  public init(value: Tensor, weight: Double) {
    self.value = value.detached()
    self.weight = weight
  }
}

/// What an objective makes of one microbatch.
///
/// The mean over a whole batch is Σ weight · loss / Σ weight over its microbatches: a trainer that weights by
/// ``weight`` gets the same number and gradient however the batch was split.
public struct Terms {
  /// The loss: a scalar, the mean over ``weight`` items, carrying the gradient.
  public var loss: Tensor
  /// Pairs, sequences or tokens in that mean; 0 where nothing counted (the loss is then 0, not NaN).
  public var weight: Double
  /// Numbers for the log under the names users know, detached.
  public var metrics: [String: Mean]

  /// Collects the results of an objective.
  public init(loss: Tensor, weight: Double, metrics: [String: Mean] = [:]) {
    self.loss = loss
    self.weight = weight
    self.metrics = metrics
  }
}

extension Tensor {
  /// In float32 where the type is narrower: losses and reductions lose digits in bfloat16.
  var widened: Tensor { elementType == .float64 ? self : to(.float32) }
}

/// Stops with a sentence unless tensors that belong together have one shape; broadcasting would hide the mistake.
func requireEqualShapes(_ operation: String, _ tensors: [(name: String, tensor: Tensor)]) {
  let expected = tensors[0].tensor.shape
  requireArguments(
    tensors.allSatisfy { $0.tensor.shape == expected }, operation,
    "shapes differ: "
      + tensors.map { "\($0.name) \($0.tensor.shape)" }.joined(separator: ", "))
}
