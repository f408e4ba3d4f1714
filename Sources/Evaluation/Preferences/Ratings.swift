// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Fitted strengths of models, in nats and on the Elo scale.
public struct Ratings: Sendable, Equatable, Codable {
  /// Elo points to one nat of strength, 400 / ln 10 ≈ 173.7.
  public static let eloPerNat = 400 / log(10.0)

  /// Model names; every other list runs in this order.
  public internal(set) var names: [String]
  /// θ in nats, summing to 0.
  public internal(set) var strengths: [Double]
  /// Covariance of θ under the constraint Σ θ = 0, in nats².
  public internal(set) var covariance: [[Double]]
  /// Log-likelihood of the battles at the fit, in nats, without the prior's share.
  public internal(set) var logLikelihood: Double
  /// Number of battles.
  public internal(set) var battleCount: Double
  /// True where the maximum did not exist and the prior of ties was added.
  public internal(set) var usesPrior: Bool
  /// Bootstrap intervals on the Elo scale, one a model; empty without a bootstrap.
  public internal(set) var intervals: [Interval] = []
  /// Bootstrap medians on the Elo scale; empty without a bootstrap.
  public internal(set) var medians: [Double] = []
  /// 1 + the number of models whose lower bound exceeds this one's upper bound; empty without a
  /// bootstrap.
  public internal(set) var ranks: [Int] = []
  /// Resamples that needed the prior.
  public internal(set) var priorDrawCount = 0
  /// The settings that change the numbers.
  public internal(set) var options: [String: String]

  let anchorIndex: Int?
  let anchorRating: Double

  init(
    names: [String], strengths: [Double], covariance: [[Double]], logLikelihood: Double,
    battleCount: Double, usesPrior: Bool, priorTies: Double, anchorIndex: Int?,
    anchorRating: Double
  ) {
    self.names = names
    self.strengths = strengths
    self.covariance = covariance
    self.logLikelihood = logLikelihood
    self.battleCount = battleCount
    self.usesPrior = usesPrior
    self.anchorIndex = anchorIndex
    self.anchorRating = anchorRating
    options = [
      "ties": "half", "anchor": anchorIndex.map { names[$0] } ?? "mean",
      "anchor rating": "\(anchorRating)",
    ]
    if usesPrior { options["prior ties"] = "\(priorTies)" }
  }

  /// Ratings on the Elo scale, one a model.
  public var elo: [Double] {
    let shift = anchorIndex.map { strengths[$0] } ?? 0
    return strengths.map { anchorRating + Self.eloPerNat * ($0 - shift) }
  }

  /// Standard errors of θ in nats, one a model, under the constraint Σ θ = 0.
  public var standardErrors: [Double] {
    covariance.indices.map { max(0, covariance[$0][$0]).squareRoot() }
  }

  /// Standard error of θ_i − θ_j in nats.
  public func standardError(ofDifference i: Int, _ j: Int) -> Double {
    let variance = covariance[i][i] + covariance[j][j] - 2 * covariance[i][j]
    return max(0, variance).squareRoot()
  }

  /// Fitted probability that model i beats model j, in (0, 1).
  public func winProbability(_ i: Int, over j: Int) -> Double {
    sigmoid(strengths[i] - strengths[j])
  }

  /// Positions of the models from strongest to weakest.
  public var order: [Int] {
    names.indices.sorted { strengths[$0] > strengths[$1] }
  }
}
