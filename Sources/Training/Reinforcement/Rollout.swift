// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import LanguageModels
public import Tokenizers
import Torch

/// A prompt to sample completions for, as tokens and as text.
public struct PromptRow: Sendable {
  /// Token ids before generation starts.
  public var ids: [Int]
  /// The same as text, for reward functions.
  public var text: String
  /// Other columns of the row, for reward functions.
  public var extras: JSONObject
  /// The conversation behind the text, for reward models with a chat template of their own; nil for plain text.
  public var messages: [Message]?
  /// What the row gives chat templates besides messages.
  public var context = ChatContext()

  /// Creates a prompt.
  public init(ids: [Int], text: String, extras: JSONObject = JSONObject()) {
    self.ids = ids
    self.text = text
    self.extras = extras
  }
}

/// A prompt with a sampled completion.
public struct Rollout: Sendable {
  /// The prompt.
  public var prompt: PromptRow
  /// The completion, with the log-probabilities it was drawn with.
  public var completion: SampledCompletion

  /// Joins the two.
  public init(prompt: PromptRow, completion: SampledCompletion) {
    self.prompt = prompt
    self.completion = completion
  }

  /// Prompt and completion as a row whose completion tokens are targets.
  public var row: TokenRow { TokenRow(prompt: prompt.ids, completion: completion.ids) }
}

/// One source of reward with its name and weight.
public struct RewardSource {
  /// Name in metrics: `rewards/<name>/mean`.
  public var name: String
  /// Factor in the total.
  public var weight: Double
  /// Scores of completions, higher is better; a failure throws, it never counts as 0.
  public var score: ([Rollout]) throws -> [Double]
  /// Whether NaN is allowed and means that a completion has no score; otherwise it ends the run.
  public var mayAbstain = false

  /// Wraps a function.
  public init(name: String, weight: Double = 1, score: @escaping ([Rollout]) throws -> [Double]) {
    self.name = name
    self.weight = weight
    self.score = score
  }

  /// A reward model that shares the policy's tokenizer: reads the sampled tokens as they are.
  public static func model(
    _ model: ScalarHeadModel, name: String = "reward_model", batchSize: Int, padTokenID: Int
  ) -> RewardSource {
    RewardSource(name: name) { rollouts in
      rewardScores(model, rollouts.map(\.row), batchSize: batchSize, padTokenID: padTokenID)
    }
  }

  /// A function of texts: a word list, a program over a pipe, or anything written in Swift.
  public static func scorer(_ scorer: any Scorer, tokenizer: Tokenizer) -> RewardSource {
    var source = RewardSource(name: scorer.name) { rollouts in
      try scorer.scores(
        prompts: rollouts.map(\.prompt.text),
        completions: rollouts.map { tokenizer.decode($0.completion.ids) },
        extras: rollouts.map(\.prompt.extras))
    }
    source.mayAbstain = scorer.acceptsNull
    return source
  }
}

/// Scores of whole texts under a reward model, in their order; neighbours that begin alike are read together.
public func rewardScores(
  _ model: ScalarHeadModel, _ rows: [TokenRow], batchSize: Int, padTokenID: Int
) -> [Double] {
  withoutGrad {
    rows.chunks(of: batchSize).flatMap { part in
      model.scores(of: TokenBatch(part, padTokenID: padTokenID, device: model.trunk.device)).doubles
    }
  }
}

/// Outputs of a classifier for whole texts, one list a text in the order of its labels.
public func classifierScores(
  _ model: ClassifierModel, _ rows: [TokenRow], batchSize: Int
) -> [[Double]] {
  withoutGrad {
    rows.chunks(of: batchSize).flatMap { part in
      let batch = TokenBatch(part, padTokenID: 0, device: model.trunk.device)
      let logits = model.logits(of: batch)  // [B, C]
      return part.indices.map { logits.picked(0, $0).doubles }
    }
  }
}
