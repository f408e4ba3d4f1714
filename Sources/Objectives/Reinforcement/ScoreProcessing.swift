// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Prepares raw reward-model scores for reinforcement learning: centre, scale, clip, in this order.
///
///     s ← s − referenceMean        s ← s / deviation        s ← clip(s, −c, c)
///
/// Sources: centring on reference completions: Ziegler et al. 2019, arXiv:1909.08593, section 2.1; scaling by the
/// running deviation: Engstrom et al. 2020, arXiv:2005.12729, and Zheng et al. 2023, arXiv:2307.04964, section 5.2;
/// clipping: the latter. Departures: none. Codable with its running state, so that a resumed run scales alike.
public struct ScoreProcessing: Codable, Sendable, Equatable {
  /// What scores are divided by; raw values are the names recipes use.
  public enum Scaling: String, Codable, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// The sample deviation of every score so far, this batch included; the mean keeps its place.
    case running
    /// The batch's own deviation, around its mean, which is put back.
    case batch
  }

  /// Subtracted first: the mean score of reference completions, which then average 0. 0 does nothing.
  public var referenceMean: Double
  /// What scores are divided by.
  public var scaling: Scaling
  /// Scores are held within ± this, above 0; nil does not clip. Usual 2.5 to 5, or 50 to catch accidents only.
  public var clip: Double?
  /// The centred scores seen so far; moves only with ``Scaling/running``.
  public private(set) var moments = RunningMoments()

  /// Creates the chain; the defaults leave scores alone.
  public init(referenceMean: Double = 0, scaling: Scaling = .none, clip: Double? = nil) {
    requireArguments(
      clip.map { $0 > 0 } ?? true, "score processing",
      "the clip bound must be above 0; got \(clip ?? 0)")
    self.referenceMean = referenceMean
    self.scaling = scaling
    self.clip = clip
  }

  /// Processes the scores of one batch and remembers them where ``scaling`` needs it.
  ///
  /// - Parameter scores: `[B]`.
  /// - Returns: `[B]`, detached. A deviation that is 0 or not known yet scales by 1.
  public mutating func callAsFunction(_ scores: Tensor) -> Tensor {
    var result = scores.detached().widened - referenceMean
    switch scaling {
    case .none: break
    case .running:
      moments.add(result.doubles)
      if let deviation = moments.deviation, deviation > 0 { result = result / deviation }
    case .batch:
      if maskedVariance(result, result.zerosLike() + 1).item > 0 {
        result = Whitening(shiftsMean: false)(result)
      }
    }
    return clip.map { result.clamped(-$0, $0) } ?? result
  }
}
