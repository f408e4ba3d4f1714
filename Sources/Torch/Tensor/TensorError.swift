// SPDX-License-Identifier: Apache-2.0
import CTorch

/// What went wrong inside the tensor library.
public enum TensorError: Error, Equatable, CustomStringConvertible {
  /// The machine or device has no memory left for what was asked.
  case outOfMemory(operation: String, message: String)
  /// An operation was given arguments that do not fit together.
  case failed(operation: String, message: String)

  /// The error or value in words.
  public var description: String {
    switch self {
    case .outOfMemory(let operation, let message): "\(operation): out of memory: \(message)"
    case .failed(let operation, let message): "\(operation): \(message)"
    }
  }
}

/// What a failing operation does outside ``withTensorErrors(_:)``: by default the program stops with the message.
///
/// A command-line program may put one sentence on standard error and exit with a code of its own instead; the
/// handler must not return.
public struct TensorFailureHandler: Sendable {
  package let body: @Sendable (TensorError) -> Never

  /// Wraps a function that ends the process.
  public init(_ body: @escaping @Sendable (TensorError) -> Never) { self.body = body }

  /// Set once, before the first tensor operation.
  nonisolated(unsafe) public static var current = TensorFailureHandler { error in
    fatalError(error.description)
  }
}

/// Failures of one `withTensorErrors` region; tasks and threads have their own.
package enum TensorErrorScope {
  package final class Box {
    package var first: TensorError?
  }
  @TaskLocal package static var active: UncheckedBox?

  /// A box that only the thread that opened the region writes to.
  package struct UncheckedBox: @unchecked Sendable {
    package let box: Box
  }
}

/// Runs `body`; operations that fail inside give empty tensors, and the first failure is thrown at the end.
///
/// For the edges of a program (a server, a job runner). Formulas themselves stay free of `try`.
///
/// - Throws: the first ``TensorError`` of a tensor operation, or what `body` throws.
public func withTensorErrors<Result>(_ body: () throws -> Result) throws -> Result {
  let box = TensorErrorScope.Box()
  let result = try TensorErrorScope.$active.withValue(.init(box: box)) { try body() }
  if let error = box.first { throw error }
  return result
}

/// Whether an operation failed in the ``withTensorErrors(_:)`` region around: what comes of the tensors is of no use then,
/// and code that looks into them does better to leave.
package var tensorsHaveFailed: Bool { TensorErrorScope.active?.box.first != nil }

/// Reports a failed status; returns only inside ``withTensorErrors(_:)``.
func check(_ status: ct_status, _ operation: @autoclosure () -> String) {
  guard status != CT_OK else { return }
  report(status, operation())
}

@inline(never)
private func report(_ status: ct_status, _ operation: String) {
  let message = String(cString: ct_last_error())
  report(
    status == CT_OUT_OF_MEMORY
      ? .outOfMemory(operation: operation, message: message)
      : .failed(operation: operation, message: message))
}

@inline(never)
private func report(_ error: TensorError) {
  guard let scope = TensorErrorScope.active else { TensorFailureHandler.current.body(error) }
  if scope.box.first == nil { scope.box.first = error }
}

/// Reports arguments that no native operation would refuse, such as shapes that broadcast by accident.
///
/// Returns only where `condition` holds, or inside ``withTensorErrors(_:)``, which then throws at its end.
package func requireArguments(
  _ condition: Bool, _ operation: @autoclosure () -> String, _ message: @autoclosure () -> String
) {
  guard !condition else { return }
  report(.failed(operation: operation(), message: message()))
}
