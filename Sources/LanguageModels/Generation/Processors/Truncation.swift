// SPDX-License-Identifier: Apache-2.0
public import Torch

// What sampling adds: each rule drops tokens by setting their scores to -∞, and keeps at least a few.

/// Divides scores: below 1 sharpens a distribution, above 1 flattens it.
public struct Temperature: LogitsProcessor, Sendable, Equatable {
  /// Above 0; 1 changes nothing.
  public var temperature: Double

  /// Creates the rule.
  public init(_ temperature: Double) { self.temperature = temperature }

  /// Divides scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    scores / temperature
  }
}

/// Keeps the likeliest tokens until their entropy exceeds a share of that of the 100 likeliest.
///
/// Source: Baghaei Potraghloo et al. 2025, arXiv:2509.02510, as in transformers.
public struct TopH: LogitsProcessor, Sendable, Equatable {
  /// Share of the entropy, in `(0, 1]`.
  public var share: Double
  private static let candidateCount = 100

  /// Creates the rule.
  public init(_ share: Double) { self.share = share }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let (best, places) = scores.top(min(Self.candidateCount, scores.size(1)))
    let logProbs = best.logSoftmax(-1)
    // A token out of question has probability 0 and adds no entropy.
    let terms = (exp(logProbs) * -logProbs.clamped(min: -Double(Float.greatestFiniteMagnitude)))
    let total = terms.sum(-1, keep: true)
    let drops = terms.cumulativeSum(-1) .> (total * share)
    let keepsFirst = Tensor.range(0..<best.size(1), device: scores.device) .> 0
    let kept = select(where: drops .&& keepsFirst, best.zerosLike() - .infinity, best)
    return (scores.zerosLike() - .infinity).scattering(1, places, kept)
  }
}

/// Keeps the k best tokens, ties with the last of them too.
public struct TopK: LogitsProcessor, Sendable, Equatable {
  /// k, above 0.
  public var count: Int

  /// Creates the rule.
  public init(_ count: Int) { self.count = count }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    guard count < scores.size(-1) else { return scores }
    let least = scores.top(count).values.narrowed(-1, count - 1..<count)
    return scores.filled(where: scores .< least, with: -Double.infinity)
  }
}

/// Keeps the likeliest tokens whose probabilities first reach a mass: the nucleus.
///
/// Source: Holtzman et al. 2020, arXiv:1904.09751.
public struct TopP: LogitsProcessor, Sendable, Equatable {
  /// Probability mass, in `[0, 1)`.
  public var mass: Double
  /// Tokens kept in any case.
  public var minimumKept: Int

  /// Creates the rule.
  public init(_ mass: Double, minimumKept: Int = 1) {
    self.mass = mass
    self.minimumKept = minimumKept
  }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let kept = scores.keeping(
      mass: mass, of: scores.softmax(-1), minimum: minimumKept, keepingTies: false)
    return scores.filled(where: not(kept), with: -Double.infinity)
  }
}

/// Drops tokens less likely than a share of the likeliest.
///
/// Source: Nguyen et al. 2024, arXiv:2407.01082.
public struct MinP: LogitsProcessor, Sendable, Equatable {
  /// Share, in `[0, 1]`.
  public var share: Double
  /// Tokens kept in any case.
  public var minimumKept: Int

  /// Creates the rule.
  public init(_ share: Double, minimumKept: Int = 1) {
    self.share = share
    self.minimumKept = minimumKept
  }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let probabilities = scores.softmax(-1)
    let bound = probabilities.max(-1, keep: true) * share
    return scores.dropping(probabilities .< bound, keeping: minimumKept)
  }
}

/// Keeps the tokens whose surprise is closest to the expected one until their probabilities reach a mass.
///
///     order by | −log p(v) − H(p) |
///
/// Source: Meister et al. 2023, arXiv:2202.00666.
public struct Typical: LogitsProcessor, Sendable, Equatable {
  /// Probability mass, in `(0, 1)`.
  public var mass: Double
  /// Tokens kept in any case.
  public var minimumKept: Int

  /// Creates the rule.
  public init(_ mass: Double, minimumKept: Int = 1) {
    self.mass = mass
    self.minimumKept = minimumKept
  }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let logProbs = scores.logSoftmax(-1)
    let probabilities = exp(logProbs)
    let distance = abs(logProbs + scores.entropy())
    let kept = (-distance).keeping(
      mass: mass, of: probabilities, minimum: minimumKept, keepingTies: true)
    return scores.filled(where: not(kept), with: -Double.infinity)
  }
}

/// Drops tokens below a probability.
///
/// Source: Hewitt et al. 2022, arXiv:2210.15191.
public struct EpsilonCutoff: LogitsProcessor, Sendable, Equatable {
  /// ε, in `(0, 1)`.
  public var epsilon: Double
  /// Tokens kept in any case.
  public var minimumKept: Int

  /// Creates the rule.
  public init(_ epsilon: Double, minimumKept: Int = 1) {
    self.epsilon = epsilon
    self.minimumKept = minimumKept
  }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    scores.dropping(scores.softmax(-1) .< epsilon, keeping: minimumKept)
  }
}

/// Drops tokens below a probability that falls with the entropy: min(ε, √ε · e^−H).
///
/// Source: Hewitt et al. 2022, arXiv:2210.15191, algorithm 1.
public struct EtaCutoff: LogitsProcessor, Sendable, Equatable {
  /// ε, in `(0, 1)`.
  public var epsilon: Double
  /// Tokens kept in any case.
  public var minimumKept: Int

  /// Creates the rule.
  public init(_ epsilon: Double, minimumKept: Int = 1) {
    self.epsilon = epsilon
    self.minimumKept = minimumKept
  }

  /// Truncates scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let bound = (exp(-scores.entropy()) * epsilon.squareRoot()).clamped(max: epsilon)
    return scores.dropping(scores.softmax(-1) .< bound, keeping: minimumKept)
  }
}

/// Scores as logarithms of probabilities.
public struct NormalizedScores: LogitsProcessor, Sendable {
  /// Creates the rule.
  public init() {}

  /// Log-softmax of scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    scores.logSoftmax(-1)
  }
}

extension Tensor {
  /// Entropy of softmax over the last axis, nats, `[B, 1]`; tokens out of question add nothing.
  fileprivate func entropy() -> Tensor {
    let logProbs = logSoftmax(-1)
    let finite = logProbs.clamped(min: -Double(Float.greatestFiniteMagnitude))
    return -(exp(logProbs) * finite).sum(-1, keep: true)
  }

  /// -∞ where `drops` holds, but never at the `count` best of a row.
  fileprivate func dropping(_ drops: Tensor, keeping count: Int) -> Tensor {
    let count = Swift.min(Swift.max(1, count), size(-1))
    let least =
      count == 1 ? max(-1, keep: true) : top(count).values.narrowed(-1, count - 1..<count)
    return filled(where: drops .&& (self .< least), with: -Double.infinity)
  }
}
