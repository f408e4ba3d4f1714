// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Synchronization

/// Where a command writes: results to standard output, progress and complaints to standard error.
///
/// Results are collected in blocks, unless a person is watching. When the reader of the results has
/// gone, as `head` does, the program ends without a word.
final class Output: Sendable {
  /// The output of the command that is running.
  @TaskLocal static var current = Output(results: STDOUT_FILENO, progress: STDERR_FILENO)

  private struct State {
    var pending: [UInt8] = []
    var failure: String?
  }

  private static let blockSize = 1 << 16
  private let results: Int32
  private let progress: Int32
  private let isWatched: Bool
  private let state = Mutex(State())

  /// An output to two open files.
  init(results: Int32, progress: Int32) {
    self.results = results
    self.progress = progress
    isWatched = isatty(results) == 1
  }

  /// Writes a line of the result.
  func line(_ text: String = "") { write(text + "\n") }

  /// Writes an object of the result on a line of its own.
  func json(_ object: JSONObject) { line(JSONValue.object(object).serialized()) }

  /// Writes a part of the result; shown at once where a person is watching.
  func write(_ text: String) {
    state.withLock { state in
      guard state.failure == nil else { return }
      state.pending += text.utf8
      if isWatched || state.pending.count >= Self.blockSize { drain(&state) }
    }
  }

  /// Hands everything written so far to the system.
  ///
  /// - Throws: ``FeedbackError/output(file:reason:)`` where any of it was lost.
  func flush() throws {
    let failure = state.withLock { state in
      drain(&state)
      return state.failure
    }
    if let failure { throw FeedbackError.output(file: "standard output", reason: failure) }
  }

  /// Writes a line for the person who waits; never part of the result.
  func note(_ text: String) {
    // A lost line of progress is no reason to stop.
    _ = Self.send(Array("\(text)\n".utf8), to: progress)
  }

  /// Whether a person sees what is written for the person who waits.
  var isProgressWatched: Bool { isatty(progress) == 1 }

  /// Replaces the last line on the terminal of the person who waits; an empty text clears it.
  func status(_ text: String) {
    _ = Self.send(Array("\r\u{1B}[K\(text)".utf8), to: progress)
  }

  /// Writes text for the person who waits as it is, without a line end of its own.
  func showProgress(_ text: String) {
    _ = Self.send(Array(text.utf8), to: progress)
  }

  /// Writes why the command failed: `attune: <message>`.
  func fail(_ message: String) {
    state.withLock { drain(&$0) }
    note("attune: \(message)")
  }

  private func drain(_ state: inout State) {
    guard !state.pending.isEmpty else { return }
    let code = Self.send(state.pending, to: results)
    state.pending.removeAll(keepingCapacity: true)
    // 128 + SIGPIPE: what a shell reports where the signal is not ignored.
    if code == EPIPE { _exit(141) }
    if code != 0 { state.failure = String(cString: strerror(code)) }
  }

  /// Writes all bytes; returns 0 or the system's error number.
  private static func send(_ bytes: [UInt8], to file: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Foundation.write(
          file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        rest = rest.dropFirst(count)
      }
      return 0
    }
  }
}
