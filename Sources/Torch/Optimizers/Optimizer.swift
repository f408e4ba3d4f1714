// SPDX-License-Identifier: Apache-2.0
import CTorch

/// Changes parameters by their gradients.
public protocol Optimizer: AnyObject {
  /// The rate the next ``step()`` uses.
  var learningRate: Double { get set }
  /// What it trains, in a fixed order.
  var parameters: NamedTensors { get }
  /// One update from the gradients collected; parameters without a gradient stay.
  func step()
  /// Everything besides the parameters that the next step depends on, under names for a checkpoint.
  var state: NamedTensors { get }
  /// Puts back what ``state`` gave.
  ///
  /// - Throws: ``WeightsError`` where names or shapes differ.
  func restore(_ source: any TensorSource) throws
}

extension Optimizer {
  /// Forgets the collected gradients.
  public func zeroGrad() { for (_, tensor) in parameters { tensor.setGrad(nil) } }

  /// Scales all gradients together so that their 2-norm is at most `limit`.
  ///
  /// - Parameter limit: the largest norm; 0 or less only measures.
  /// - Returns: the norm before clipping; not finite if any gradient is not.
  @discardableResult
  public func clipGradNorm(to limit: Double) -> Double {
    let gradients = parameters.compactMap(\.tensor.grad)
    let handles = gradients.map { Optional($0.pointer) }
    var norm = 0.0
    withExtendedLifetime(gradients) {
      check(ct_gradient_norm(handles, Int64(handles.count), &norm), "gradient norm")
      // The small constant keeps the factor below one at the limit itself, as users of other tools know it.
      if limit > 0, norm.isFinite, norm > limit {
        check(
          ct_scale_in_place(handles, Int64(handles.count), limit / (norm + 1e-6)),
          "gradient clipping")
      }
    }
    return norm
  }

  /// Restores tensors of equal names and shapes in place.
  package func restoreTensors(_ tensors: NamedTensors, from source: any TensorSource) throws {
    for (name, tensor) in tensors {
      guard let shape = source.shape(of: name), let stored = try source.tensor(name) else {
        throw WeightsError.missing(names: [name])
      }
      guard shape == tensor.shape else {
        throw WeightsError.shapeMismatch(name: name, stored: shape, configured: tensor.shape)
      }
      tensor.copyInPlace(from: stored)
    }
  }
}
