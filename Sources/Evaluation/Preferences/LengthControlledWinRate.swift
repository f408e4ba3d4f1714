// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The win rate a model would have if its completions were as long as the baseline's.
///
/// One logistic model for each evaluated model m against one baseline b on the same prompts x:
///
///     P(m ≻ b | x) = σ(θ + φ tanh(Δ_x / sd(Δ)) + ψ γ_x),   Δ_x = len(b) − len(m)
///     LC = mean_x σ(θ + ψ γ_x)
///
/// Lengths are in characters, sd has divisor n − 1, targets are judge preferences in [0, 1].
/// φ < 0 means that the judge favours length. γ_x is a known difficulty of the prompt; without
/// it the formula is the minimal one and LC = σ(θ). Where all Δ are equal to each other the length
/// term is 0 and LC is the raw win rate.
///
/// Source: Dubois et al. 2024, arXiv:2404.04475, eq. 1-3.
///
/// Departures: Newton with a small ridge instead of cross-validated L1 and its gamed copies of the
/// baseline, which need that benchmark's own data; ψ has no instruction-specific constants here.
/// The interval is the bootstrap's over prompts, refitting on each draw.
public struct LengthControlledWinRate: Sendable, Equatable {
  /// Penalty on the squared coefficients, summed-loss scale; keeps one-sided data finite.
  public var ridge: Double
  /// Resampling over prompts; nil for no interval.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(ridge: Double = 1e-6, bootstrap: Bootstrap? = nil) {
    self.ridge = ridge
    self.bootstrap = bootstrap
  }

  /// One prompt judged.
  public struct Item: Sendable, Equatable, Codable {
    /// Probability that the evaluated model is preferred, in [0, 1]; ties are ½.
    public var preference: Double
    /// Length of the baseline's completion, in characters.
    public var baselineLength: Int
    /// Length of the evaluated model's completion, in characters.
    public var modelLength: Int
    /// Known difficulty γ of the prompt, or 0.
    public var difficulty: Double

    /// Creates an item.
    public init(preference: Double, baselineLength: Int, modelLength: Int, difficulty: Double = 0) {
      self.preference = preference
      self.baselineLength = baselineLength
      self.modelLength = modelLength
      self.difficulty = difficulty
    }
  }

  /// A reason to distrust the number.
  public enum Warning: Sendable, Equatable, Codable, CustomStringConvertible {
    /// LC and raw differ by more than 10 points or a quarter of the room between raw and its bound.
    case largeCorrection(raw: Double, controlled: Double)
    /// Fewer than 2.5 % of prompts have the evaluated model on one side of the baseline's length:
    /// the value at equal length is extrapolated.
    case extrapolated

    /// The warning as a sentence.
    public var description: String {
      switch self {
      case .largeCorrection(let raw, let controlled):
        let before = String(format: "%.1f", 100 * raw)
        let after = String(format: "%.1f", 100 * controlled)
        return "length control moves the win rate from \(before) % to \(after) %: "
          + "read both, and look at the lengths"
      case .extrapolated:
        return "one side is longer on nearly every prompt: "
          + "the value at equal length is extrapolated"
      }
    }
  }

  /// The controlled rate, the raw one and the fit behind them.
  public struct Result: Sendable, Equatable, Codable {
    /// Length-controlled win rate in [0, 1]; `count` is the number of prompts.
    public var estimate: Estimate
    /// Mean preference before control, in [0, 1].
    public var raw: Double
    /// θ, the logit of a win at equal lengths.
    public var strength: Double
    /// φ, negative where longer wins; 0 where lengths do not vary.
    public var lengthCoefficient: Double
    /// ψ, the weight of difficulty; 0 where none was given.
    public var difficultyCoefficient: Double
    /// sd(Δ) in characters.
    public var lengthDifferenceDeviation: Double
    /// sd of the per-prompt predictions over √n; 0 with the minimal formula, where they are all equal.
    public var predictionStandardError: Double
    /// Reasons to distrust the number; empty where there is none.
    public var warnings: [Warning]
  }

  /// Measures the length-controlled win rate.
  ///
  /// - Parameter items: at least 2 prompts, each with both lengths and a preference.
  /// - Returns: the controlled and the raw rate.
  /// - Throws: ``EvaluationError`` for too few items, preferences outside [0, 1], or a fit that
  ///   does not settle.
  public func callAsFunction(_ items: [Item]) throws -> Result {
    let metric = "length-controlled win rate"
    try Require.count(items.count, atLeast: 2, "prompts", in: metric)
    try Require.probabilities(items.map(\.preference), "preference", in: metric)
    try Require.finite(items.map(\.difficulty), "difficulty", in: metric)

    let fit = try solve(items)
    let interval = try bootstrap?.interval(itemCount: items.count) { indices in
      try solve(indices.map { items[$0] }).controlled
    }
    let raw = items.map(\.preference).mean
    var options = bootstrap?.options ?? [:]
    options["formula"] = fit.hasDifficulty ? "length and difficulty" : "minimal"
    options["ridge"] = "\(ridge)"
    return Result(
      estimate: Estimate(
        value: fit.controlled, count: items.count, interval: interval, options: options),
      raw: raw, strength: fit.theta, lengthCoefficient: fit.phi, difficultyCoefficient: fit.psi,
      lengthDifferenceDeviation: fit.deviation,
      predictionStandardError: fit.hasDifficulty
        ? fit.predictions.standardErrorOfMean ?? 0 : 0,
      warnings: warnings(items, raw: raw, controlled: fit.controlled))
  }

  private struct Fit {
    var theta: Double
    var phi: Double
    var psi: Double
    var deviation: Double
    var predictions: [Double]
    var controlled: Double
    var hasDifficulty: Bool
  }

  private func solve(_ items: [Item]) throws -> Fit {
    let differences = items.map { Double($0.baselineLength - $0.modelLength) }
    let deviation = differences.standardDeviation
    let hasDifficulty = items.contains { $0.difficulty != 0 }
    let hasLength = deviation > 0
    let rows = zip(items, differences).map { item, difference in
      var row = [1.0]
      if hasLength { row.append(tanh(difference / deviation)) }
      if hasDifficulty { row.append(item.difficulty) }
      return row
    }
    let fit = try LogisticRegression(ridge: ridge).fit(
      rows: rows, targets: items.map(\.preference), metric: "length-controlled win rate")
    let theta = fit.coefficients[0]
    let phi = hasLength ? fit.coefficients[1] : 0
    let psi = hasDifficulty ? fit.coefficients[fit.coefficients.count - 1] : 0
    let predictions = items.map { sigmoid(theta + psi * $0.difficulty) }
    // Without a length term the fit reproduces the raw mean up to the ridge: say it exactly.
    let controlled = hasLength ? predictions.mean : items.map(\.preference).mean
    return Fit(
      theta: theta, phi: phi, psi: psi, deviation: deviation, predictions: predictions,
      controlled: controlled, hasDifficulty: hasDifficulty)
  }

  private func warnings(_ items: [Item], raw: Double, controlled: Double) -> [Warning] {
    var found: [Warning] = []
    let change = abs(controlled - raw)
    let room = controlled > raw ? 1 - raw : raw
    if change > 0.1 || change > 0.25 * room {
      found.append(.largeCorrection(raw: raw, controlled: controlled))
    }
    let longer = items.count { $0.modelLength > $0.baselineLength }
    let shorter = items.count { $0.modelLength < $0.baselineLength }
    if longer + shorter > 0, Double(min(longer, shorter)) < 0.025 * Double(items.count) {
      found.append(.extrapolated)
    }
    return found
  }
}
