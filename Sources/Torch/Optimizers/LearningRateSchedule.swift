// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The learning rate as a function of the step, after an optional linear warm-up.
public struct LearningRateSchedule: Sendable, Equatable {
  /// The course after warm-up; raw values are the names users know.
  public enum Kind: String, Sendable, CaseIterable {
    /// The base rate throughout, no warm-up.
    case constant
    /// The base rate after warm-up.
    case constantWithWarmup = "constant_with_warmup"
    /// A straight line to zero at the last step.
    case linear
    /// Half a cosine to zero.
    case cosine
    /// Half a cosine to ``LearningRateSchedule/minimumShare`` of the base.
    case cosineWithMinimum = "cosine_with_min_lr"
    /// The base rate, then a straight line to the minimum over the last fifth.
    case warmupStableDecay = "wsd"
  }

  /// The course after warm-up.
  public var kind: Kind
  /// The rate at the end of warm-up.
  public var base: Double
  /// Steps over which the rate rises from zero.
  public var warmupStepCount: Int
  /// Steps of the whole run; the courses that fall end there.
  public var stepCount: Int
  /// Where the courses with a minimum end, as a share of the base.
  public var minimumShare: Double

  /// Creates a schedule.
  public init(
    _ kind: Kind, base: Double, warmupStepCount: Int = 0, stepCount: Int, minimumShare: Double = 0.1
  ) {
    self.kind = kind
    self.base = base
    self.warmupStepCount = warmupStepCount
    self.stepCount = stepCount
    self.minimumShare = minimumShare
  }

  /// The rate of the update number `step`, counted from 0.
  public func rate(at step: Int) -> Double {
    guard kind != .constant else { return base }
    if step < warmupStepCount { return base * Double(step) / Double(max(1, warmupStepCount)) }
    let rest = Double(max(1, stepCount - warmupStepCount))
    let progress = min(1, Double(step - warmupStepCount) / rest)
    let cosine = 0.5 * (1 + cos(Double.pi * progress))
    switch kind {
    case .constant, .constantWithWarmup: return base
    case .linear: return base * (1 - progress)
    case .cosine: return base * cosine
    case .cosineWithMinimum: return base * (minimumShare + (1 - minimumShare) * cosine)
    case .warmupStableDecay:
      let decay = max(0, (progress - 0.8) / 0.2)
      return base * (1 - (1 - minimumShare) * decay)
    }
  }
}
