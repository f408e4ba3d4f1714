// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What tests that run in a process of their own need.
enum ExitTestSupport {
  /// Ends the process with a code and a line on standard error.
  static func leave(_ code: Int32, saying message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(code)
  }

  /// Ends the process with code 1 unless `condition` holds.
  static func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { leave(1, saying: message()) }
  }
}
