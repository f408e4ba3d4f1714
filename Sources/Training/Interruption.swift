// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// The user's wish to stop, given by an interrupt signal.
///
/// The first signal asks the run to finish its step, save and end; the second ends the process at once with
/// status 130.
public enum Interruption {
  private static let count = Atomic<Int>(0)

  /// Whether the user asked to stop.
  public static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Starts listening for SIGINT and SIGTERM.
  public static func listen() {
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { _ in
        if Interruption.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
      }
    }
  }
}
