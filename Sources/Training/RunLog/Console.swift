// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a run's lines go and how they may look there.
///
///     let console = Console()  // standard error, as it is connected
///     let silent = Console(isQuiet: true)  // warnings only
///
/// On a terminal the progress is one line rewritten in place. Elsewhere (a file, a pipe, a batch system)
/// it is plain lines without carriage returns, at most one every ``secondsBetweenLines`` besides the
/// first and the last.
public struct Console {
  /// Whether a line can be rewritten in place.
  public var isTerminal: Bool
  /// Whether only warnings are written.
  public var isQuiet: Bool
  /// Columns of the output, at least 20; lines that must not wrap are cut to it.
  public var width: Int { max(20, currentWidth()) }
  /// The least time between two progress lines off a terminal, in seconds.
  public var secondsBetweenLines: Double

  let clock: () -> Double
  let sink: (String) -> Void
  private let currentWidth: () -> Int

  /// Describes an output; the defaults are standard error as it is connected now.
  ///
  /// - Parameters:
  ///   - isQuiet: Write warnings only.
  ///   - isTerminal: Whether lines can be rewritten; nil asks the system about standard error.
  ///   - width: Columns; nil asks the terminal each time, and takes 120 where there is none.
  ///   - secondsBetweenLines: The least time between progress lines off a terminal.
  ///   - clock: Seconds since any fixed moment, never running backwards.
  ///   - sink: Takes text with its line ends; nil writes to standard error.
  public init(
    isQuiet: Bool = false, isTerminal: Bool? = nil, width: Int? = nil,
    secondsBetweenLines: Double = 5, clock: (() -> Double)? = nil,
    sink: ((String) -> Void)? = nil
  ) {
    self.isQuiet = isQuiet
    self.isTerminal = isTerminal ?? Self.standardErrorIsTerminal
    self.secondsBetweenLines = secondsBetweenLines
    self.clock = clock ?? { ProcessInfo.processInfo.systemUptime }
    self.sink = sink ?? Self.writeToStandardError
    currentWidth = { width ?? Self.terminalColumns() ?? 120 }
  }

  /// Writes one line; nothing when the console is quiet.
  public func line(_ text: String) {
    if !isQuiet { sink(text + "\n") }
  }

  private static var standardErrorIsTerminal: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  private static func writeToStandardError(_ text: String) {
    // A run goes on when nobody reads its progress any more: the numbers are in its files.
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  private static func terminalColumns() -> Int? {
    var size = winsize()
    let answered = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0
    return answered && size.ws_col > 0 ? Int(size.ws_col) : nil
  }
}
