// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hub
import Synchronization

/// Shows how far transfers are: one line that changes on a terminal, else a line now and then.
final class TransferDisplay: HubObserver {
  private struct State {
    var started: [String: Date] = [:]
    var shown = Date.distantPast
    var hasStatus = false
  }

  private let output: Output
  private let isLive: Bool
  private let now: @Sendable () -> Date
  private let state = Mutex(State())

  /// A display.
  ///
  /// - Parameters:
  ///   - output: where lines go.
  ///   - isLive: whether one line may change in place; nil goes by the terminal and
  ///     `HF_HUB_DISABLE_PROGRESS_BARS`.
  ///   - now: the clock.
  init(
    _ output: Output = .current, isLive: Bool? = nil,
    now: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.output = output
    let disabled = ProcessInfo.processInfo.environment["HF_HUB_DISABLE_PROGRESS_BARS"] ?? "0"
    self.isLive =
      isLive
      ?? (output.isProgressWatched
        && ["", "0", "NO", "FALSE", "OFF"].contains(disabled.uppercased()))
    self.now = now
  }

  func note(_ text: String) {
    state.withLock { state in
      clearStatus(&state)
      output.note(text)
    }
  }

  func progress(_ progress: TransferProgress) {
    state.withLock { state in
      let time = now()
      let isFirst = state.started[progress.title] == nil
      let started = state.started[progress.title] ?? time
      state.started[progress.title] = progress.isFinished ? nil : started
      let seconds = time.timeIntervalSince(started)
      if progress.isFinished {
        clearStatus(&state)
        return output.note(Self.summary(progress, seconds))
      }
      let interval = isLive ? 0.1 : 10
      guard time.timeIntervalSince(state.shown) >= interval || isFirst else { return }
      state.shown = time
      let line = Self.line(progress, seconds)
      if isLive {
        state.hasStatus = true
        output.status(line)
      } else {
        output.note(line)
      }
    }
  }

  private func clearStatus(_ state: inout State) {
    if state.hasStatus { output.status("") }
    state.hasStatus = false
  }

  /// `owner/name: 45 % of 2.1 GB, 25.3 MB/s, 1:20 left`
  static func line(_ progress: TransferProgress, _ seconds: Double) -> String {
    guard let total = progress.total, total > 0 else {
      return "\(progress.title): \(amount(progress.done, progress.unit))"
    }
    let share = Int(100 * Double(max(0, progress.done)) / Double(total))
    var text = "\(progress.title): \(min(share, 100)) % of \(amount(total, progress.unit))"
    guard seconds >= 1, progress.done > 0 else { return text }
    let rate = Double(progress.done) / seconds
    text += ", \(amount(Int64(rate), progress.unit))/s"
    let left = Int((Double(total - progress.done) / rate).rounded())
    let (hours, minutes) = (left / 3600, left / 60 % 60)
    let clock =
      hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, left % 60)
      : String(format: "%d:%02d", minutes, left % 60)
    return text + ", \(clock) left"
  }

  /// `owner/name: 2.1 GB in 85 s`
  static func summary(_ progress: TransferProgress, _ seconds: Double) -> String {
    let time = seconds < 10 ? String(format: "%.1f", seconds) : "\(Int(seconds))"
    return "\(progress.title): \(amount(progress.done, progress.unit)) in \(time) s"
  }

  private static func amount(_ count: Int64, _ unit: TransferProgress.Unit) -> String {
    switch unit {
    case .bytes: HubError.size(count)
    case .rows: "\(count) row\(count == 1 ? "" : "s")"
    }
  }
}

/// The user's wish to end a transfer, given by an interrupt signal; the second ends the process.
enum TransferInterruption {
  private static let count = Atomic<Int>(0)
  /// Transfers that listen, and what the signal did before the first of them.
  private static let listeners = Mutex((count: 0, before: sigaction()))

  /// Whether the user asked to stop.
  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Runs a transfer that an interrupt ends with `HubError.cancelled`.
  static func listening<Value>(_ body: () throws -> Value) rethrows -> Value {
    listeners.withLock { state in
      state.count += 1
      guard state.count == 1 else { return }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in
        if TransferInterruption.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
      }
      sigaction(SIGINT, &action, &state.before)
    }
    defer {
      listeners.withLock { state in
        state.count -= 1
        if state.count == 0 { sigaction(SIGINT, &state.before, nil) }
      }
    }
    return try body()
  }
}
