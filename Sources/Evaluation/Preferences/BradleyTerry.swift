// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One comparison of two named models.
public struct Battle: Sendable, Equatable, Codable {
  /// Name of the model shown first.
  public var first: String
  /// Name of the other model.
  public var second: String
  /// 1 where the first wins, ½ for a tie, 0 where the second wins; probabilities are allowed.
  public var score: Double
  /// The prompt, where battles over the same prompt should be resampled together.
  public var prompt: String?

  /// Creates a battle.
  public init(first: String, second: String, score: Double, prompt: String? = nil) {
    self.first = first
    self.second = second
    self.score = score
    self.prompt = prompt
  }
}

/// Ratings of many models from paired comparisons.
///
///     P(i ≻ j) = σ(θ_i − θ_j),   Σ θ = 0
///
/// fitted by maximum likelihood with the minorise-maximise step on p = e^θ
///
///     p_i ← W_i / Σ_j N_ij / (p_i + p_j)
///
/// normalised to geometric mean 1, where W_i counts wins (ties ½) and N_ij comparisons.
/// Ratings are θ on the Elo scale, R = anchor + (400 / ln 10)(θ − θ_anchor).
///
/// The maximum exists only if every split of the models has a win in both directions. Otherwise a
/// prior of `priorTies` ties of each model with a virtual player of mean strength is added, and
/// ``Ratings/usesPrior`` says so.
///
/// Source: Bradley and Terry 1952; Hunter 2004, "MM algorithms for generalized Bradley-Terry
/// models", Annals of Statistics 32. Invariant to relabelling and to a shift of θ.
public struct BradleyTerry: Sendable, Equatable {
  /// Ties with the virtual mean player, for each model, where the maximum does not exist.
  public var priorTies: Double
  /// The model that gets exactly `anchorRating`; nil centres the mean rating there.
  public var anchor: String?
  /// Rating of the anchor, or of the mean.
  public var anchorRating: Double
  /// Resampling over battles (over prompts where battles name them); nil for no intervals.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(
    priorTies: Double = 0.1, anchor: String? = nil, anchorRating: Double = 1000,
    bootstrap: Bootstrap? = nil
  ) {
    self.priorTies = priorTies
    self.anchor = anchor
    self.anchorRating = anchorRating
    self.bootstrap = bootstrap
  }

  /// Fits ratings to battles; models are listed in order of first appearance.
  ///
  /// - Parameter battles: at least one, each between two different models.
  /// - Returns: ratings, standard errors and, with a bootstrap, intervals and ranks.
  /// - Throws: ``EvaluationError`` for no battles, a battle of a model with itself, a score outside
  ///   [0, 1], an unknown anchor, or an iteration that does not settle.
  public func callAsFunction(_ battles: [Battle]) throws -> Ratings {
    try Require.count(battles.count, atLeast: 1, "battles", in: "Bradley-Terry")
    try Require.probabilities(battles.map(\.score), "score", in: "Bradley-Terry")
    var names: [String] = []
    var positions: [String: Int] = [:]
    func position(_ name: String) -> Int {
      if let known = positions[name] { return known }
      positions[name] = names.count
      names.append(name)
      return names.count - 1
    }
    let indexed = battles.map { (position($0.first), position($0.second), $0.score) }
    if let index = indexed.firstIndex(where: { $0.0 == $0.1 }) {
      throw EvaluationError.outOfRange(
        metric: "Bradley-Terry", what: "battle", index: index,
        found: "'\(battles[index].first)' against itself", allowed: "two different models")
    }
    var ratings = try self(wins: Self.winMatrix(indexed, names.count), names: names)
    if let bootstrap {
      let groups = Self.groups(battles)
      try attachIntervals(
        to: &ratings, indexed: indexed, groups: groups, bootstrap: bootstrap)
    }
    return ratings
  }

  /// Fits ratings to a matrix of wins.
  ///
  /// - Parameters:
  ///   - wins: entry [i][j] is how often i beat j, ties adding ½ to both; square, zero diagonal.
  ///   - names: one name a row.
  /// - Returns: ratings and standard errors; no intervals.
  /// - Throws: ``EvaluationError`` for fewer than two models, a matrix that does not fit, an unknown
  ///   anchor, or an iteration that does not settle.
  public func callAsFunction(wins: [[Double]], names: [String]) throws -> Ratings {
    try Require.count(names.count, atLeast: 2, "models", in: "Bradley-Terry")
    try Require.equalCounts(wins.count, "rows", names.count, "names", in: "Bradley-Terry")
    for (index, row) in wins.enumerated() {
      try Require.equalCounts(row.count, "columns", names.count, "names", in: "Bradley-Terry")
      guard row.allSatisfy({ $0 >= 0 && $0.isFinite }), row[index] == 0 else {
        throw EvaluationError.outOfRange(
          metric: "Bradley-Terry", what: "row of wins", index: index, found: "\(row)",
          allowed: "counts of 0 or more, with 0 on the diagonal")
      }
    }
    let anchorIndex = try anchor.map { name in
      guard let index = names.firstIndex(of: name) else {
        throw EvaluationError.outOfRange(
          metric: "Bradley-Terry", what: "anchor", index: nil, found: "'\(name)'",
          allowed: names.joined(separator: ", "))
      }
      return index
    }
    let usesPrior = !WinGraph(wins).isStronglyConnected
    let prior = usesPrior ? priorTies : 0
    let theta = try Self.maximise(wins, prior: prior)
    let covariance = Self.covariance(wins, theta, prior: prior)
    let likelihood = Self.logLikelihood(wins, theta)
    return Ratings(
      names: names, strengths: theta, covariance: covariance, logLikelihood: likelihood,
      battleCount: wins.reduce(0) { $0 + $1.reduce(0, +) }, usesPrior: usesPrior,
      priorTies: prior, anchorIndex: anchorIndex, anchorRating: anchorRating)
  }

  static func winMatrix(_ battles: [(Int, Int, Double)], _ modelCount: Int) -> [[Double]] {
    var wins = [[Double]](
      repeating: [Double](repeating: 0, count: modelCount), count: modelCount)
    for (first, second, score) in battles {
      wins[first][second] += score
      wins[second][first] += 1 - score
    }
    return wins
  }

  static func maximise(
    _ wins: [[Double]], prior: Double, start: [Double]? = nil
  ) throws -> [Double] {
    let models = wins.indices
    let total = models.map { i in wins[i].reduce(0, +) }
    var strengths = start.map { $0.map { exp($0) } } ?? [Double](repeating: 1, count: wins.count)
    let limit = 200_000
    for _ in 0..<limit {
      var next = strengths
      for i in models {
        var weight = prior > 0 ? prior / (strengths[i] + 1) : 0
        for j in models where j != i {
          let played = wins[i][j] + wins[j][i]
          if played > 0 { weight += played / (strengths[i] + strengths[j]) }
        }
        next[i] = (total[i] + prior / 2) / weight
      }
      let center = exp(next.map { log($0) }.mean)
      var change = 0.0
      for i in models {
        next[i] /= center
        change = max(change, abs(log(next[i] / strengths[i])))
      }
      strengths = next
      if change < 1e-12 { return strengths.map { log($0) } }
    }
    throw EvaluationError.notConverged(metric: "Bradley-Terry", iterationCount: limit)
  }

  /// Pseudo-inverse of the information, a weighted graph Laplacian with null vector (1, …, 1).
  private static func covariance(
    _ wins: [[Double]], _ theta: [Double], prior: Double
  ) -> [[Double]] {
    let count = wins.count
    let share = 1 / Double(count)
    var laplacian = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for i in 0..<count {
      for j in 0..<i {
        let played = wins[i][j] + wins[j][i]
        guard played > 0 else { continue }
        let p = sigmoid(theta[i] - theta[j])
        let weight = played * p * (1 - p)
        laplacian[i][j] -= weight
        laplacian[j][i] -= weight
        laplacian[i][i] += weight
        laplacian[j][j] += weight
      }
    }
    if prior > 0 {
      // The virtual player sits at the mean, so its information D enters centred: C D C.
      let own = theta.map { prior * sigmoid($0) * (1 - sigmoid($0)) }
      let mean = own.mean
      for i in 0..<count {
        for j in 0..<count {
          laplacian[i][j] += (i == j ? own[i] : 0) - (own[i] + own[j]) * share + mean * share
        }
      }
    }
    // (L + J/n)⁻¹ − J/n is the pseudo-inverse of L for a connected graph.
    for i in 0..<count { for j in 0..<count { laplacian[i][j] += share } }
    guard var inverse = Cholesky(laplacian)?.inverse() else {
      return [[Double]](repeating: [Double](repeating: .infinity, count: count), count: count)
    }
    for i in 0..<count { for j in 0..<count { inverse[i][j] -= share } }
    return inverse
  }

  private static func logLikelihood(_ wins: [[Double]], _ theta: [Double]) -> Double {
    var total = 0.0
    for i in wins.indices {
      for j in wins.indices where wins[i][j] > 0 {
        total -= wins[i][j] * softplus(theta[j] - theta[i])
      }
    }
    return total
  }
}
