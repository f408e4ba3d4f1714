// SPDX-License-Identifier: Apache-2.0

/// A way to spoil a text, and what it promises to do.
public struct Degrader: Sendable, Equatable {
  /// Name in commands and records.
  public let name: String
  /// Aspects it lowers when it spoils a reference: the first by at least 0.2; aspects that are
  /// not named here move by at most 0.1.
  public let lowers: [String]
}

/// A text with a planted fault.
public struct Degradation: Sendable, Equatable {
  /// The worse text, with its leading space.
  public var text: String
  /// Where the fault lies, half-open in Unicode scalars of ``text``; empty at the place of a
  /// sentence that was taken out.
  public var span: Range<Int>
}
