// SPDX-License-Identifier: Apache-2.0

/// Gives completions a number; higher is better. Reward functions, word lists and programs.
public protocol Scorer {
  /// Name in logs, such as `rewards/<name>/mean`.
  var name: String { get }
  /// Whether a score may be NaN, which then means that a completion has none.
  var acceptsNull: Bool { get }

  /// One score for each completion.
  ///
  /// - Parameters:
  ///   - prompts: texts, one a completion.
  ///   - completions: texts to score, in the order of `prompts`.
  ///   - extras: the other columns of each row, by name; as many as `prompts`.
  /// - Returns: as many finite numbers as `completions`; NaN for no score where ``acceptsNull`` is true.
  /// - Throws: ``FeedbackError/scorer(name:problem:)``; a failure is never a score of 0.
  func scores(prompts: [String], completions: [String], extras: [JSONObject]) throws -> [Double]
}

extension Scorer {
  /// Most scorers know a score for everything.
  public var acceptsNull: Bool { false }

  /// One score for each completion, without other columns.
  ///
  /// - Throws: as the full form.
  public func scores(prompts: [String], completions: [String]) throws -> [Double] {
    try scores(
      prompts: prompts, completions: completions,
      extras: Array(repeating: JSONObject(), count: prompts.count))
  }
}

/// What a judge says about one completion or one pair.
public struct Verdict: Sendable, Hashable {
  /// Probability that the first of two completions is better; nil for a judgement of one alone.
  public var preference: Double?
  /// Score of a single completion on the judge's own scale; nil where none was given.
  public var score: Double?
  /// Whether a stated condition holds; nil where none was asked.
  public var isSatisfied: Bool?
  /// The reason, in the judge's words; empty where none was given.
  public var reason: String
  /// Everything the judge wrote, for the log.
  public var trace: String

  /// A verdict; leave out what was not asked.
  public init(
    preference: Double? = nil, score: Double? = nil, isSatisfied: Bool? = nil, reason: String = "",
    trace: String = ""
  ) {
    self.preference = preference
    self.score = score
    self.isSatisfied = isSatisfied
    self.reason = reason
    self.trace = trace
  }
}

/// Compares two completions of each prompt. Synchronous and batched; whatever waits on a network
/// does so behind this protocol.
public protocol Judge {
  /// Name in logs.
  var name: String { get }

  /// One verdict with a ``Verdict/preference`` for each pair.
  ///
  /// - Parameters:
  ///   - prompts: texts, one a pair.
  ///   - first: the completion shown first.
  ///   - second: the completion shown second.
  /// - Returns: as many verdicts as pairs.
  /// - Throws: where no verdict could be had.
  func verdicts(prompts: [String], first: [String], second: [String]) throws -> [Verdict]
}
