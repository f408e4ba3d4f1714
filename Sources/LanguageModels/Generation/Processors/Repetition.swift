// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Makes tokens that are already in a text less likely: positive scores are divided and negative ones multiplied.
///
///     s'(v) = s(v) · r  if s(v) < 0,  else s(v) / r      for every v in prompt and completion
///
/// Source: Keskar et al. 2019, arXiv:1909.05858, section 4.1, with the sign rule of Hugging Face transformers.
public struct RepetitionPenalty: LogitsProcessor, Sendable, Equatable {
  /// r, above 0; 1 changes nothing.
  public var penalty: Double

  /// Creates the penalty.
  public init(_ penalty: Double) { self.penalty = penalty }

  /// Changes scores `[B, V]` of the texts' own tokens.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    // Rows are filled up with their first token, which is written more than once, each time the same.
    let width = texts.reduce(1) { max($0, $1.ids.count) }
    let size = scores.size(1)
    let flat = texts.flatMap { text in
      text.ids.map { min($0, size - 1) }
        + [Int](repeating: min(text.ids[0], size - 1), count: width - text.ids.count)
    }
    let ids = Tensor(flat, shape: [texts.count, width], device: scores.device)
    let found = scores.gathered(1, ids)
    return scores.scattering(
      1, ids, select(where: found .< 0, found * penalty, found / penalty))
  }
}

/// Lowers tokens by how often they were chosen, as serving engines do; the prompt does not count.
///
///     s'(v) = s(v) − presence · [count(v) > 0] − frequency · count(v)
///
/// Source: the convention of completion servers; not part of transformers.
public struct CountPenalty: LogitsProcessor, Sendable, Equatable {
  /// Taken off once from every token chosen before; negative numbers invite repetition.
  public var presence: Double
  /// Taken off once for each time a token was chosen.
  public var frequency: Double

  /// Creates the penalty.
  public init(presence: Double = 0, frequency: Double = 0) {
    self.presence = presence
    self.frequency = frequency
  }

  /// Changes scores `[B, V]` of the completions' own tokens.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    scores.adding(
      texts.map { text in
        let counts = text.completion.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        return counts.map { (id: $0.key, value: -presence - frequency * Double($0.value)) }
      })
  }
}

/// Lets no run of n tokens come twice in a text, the prompt included.
public struct NoRepeatNGrams: LogitsProcessor, Sendable, Equatable {
  /// n, above 0.
  public var size: Int

  /// Creates the rule.
  public init(size: Int) { self.size = size }

  /// Bans every token that would complete a run the text already holds.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    scores.banning(texts.map(banned))
  }

  private func banned(_ text: DecodedText) -> [Int] {
    let ids = text.ids
    guard ids.count >= size else { return [] }
    let tail = ids.suffix(size - 1)
    return (size - 1..<ids.count).compactMap { end in
      ids[end - (size - 1)..<end].elementsEqual(tail) ? ids[end] : nil
    }
  }
}
