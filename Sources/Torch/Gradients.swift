// SPDX-License-Identifier: Apache-2.0
import CTorch

/// Runs `body` without recording operations for gradients on this thread.
///
/// The closure is synchronous on purpose: the switch belongs to the thread, so nothing may suspend inside.
public func withoutGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_grad_enabled()
  ct_set_grad_enabled(false)
  defer { ct_set_grad_enabled(before) }
  return try body()
}

/// Runs matrix products in `elementType` (bfloat16 normally) while weights and reductions stay in float32.
///
/// - Parameters:
///   - elementType: nil runs `body` as it is.
///   - device: the device whose products are meant.
///   - body: what to run.
/// - Returns: what `body` returns.
public func withAutocast<Result>(
  _ elementType: ElementType?, on device: Device = .cpu, _ body: () throws -> Result
) rethrows -> Result {
  guard let elementType else { return try body() }
  let before = ct_autocast_enabled(device.kind.rawValue)
  check(ct_set_autocast(device.kind.rawValue, true, elementType.rawValue), "autocast")
  defer { check(ct_set_autocast(device.kind.rawValue, before, elementType.rawValue), "autocast") }
  return try body()
}

extension Tensor {
  /// Whether operations on this tensor are recorded for gradients.
  public var requiresGrad: Bool { ct_requires_grad(pointer) }

  /// Marks a leaf as a parameter (or frees it of that); returns itself.
  @discardableResult
  package func requiringGrad(_ value: Bool = true) -> Tensor {
    check(ct_set_requires_grad(pointer, value), "requires grad")
    return self
  }

  /// A leaf copy of the numbers for which gradients are collected; the way tests make inputs.
  public func asParameter() -> Tensor { detached().copy().requiringGrad() }

  /// The same numbers without their history.
  public func detached() -> Tensor { produce("detach") { ct_detach(pointer, $0) } }

  /// Adds the gradient of this scalar (or of the sum of the elements) to every parameter it depends on.
  public func backward() { check(ct_backward(pointer), "backward from \(shape)") }

  /// The gradient collected so far; nil before the first ``backward()`` that reaches this parameter.
  public var grad: Tensor? {
    var result: ct_tensor?
    check(ct_grad(pointer, &result), "grad")
    return result.map(Tensor.init(owning:))
  }

  /// Replaces or clears the collected gradient.
  package func setGrad(_ gradient: Tensor?) {
    check(ct_set_grad(pointer, gradient?.pointer), "set grad")
  }
}

/// Runs `body` without keeping what it computes in between; the backward pass runs it again.
///
/// Trades one more forward pass for the memory of the activations inside. `body` must give the same numbers both
/// times: no random draws but those of ``withDropout(seed:_:)`` and of generators of its own.
///
/// - Parameters:
///   - inputs: everything differentiable that `body` reads besides parameters; where none of them requires gradients
///     (the first block over a frozen embedding), `body` runs as it is, so that its parameters keep theirs.
///   - body: maps the inputs to one tensor.
/// - Returns: what `body` gives.
public func checkpointed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
  guard ct_grad_enabled(), inputs.contains(where: \.requiresGrad) else { return body(inputs) }
  let box = Unmanaged.passRetained(CheckpointBody(body, dropout: DropoutStream.current?.state))
  let handles = inputs.map { Optional($0.pointer) }
  return withExtendedLifetime(inputs) {
    produce("checkpoint") { result in
      ct_checkpoint(
        handles, Int64(handles.count),
        { context, inputs, count, output in
          guard let context, let inputs, let output else { return ct_status(CT_ERROR) }
          let body = Unmanaged<CheckpointBody>.fromOpaque(context).takeUnretainedValue()
          let tensors = (0..<Int(count)).map { Tensor(borrowing: inputs[$0]) }
          output.pointee = body.run(tensors).releasedCopy()
          return ct_status(CT_OK)
        },
        box.toOpaque(),
        { context in context.map { Unmanaged<CheckpointBody>.fromOpaque($0).release() } },
        result)
    }
  }
}

/// What a checkpoint runs twice; the second time it drops what it dropped the first time.
private final class CheckpointBody {
  private let body: ([Tensor]) -> Tensor
  private let dropout: SplitMix?
  private var hasRun = false

  init(_ body: @escaping ([Tensor]) -> Tensor, dropout: SplitMix?) {
    self.body = body
    self.dropout = dropout
  }

  func run(_ inputs: [Tensor]) -> Tensor {
    guard hasRun else {
      hasRun = true
      return body(inputs)
    }
    return withDropout(seed: dropout) { body(inputs) }
  }
}

extension Tensor {
  /// A handle of its own to a tensor the native side lends.
  fileprivate init(borrowing pointer: ct_tensor?) {
    guard let pointer else {
      self = .empty
      return
    }
    self = produce("alias") { ct_alias(pointer, $0) }
  }

  /// A fresh handle to the same tensor that the native side will free.
  fileprivate func releasedCopy() -> ct_tensor? {
    var result: ct_tensor?
    check(ct_alias(pointer, &result), "alias")
    return result
  }
}
