// SPDX-License-Identifier: Apache-2.0

import Feedback

/// One sampled completion with what it earned, for the sample tables of online methods.
public struct SampleRow {
  /// The prompt as text, special tokens included where they should be seen.
  public var prompt: String
  /// The sampled completion as text.
  public var completion: String
  /// What each reward function said, in the order of the functions.
  public var rewards: [(name: String, value: Double)]
  /// The reward that the method maximises: the weighted sum, with penalties.
  public var total: Double
  /// The advantage (of the whole completion, or its mean over tokens); nil before it is known.
  public var advantage: Double?
  /// Sampled tokens.
  public var length: Int
  /// Why sampling ended: `stop` at an end token, `length` at the limit, or a stop text.
  public var stopReason: String

  /// Creates a row.
  public init(
    prompt: String, completion: String, rewards: [(name: String, value: Double)], total: Double,
    advantage: Double? = nil, length: Int, stopReason: String
  ) {
    self.prompt = prompt
    self.completion = completion
    self.rewards = rewards
    self.total = total
    self.advantage = advantage
    self.length = length
    self.stopReason = stopReason
  }

  /// The row of `completions/step_<step>.jsonl`.
  func json(step: Int) -> JSONObject {
    let byFunction = rewards.map { ($0.name, NumberText.json($0.value)) }
    return [
      "step": .integer(step),
      "prompt": .string(prompt),
      "completion": .string(completion),
      "rewards": .object(JSONObject(byFunction)),
      "reward": NumberText.json(total),
      "advantage": advantage.map(NumberText.json) ?? .null,
      "length": .integer(length),
      "stop_reason": .string(stopReason),
    ]
  }
}
