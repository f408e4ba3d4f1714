// SPDX-License-Identifier: Apache-2.0

/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
  /// What is counted.
  public enum Unit: Sendable, Equatable {
    /// Bytes of files.
    case bytes
    /// Rows of a data set.
    case rows
  }

  /// What is transferred, such as `owner/name`.
  public var title: String
  /// How much has arrived or was sent, what was there before included.
  public var done: Int64
  /// How much there is in all; nil where the hub does not say.
  public var total: Int64?
  /// Of what.
  public var unit: Unit
  /// Whether this is the last report of the transfer.
  public var isFinished: Bool

  /// A report.
  public init(title: String, done: Int64, total: Int64?, unit: Unit, isFinished: Bool) {
    self.title = title
    self.done = done
    self.total = total
    self.unit = unit
    self.isFinished = isFinished
  }
}

/// Learns what happens during a transfer. Calls come from any thread.
public protocol HubObserver: Sendable {
  /// A sentence for the user.
  func note(_ text: String)
  /// A transfer got further; called often.
  func progress(_ progress: TransferProgress)
}

/// Tells nobody.
public struct SilentObserver: HubObserver {
  /// An observer without effect.
  public init() {}
  /// Does nothing.
  public func note(_ text: String) {}
  /// Does nothing.
  public func progress(_ progress: TransferProgress) {}
}
