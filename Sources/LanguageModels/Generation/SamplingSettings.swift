// SPDX-License-Identifier: Apache-2.0

/// How completions are drawn from a model.
///
/// The properties beyond those of the initializer change nothing unless they are set. All are applied in the order of
/// ``processors(vocabularyCount:device:)``.
public struct SamplingSettings: Sendable, Hashable {
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

  /// Most tokens of prompt and completion together; nil leaves that to ``maxNewTokens`` and the model.
  public var maxLength: Int?
  /// Tokens of prompt and completion together before which an end of text is not allowed.
  public var minLength = 0
  /// Share of the entropy that the likeliest tokens kept may have; nil keeps all. See ``TopH``.
  public var topH: Double?
  /// Mass of the tokens of about the expected surprise that are kept; 1 keeps all. See ``Typical``.
  public var typicalP = 1.0
  /// Tokens below this probability are dropped; 0 drops none.
  public var epsilonCutoff = 0.0
  /// As ``epsilonCutoff``, less strict where the distribution is flat; 0 drops none. See ``EtaCutoff``.
  public var etaCutoff = 0.0
  /// Taken off the logit of every token the completion already has.
  public var presencePenalty = 0.0
  /// Taken off the logit of a token for each time the completion already has it.
  public var frequencyPenalty = 0.0
  /// Runs of this many tokens come at most once in a text; 0 allows repetition.
  public var noRepeatNGramSize = 0
  /// Sequences of tokens that may not come.
  public var badWords: [[Int]] = []
  /// Sequences of tokens whose last one is raised or lowered where the rest came before.
  public var sequenceBias: [SequenceBias.Entry] = []
  /// Tokens that may not come.
  public var suppressedTokenIDs: [Int] = []
  /// Tokens that may not begin a completion.
  public var beginSuppressedTokenIDs: [Int] = []
  /// The token after a prompt of one token.
  public var forcedBOSTokenID: Int?
  /// Tokens of which one comes last where a text reaches its greatest length.
  public var forcedEOSTokenIDs: [Int] = []
  /// Makes ends of text likelier with every token beyond a length; nil does not.
  public var lengthDecay: LengthDecay?
  /// Whether logits that are not finite are replaced.
  public var removesInvalidValues = false
  /// Whether the scores a token is chosen by are normalized at the end; matters in beam search.
  public var renormalizes = false
  /// Likeliest tokens told with each token chosen, with their log-probabilities; 0 tells none.
  public var alternativeCount = 0

  /// From which token of a completion on, and how fast, ends of text become likelier.
  public struct LengthDecay: Sendable, Hashable {
    /// Tokens of the completion.
    public var start: Int
    /// Growth for each token beyond.
    public var factor: Double

    /// Creates a decay.
    public init(start: Int, factor: Double) {
      self.start = start
      self.factor = factor
    }
  }

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

/// A token and its log-probability.
public struct TokenLogProb: Sendable, Equatable {
  /// The token.
  public var id: Int
  /// log π under softmax(logits / temperature), nats.
  public var logProb: Float

  /// Creates a pair.
  public init(id: Int, logProb: Float) {
    self.id = id
    self.logProb = logProb
  }
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
  /// For each token the likeliest ones in its place, in descending order, where they were asked for
  /// (``SamplingSettings/alternativeCount``); else empty.
  public var alternatives: [[TokenLogProb]] = []

  /// Creates a completion.
  public init(ids: [Int] = [], logProbs: [Float] = [], stopReason: StopReason = .length) {
    self.ids = ids
    self.logProbs = logProbs
    self.stopReason = stopReason
  }
}
