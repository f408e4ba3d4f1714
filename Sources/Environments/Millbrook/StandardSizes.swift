// SPDX-License-Identifier: Apache-2.0

/// How much of everything an experiment uses unless its recipe says otherwise.
public struct StandardSizes: Sendable, Equatable {
  /// Sentences of the book for pre-training.
  public var bookSentenceCount = 60_000
  /// Demonstrations a task.
  public var demonstrationCount = 4_000
  /// Pairs a task; also lists, spans and other single judgements.
  public var pairCount = 4_000
  /// Prompts for sampling a task.
  public var promptCount = 2_000
  /// Items a task in each test split.
  public var testItemCount = 1_000

  /// The full sizes.
  public static let standard = StandardSizes()

  /// An eighth of everything, for `--quick`.
  public static let quick = StandardSizes(
    bookSentenceCount: 7_500, demonstrationCount: 500, pairCount: 500, promptCount: 250,
    testItemCount: 125)
}
