// SPDX-License-Identifier: Apache-2.0
import Torch

/// Chooses how strongly rewards are taxed for leaving the reference: the coefficient β of −β KL.
///
/// The adaptive rule steers the measured KL towards a target:
///
///     e = clip(KL / target − 1, −0.2, 0.2)      β ← β (1 + e · n / horizon)
///
/// with n episodes since the last update. Source: Ziegler et al. 2019, arXiv:1909.08593, section 2.2. Departures:
/// none. The whole state is Codable, so that a resumed run continues with the same β.
public struct KLController: Codable, Sendable, Equatable {
  /// How the coefficient changes.
  public enum Rule: Codable, Sendable, Equatable {
    /// It does not.
    case fixed
    /// It follows the measured KL; `target` in nats a sequence (usual 6), `horizon` in episodes (usual 10000).
    case adaptive(target: Double, horizon: Double)
  }

  /// How the coefficient changes.
  public let rule: Rule
  /// β now, at least 0.
  public private(set) var coefficient: Double

  /// Creates a controller.
  ///
  /// - Parameters:
  ///   - coefficient: β at the start, at least 0; usual 0.05 when fixed, 0.2 when adaptive.
  ///   - rule: how it changes.
  public init(_ coefficient: Double, rule: Rule = .fixed) {
    requireArguments(
      coefficient >= 0 && coefficient.isFinite, "KL controller",
      "the KL coefficient must be at least 0; got \(coefficient)")
    if case .adaptive(let target, let horizon) = rule {
      requireArguments(
        target > 0 && horizon > 0, "KL controller",
        "target KL and horizon must be above 0; got \(target) and \(horizon)")
    }
    self.coefficient = coefficient
    self.rule = rule
  }

  /// Takes in the KL of one batch of episodes.
  ///
  /// - Parameters:
  ///   - sequenceKL: the mean over episodes of the KL summed over tokens, in nats; one that is not finite leaves
  ///     the coefficient alone.
  ///   - episodeCount: episodes since the last update.
  public mutating func update(sequenceKL: Double, episodeCount: Int) {
    guard case .adaptive(let target, let horizon) = rule, sequenceKL.isFinite else { return }
    let error = min(max(sequenceKL / target - 1, -0.2), 0.2)
    coefficient *= 1 + error * Double(episodeCount) / horizon
  }
}
