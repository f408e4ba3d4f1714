// SPDX-License-Identifier: Apache-2.0

/// Ratings with a judge's love of style, length or position taken out.
///
///     P(i ≻ j) = σ(θ_i − θ_j + Σ_k β_k f_k / sd(f_k)),   Σ θ = 0
///
/// The features f compare the two completions, first minus second: length, Markdown counts, or the
/// constant 1 for an advantage of being shown first. θ is the strength with every feature at 0, that
/// is between completions alike in style. Features are scaled by their standard deviation around 0,
/// not shifted, so that 0 keeps its meaning. Fitted by Newton with a small ridge.
///
/// Random ties counted ½ pull θ towards 0, as they do in ``BradleyTerry``.
///
/// Source: the style control of the LMSYS arena (Li et al. 2024, "Does style matter?"), with the
/// feature (l_a − l_b)/(l_a + l_b) of ``normalizedDifference(_:_:)``.
public struct ControlledBradleyTerry: Sendable, Equatable {
  /// Names of the features, in the order of ``ControlledBattle/features``.
  public var featureNames: [String]
  /// Penalty on the squared coefficients; keeps one-sided data finite.
  public var ridge: Double

  /// Creates the metric.
  public init(featureNames: [String], ridge: Double = 1e-6) {
    precondition(ridge > 0, "ControlledBradleyTerry: ridge is \(ridge); use a value above 0")
    self.featureNames = featureNames
    self.ridge = ridge
  }

  /// Strengths and what the judge likes besides them.
  public struct Result: Sendable, Equatable, Codable {
    /// Model names, in order of first appearance.
    public var names: [String]
    /// θ in nats with every feature at 0, summing to 0.
    public var strengths: [Double]
    /// Standard errors of θ in nats, under the constraint Σ θ = 0.
    public var standardErrors: [Double]
    /// β in nats for one standard deviation of each feature; positive where more of it wins.
    public var featureCoefficients: [Double]
    /// Standard errors of β.
    public var featureStandardErrors: [Double]
    /// Root mean square of each feature, the scale of its β; 0 for a feature that never varies
    /// from 0.
    public var featureScales: [Double]
    /// Number of battles.
    public var battleCount: Int

    /// Positions of the models from strongest to weakest.
    public var order: [Int] { names.indices.sorted { strengths[$0] > strengths[$1] } }
  }

  /// Fits strengths and feature weights together.
  ///
  /// - Parameter battles: at least one, each with one value a feature.
  /// - Returns: strengths with the features' influence removed.
  /// - Throws: ``EvaluationError`` for no battles, a wrong number of features, scores outside
  ///   [0, 1], features that are not finite, or a fit that does not settle.
  public func callAsFunction(_ battles: [ControlledBattle]) throws -> Result {
    let metric = "controlled Bradley-Terry"
    try Require.count(battles.count, atLeast: 1, "battles", in: metric)
    try Require.probabilities(battles.map(\.battle.score), "score", in: metric)
    var positions: [String: Int] = [:]
    var names: [String] = []
    for battle in battles {
      try Require.equalCounts(
        battle.features.count, "values", featureNames.count, "features", in: metric)
      try Require.finite(battle.features, "feature", in: metric)
      for name in [battle.battle.first, battle.battle.second] where positions[name] == nil {
        positions[name] = names.count
        names.append(name)
      }
    }
    let scales = featureNames.indices.map { feature in
      let squares = battles.reduce(0) { $0 + $1.features[feature] * $1.features[feature] }
      return (squares / Double(battles.count)).squareRoot()
    }
    let rows = battles.map { battle in
      var row = [Double](repeating: 0, count: names.count + scales.count)
      if let first = positions[battle.battle.first] { row[first] += 1 }
      if let second = positions[battle.battle.second] { row[second] -= 1 }
      for (feature, scale) in scales.enumerated() where scale > 0 {
        row[names.count + feature] = battle.features[feature] / scale
      }
      return row
    }
    let fit = try LogisticRegression(ridge: ridge).fit(
      rows: rows, targets: battles.map(\.battle.score), metric: metric)
    let theta = Array(fit.coefficients.prefix(names.count))
    let featureRange = names.count..<(names.count + scales.count)
    return Result(
      names: names, strengths: theta.map { [center = theta.mean] in $0 - center },
      standardErrors: Self.centredErrors(fit.covariance, count: names.count),
      featureCoefficients: Array(fit.coefficients[featureRange]),
      featureStandardErrors: featureRange.map { max(0, fit.covariance[$0][$0]).squareRoot() },
      featureScales: scales, battleCount: battles.count)
  }

  /// (a − b)/(a + b), the share by which one count exceeds another; 0 where both are 0.
  public static func normalizedDifference(_ a: Double, _ b: Double) -> Double {
    a + b == 0 ? 0 : (a - b) / (a + b)
  }

  /// Errors of θ_i − mean θ: the common shift, free but for the ridge, is projected out.
  private static func centredErrors(_ covariance: [[Double]], count: Int) -> [Double] {
    let rowMeans = (0..<count).map { i in covariance[i][..<count].reduce(0, +) / Double(count) }
    let mean = rowMeans.mean
    return (0..<count).map { max(0, covariance[$0][$0] - 2 * rowMeans[$0] + mean).squareRoot() }
  }
}

/// A battle with what else distinguishes its two completions.
public struct ControlledBattle: Sendable, Equatable, Codable {
  /// Who met whom, and the outcome.
  public var battle: Battle
  /// One value a feature, first completion minus second; the constant 1 measures the advantage of
  /// the first position.
  public var features: [Double]

  /// Creates a battle with features.
  public init(_ battle: Battle, features: [Double]) {
    self.battle = battle
    self.features = features
  }
}
