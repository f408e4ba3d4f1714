// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Whether the person wants an answer to stop.
///
/// ``listen()`` lets Ctrl-C say so. Between answers Ctrl-C ends nothing either: it reminds of how to end.
final class AnswerInterrupt: Sendable {
  private static let isAnswering = Atomic<Bool>(false)
  private static let isPressed = Atomic<Bool>(false)
  private let source: @Sendable () -> Bool

  /// Stops answers where `source` says so; by default where Ctrl-C was pressed.
  init(
    _ source: @escaping @Sendable () -> Bool = {
      AnswerInterrupt.isPressed.load(ordering: .relaxed)
    }
  ) {
    self.source = source
  }

  /// Whether the answer that is being given shall stop.
  var isRequested: Bool { source() }

  /// An answer begins.
  func begin() {
    Self.isPressed.store(false, ordering: .relaxed)
    Self.isAnswering.store(true, ordering: .relaxed)
  }

  /// The answer has ended.
  func end() { Self.isAnswering.store(false, ordering: .relaxed) }

  /// Takes Ctrl-C from now on.
  func listen() {
    signal(SIGINT) { _ in
      if AnswerInterrupt.isAnswering.load(ordering: .relaxed) {
        AnswerInterrupt.isPressed.store(true, ordering: .relaxed)
      } else {
        // Only what may be done in a signal handler: no allocation, one write.
        let hint: StaticString = "\n/quit or Ctrl-D ends\n> "
        _ = write(STDERR_FILENO, hint.utf8Start, hint.utf8CodeUnitCount)
      }
    }
  }
}
