// SPDX-License-Identifier: Apache-2.0
import CTorch

private typealias Total = (ct_tensor?, UnsafeMutablePointer<ct_tensor?>?) -> ct_status
private typealias Axis = (ct_tensor?, Int64, Bool, UnsafeMutablePointer<ct_tensor?>?) -> ct_status

extension Tensor {
  @inline(__always)
  private func total(_ name: StaticString, _ operation: Total) -> Tensor {
    produce("\(name) of \(shape)") { operation(pointer, $0) }
  }

  @inline(__always)
  private func along(_ name: StaticString, _ operation: Axis, _ axis: Int, _ keep: Bool) -> Tensor {
    produce("\(name) of \(shape) over axis \(axis)") { operation(pointer, Int64(axis), keep, $0) }
  }

  /// Sum of all elements, a scalar.
  public func sum() -> Tensor { total("sum", ct_sum_all) }
  /// Mean of all elements, a scalar; not a number for an empty tensor.
  public func mean() -> Tensor { total("mean", ct_mean_all) }
  /// Largest element, a scalar.
  public func max() -> Tensor { total("max", ct_max_all) }
  /// Smallest element, a scalar.
  public func min() -> Tensor { total("min", ct_min_all) }
  /// Whether any element is true.
  public func any() -> Tensor { total("any", ct_any_all) }
  /// Whether all elements are true.
  public func all() -> Tensor { total("all", ct_all_all) }
  /// Variance over all elements; `correction` 0 is the population's, 1 the sample's.
  public func variance(correction: Double) -> Tensor {
    produce("variance of \(shape)") {
      ct_variance(pointer, Int64(rank), false, correction, $0)
    }
  }

  /// Sum over an axis; `keep` leaves it with size 1.
  public func sum(_ axis: Int, keep: Bool = false) -> Tensor {
    along("sum", ct_sum_axis, axis, keep)
  }
  /// Mean over an axis.
  public func mean(_ axis: Int, keep: Bool = false) -> Tensor {
    along("mean", ct_mean_axis, axis, keep)
  }
  /// Largest element over an axis.
  public func max(_ axis: Int, keep: Bool = false) -> Tensor {
    along("max", ct_amax_axis, axis, keep)
  }
  /// Smallest element over an axis.
  public func min(_ axis: Int, keep: Bool = false) -> Tensor {
    along("min", ct_amin_axis, axis, keep)
  }
  /// Index of the largest element over an axis, int64.
  public func argmax(_ axis: Int, keep: Bool = false) -> Tensor {
    along("argmax", ct_argmax_axis, axis, keep)
  }
  /// log of the sum of exponentials over an axis, without overflow.
  public func logSumExp(_ axis: Int, keep: Bool = false) -> Tensor {
    along("log-sum-exp", ct_logsumexp_axis, axis, keep)
  }
  /// Variance over an axis; `correction` 0 is the population's, 1 the sample's.
  public func variance(_ axis: Int, keep: Bool = false, correction: Double) -> Tensor {
    produce("variance of \(shape) over axis \(axis)") {
      ct_variance(pointer, Int64(axis < 0 ? axis + rank : axis), keep, correction, $0)
    }
  }

  /// Softmax along an axis.
  public func softmax(_ axis: Int) -> Tensor {
    produce("softmax of \(shape)") { ct_softmax_along(pointer, Int64(axis), $0) }
  }
  /// Logarithm of the softmax along an axis.
  public func logSoftmax(_ axis: Int) -> Tensor {
    produce("log softmax of \(shape)") { ct_log_softmax_along(pointer, Int64(axis), $0) }
  }
  /// Running sums along an axis.
  public func cumulativeSum(_ axis: Int) -> Tensor {
    produce("cumulative sum of \(shape)") { ct_cumsum_along(pointer, Int64(axis), $0) }
  }
  /// Elements in reverse order along an axis.
  public func flipped(_ axis: Int) -> Tensor {
    produce("flip of \(shape)") { ct_flip_along(pointer, Int64(axis), $0) }
  }

  /// The `count` largest along the last axis in descending order, with their indices.
  public func top(_ count: Int) -> (values: Tensor, indices: Tensor) {
    pair("top \(count) of \(shape)") { ct_topk(pointer, Int64(count), $0, $1) }
  }

  /// Stable sort along an axis, with the indices that give it.
  public func sorted(_ axis: Int, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    pair("sort of \(shape)") { ct_sort(pointer, Int64(axis), descending, $0, $1) }
  }

  private func pair(
    _ name: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<ct_tensor?>, UnsafeMutablePointer<ct_tensor?>) -> ct_status
  ) -> (Tensor, Tensor) {
    var second: ct_tensor?
    let first = produce(name()) { body($0, &second) }
    guard let second else { return (first, .empty) }
    return (first, Tensor(owning: second))
  }
}
