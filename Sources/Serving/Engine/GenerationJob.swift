// SPDX-License-Identifier: Apache-2.0
public import LanguageModels

/// Completions that one HTTP request asks for.
public struct GenerationJob: Sendable, Equatable {
  /// One completion.
  public struct Completion: Sendable, Equatable {
    /// Token ids, at least one.
    public var prompt: [Int]
    /// How it is drawn.
    public var settings: SamplingSettings
    /// Fixes every random choice.
    public var seed: UInt64

    /// Creates a wish.
    public init(prompt: [Int], settings: SamplingSettings, seed: UInt64) {
      self.prompt = prompt
      self.settings = settings
      self.seed = seed
    }
  }

  /// The completions, each a place in the batch.
  public var completions: [Completion]
  /// Texts whose own tokens are wanted with their log-probabilities.
  public var scoredTexts: [ScoredText] = []

  /// A text to read without writing.
  public struct ScoredText: Sendable, Equatable {
    /// Token ids, at least one.
    public var ids: [Int]
    /// Likeliest tokens told in each place.
    public var alternativeCount: Int

    /// Creates a wish.
    public init(ids: [Int], alternativeCount: Int) {
      self.ids = ids
      self.alternativeCount = alternativeCount
    }
  }

  /// Creates a job.
  public init(completions: [Completion], scoredTexts: [ScoredText] = []) {
    self.completions = completions
    self.scoredTexts = scoredTexts
  }

  /// Places it takes in the queue.
  var weight: Int { max(1, completions.count + scoredTexts.count) }
}

/// What becomes of a ``GenerationJob``; completions and texts are named by their place in it.
public enum GenerationEvent: Sendable, Equatable {
  /// The next token of a completion.
  case token(completion: Int, DecodedToken)
  /// The end of a completion; the token that ended it came before.
  case finished(completion: Int, StopReason)
  /// The tokens of a text but its first, which nothing comes before.
  case scored(text: Int, [DecodedToken])
  /// The end of all of them; nothing follows.
  case failed(ServingError)
}

/// The queue of a language model.
public typealias GenerationQueue = JobQueue<GenerationJob, GenerationEvent>
