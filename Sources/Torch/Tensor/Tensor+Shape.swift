// SPDX-License-Identifier: Apache-2.0
import CTorch

extension Tensor {
  /// The same elements in another shape; one size may be -1.
  public func reshaped(_ shape: [Int]) -> Tensor {
    let sizes = shape.map(Int64.init)
    return produce("reshape \(self.shape) to \(shape)") {
      ct_reshape(pointer, sizes, Int64(sizes.count), $0)
    }
  }

  /// Axes of size 1 repeated without a copy; -1 keeps a size.
  public func expanded(_ shape: [Int]) -> Tensor {
    let sizes = shape.map(Int64.init)
    return produce("expand \(self.shape) to \(shape)") {
      ct_expand(pointer, sizes, Int64(sizes.count), $0)
    }
  }

  /// Axes in another order.
  public func permuted(_ axes: [Int]) -> Tensor {
    let order = axes.map(Int64.init)
    return produce("permute \(shape) by \(axes)") {
      ct_permute(pointer, order, Int64(order.count), $0)
    }
  }

  /// Two axes exchanged.
  public func transposed(_ first: Int, _ second: Int) -> Tensor {
    produce("transpose of \(shape)") { ct_transpose(pointer, Int64(first), Int64(second), $0) }
  }

  /// A new axis of size 1.
  public func unsqueezed(_ axis: Int) -> Tensor {
    produce("unsqueeze of \(shape)") { ct_unsqueeze(pointer, Int64(axis), $0) }
  }

  /// Without an axis of size 1.
  public func squeezed(_ axis: Int) -> Tensor {
    produce("squeeze of \(shape)") { ct_squeeze(pointer, Int64(axis), $0) }
  }

  /// The part `range` of an axis.
  public func narrowed(_ axis: Int, _ range: Range<Int>) -> Tensor {
    produce("narrow \(shape) to \(range) on axis \(axis)") {
      ct_narrow(pointer, Int64(axis), Int64(range.lowerBound), Int64(range.count), $0)
    }
  }

  /// One index of an axis, which disappears.
  public func picked(_ axis: Int, _ index: Int) -> Tensor {
    produce("pick \(index) of axis \(axis) of \(shape)") {
      ct_select(pointer, Int64(axis), Int64(index), $0)
    }
  }

  /// The named indices of an axis, in their order; repeats allowed.
  public func rows(_ indices: Tensor, axis: Int = 0) -> Tensor {
    produce("choose \(indices.shape) rows of \(shape)") {
      ct_index_select(pointer, Int64(axis), indices.pointer, $0)
    }
  }

  /// For each index its element along an axis; shapes as `indices`.
  public func gathered(_ axis: Int, _ indices: Tensor) -> Tensor {
    produce("gather \(indices.shape) from \(shape)") {
      ct_gather(pointer, Int64(axis), indices.pointer, $0)
    }
  }

  /// A copy with `source` written at `indices` of an axis.
  public func scattering(_ axis: Int, _ indices: Tensor, _ source: Tensor) -> Tensor {
    produce("scatter \(source.shape) into \(shape)") {
      ct_scatter(pointer, Int64(axis), indices.pointer, source.pointer, $0)
    }
  }

  /// A copy with `source` added at `indices` of an axis.
  public func scatterAdding(_ axis: Int, _ indices: Tensor, _ source: Tensor) -> Tensor {
    produce("scatter-add \(source.shape) into \(shape)") {
      ct_scatter_add(pointer, Int64(axis), indices.pointer, source.pointer, $0)
    }
  }

  /// Writes into a cache.
  package func scatterInPlace(_ axis: Int, _ indices: Tensor, _ source: Tensor) {
    check(
      ct_scatter_in_place(pointer, Int64(axis), indices.pointer, source.pointer),
      "scatter in place \(source.shape) into \(shape)")
  }

  /// Each element along an axis `count` times in a row.
  public func repeatedEach(_ count: Int, axis: Int) -> Tensor {
    produce("repeat of \(shape)") { ct_repeat_interleave(pointer, Int64(count), Int64(axis), $0) }
  }

  /// Elements on and below a diagonal; zero above.
  public func lowerTriangle(diagonal: Int = 0) -> Tensor {
    produce("lower triangle of \(shape)") { ct_tril(pointer, Int64(diagonal), $0) }
  }
}

/// Tensors laid end to end along an axis.
public func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  let handles = tensors.map { Optional($0.pointer) }
  return withExtendedLifetime(tensors) {
    produce("concatenate \(tensors.map(\.shape))") {
      ct_cat(handles, Int64(handles.count), Int64(axis), $0)
    }
  }
}

/// Tensors of equal shape along a new axis.
public func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  let handles = tensors.map { Optional($0.pointer) }
  return withExtendedLifetime(tensors) {
    produce("stack \(tensors.map(\.shape))") {
      ct_stack(handles, Int64(handles.count), Int64(axis), $0)
    }
  }
}
