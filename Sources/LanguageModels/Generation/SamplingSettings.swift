// SPDX-License-Identifier: Apache-2.0

/// How completions are drawn from a model.
public struct SamplingSettings: Sendable, Equatable {
  /// Most tokens of a completion.
  public var maxNewTokens: Int
  /// Tokens before which an end of text is not allowed.
  public var minNewTokens: Int
  /// Divides the logits; 0 takes the likeliest token always (greedy).
  public var temperature: Double
  /// Likeliest tokens kept; 0 keeps all.
  public var topK: Int
  /// Smallest set of likeliest tokens whose probability reaches this is kept; 1 keeps all.
  public var topP: Double
  /// Tokens less likely than this share of the likeliest are dropped; 0 drops none.
  public var minP: Double
  /// Divides positive and multiplies negative logits of tokens already in the text; 1 changes nothing.
  public var repetitionPenalty: Double
  /// Token ids that end a completion; the one that ends it is its last token.
  public var stopTokenIDs: Set<Int>
  /// Texts that end a completion once its text contains them.
  public var stopStrings: [String]

  /// Creates settings; the defaults sample from the model's own distribution.
  public init(
    maxNewTokens: Int = 64, minNewTokens: Int = 0, temperature: Double = 1, topK: Int = 0,
    topP: Double = 1, minP: Double = 0, repetitionPenalty: Double = 1,
    stopTokenIDs: Set<Int> = [], stopStrings: [String] = []
  ) {
    self.maxNewTokens = maxNewTokens
    self.minNewTokens = minNewTokens
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.stopTokenIDs = stopTokenIDs
    self.stopStrings = stopStrings
  }

  /// Whether the likeliest token is always taken.
  public var isGreedy: Bool { temperature == 0 }
}

/// Why a completion ended.
public enum StopReason: String, Sendable, Codable {
  /// A stop token was drawn.
  case endOfText = "stop"
  /// ``SamplingSettings/maxNewTokens`` or the model's room was reached.
  case length
  /// A stop string appeared.
  case stopString = "stop_string"
}

/// One drawn completion.
public struct SampledCompletion: Sendable, Equatable {
  /// Its tokens, the stop token included.
  public var ids: [Int]
  /// log π of each token under softmax(logits / temperature), nats: before any truncation of the distribution.
  /// For greedy decoding the temperature counts as 1.
  public var logProbs: [Float]
  /// Why it ended.
  public var stopReason: StopReason

  /// Creates a completion.
  public init(ids: [Int] = [], logProbs: [Float] = [], stopReason: StopReason = .length) {
    self.ids = ids
    self.logProbs = logProbs
    self.stopReason = stopReason
  }
}
