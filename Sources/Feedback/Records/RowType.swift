// SPDX-License-Identifier: Apache-2.0

/// What one row of feedback says. Every method names the types it can learn from.
public enum RowType: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// A text or a conversation to imitate as a whole.
  case languageModelling = "language modelling"
  /// A prompt alone, for methods that sample their own completions.
  case promptOnly = "prompt only"
  /// A prompt and the completion to imitate.
  case promptCompletion = "prompt-completion"
  /// Two completions of one prompt, the better and the worse.
  case preference = "preference"
  /// A completion that was liked or not.
  case unpairedPreference = "unpaired preference"
  /// A solution in steps, each right or wrong.
  case stepwise = "stepwise"
  /// Several completions of one prompt in an order.
  case ranking = "ranking"
  /// A completion with one score, or with a score an aspect.
  case scored = "scored"
  /// A preference with marks of which side is safe.
  case safetyPreference = "safety preference"
  /// The stored form of a comparison: two completions and the probability that the first is better.
  case comparison = "comparison"

  /// The name that messages use.
  public var description: String { rawValue }
}
