// SPDX-License-Identifier: Apache-2.0

public import LanguageModels

/// A prompt on which models are compared.
public struct EvaluationPrompt: Sendable, Equatable {
  /// Names the prompt; outcomes of two models are compared where their prompts have the same id.
  public var id: String
  /// Token ids before which generation starts, at least one.
  public var ids: [Int]
  /// The same as text.
  public var text: String
  /// A good completion for ROUGE; nil where there is none.
  public var reference: String?

  /// Creates a prompt.
  public init(id: String, ids: [Int], text: String, reference: String? = nil) {
    self.id = id
    self.ids = ids
    self.text = text
    self.reference = reference
  }
}

/// One completion a model drew, and what is known about it.
public struct Outcome: Sendable, Equatable {
  /// What the model was given.
  public var prompt: EvaluationPrompt
  /// Tokens of the completion, the stop token included.
  public var ids: [Int]
  /// The completion as text, without special tokens and without the stop string that ended it.
  public var text: String
  /// Why it ended.
  public var stopReason: StopReason
  /// Σ log π(y) − log π_ref(y) over the completion's tokens, nats: KL(π‖π_ref) estimated by k1 from
  /// one sequence, of either sign. Not a number without a reference model.
  public var kl: Double
  /// The same by k3, Σ e^r − 1 − r with r = log π_ref(y) − log π(y): 0 or more.
  public var klK3: Double
  /// Scores by name, higher is better: `gold`, `reward`, …
  public var scores: [String: Double]

  /// Creates an outcome; ``PolicyEvaluation`` returns these.
  public init(
    prompt: EvaluationPrompt, ids: [Int], text: String, stopReason: StopReason, kl: Double = .nan,
    klK3: Double = .nan, scores: [String: Double] = [:]
  ) {
    self.prompt = prompt
    self.ids = ids
    self.text = text
    self.stopReason = stopReason
    self.kl = kl
    self.klK3 = klK3
    self.scores = scores
  }

  /// Words of the text, split at white space.
  public var wordCount: Int { whitespaceTokens(text).count }
}
