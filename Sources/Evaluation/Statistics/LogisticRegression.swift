// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Logistic regression with soft targets and no hidden intercept, fitted by damped Newton steps.
///
/// Minimises Σ_i −[y_i log σ(x_i·w) + (1 − y_i) log σ(−x_i·w)] + (ridge/2) |w|².
struct LogisticRegression {
  /// Penalty on the squared coefficients; a touch keeps separable data finite.
  var ridge = 1e-6
  /// Newton steps before giving up.
  var iterationLimit = 200

  /// A fitted model.
  struct Fit {
    var coefficients: [Double]
    /// Inverse of the penalised information matrix, row by row.
    var covariance: [[Double]]
  }

  /// Fits one feature vector an item, all of one width, to one probability an item.
  func fit(rows: [[Double]], targets: [Double], metric: String) throws -> Fit {
    let width = rows[0].count
    var weights = [Double](repeating: 0, count: width)
    var loss = objective(rows, targets, weights)
    for _ in 0..<iterationLimit {
      let (gradient, information) = derivatives(rows, targets, weights)
      guard let factor = Cholesky(information) else { break }
      let step = factor.solve(gradient)
      let decrease = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      if decrease < 1e-22 * max(1, loss) {
        return Fit(coefficients: weights, covariance: factor.inverse())
      }
      var scale = 1.0
      while true {
        let next = zip(weights, step).map { $0 - scale * $1 }
        let nextLoss = objective(rows, targets, next)
        if nextLoss <= loss || scale < 1e-10 {
          weights = next
          // No digit left to gain: rounding, not the step, decides from here.
          if loss - nextLoss < 1e-16 * max(1, loss), decrease < 1e-14 * max(1, loss) {
            return Fit(coefficients: weights, covariance: factor.inverse())
          }
          loss = nextLoss
          break
        }
        scale /= 2
      }
    }
    throw EvaluationError.notConverged(metric: metric, iterationCount: iterationLimit)
  }

  private func objective(_ rows: [[Double]], _ targets: [Double], _ weights: [Double]) -> Double {
    var total = 0.0
    for (row, target) in zip(rows, targets) {
      let logit = dot(row, weights)
      total += softplus(logit) - target * logit
    }
    return total + ridge / 2 * dot(weights, weights)
  }

  private func derivatives(
    _ rows: [[Double]], _ targets: [Double], _ weights: [Double]
  ) -> (gradient: [Double], information: [[Double]]) {
    let width = weights.count
    var gradient = weights.map { ridge * $0 }
    var information = [[Double]](repeating: [Double](repeating: 0, count: width), count: width)
    for (row, target) in zip(rows, targets) {
      let p = sigmoid(dot(row, weights))
      let curvature = p * (1 - p)
      for i in 0..<width where row[i] != 0 {
        gradient[i] += (p - target) * row[i]
        for j in 0...i { information[i][j] += curvature * row[i] * row[j] }
      }
    }
    for i in 0..<width {
      information[i][i] += ridge
      for j in 0..<i { information[j][i] = information[i][j] }
    }
    return (gradient, information)
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var total = 0.0
    for i in a.indices { total += a[i] * b[i] }
    return total
  }
}

/// The factor L of a symmetric positive definite matrix A = L Lᵀ.
struct Cholesky {
  private let lower: [[Double]]

  /// nil where the matrix is not positive definite to working precision.
  init?(_ matrix: [[Double]]) {
    var lower = matrix
    for i in matrix.indices {
      for j in 0...i {
        var sum = matrix[i][j]
        for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
        if i == j {
          guard sum > 0, sum.isFinite else { return nil }
          lower[i][i] = sum.squareRoot()
        } else {
          lower[i][j] = sum / lower[j][j]
        }
      }
    }
    self.lower = lower
  }

  func solve(_ right: [Double]) -> [Double] {
    var x = right
    for i in x.indices {
      for k in 0..<i { x[i] -= lower[i][k] * x[k] }
      x[i] /= lower[i][i]
    }
    for i in x.indices.reversed() {
      for k in (i + 1)..<max(i + 1, x.count) { x[i] -= lower[k][i] * x[k] }
      x[i] /= lower[i][i]
    }
    return x
  }

  /// A⁻¹, row by row.
  func inverse() -> [[Double]] {
    lower.indices.map { column in
      var unit = [Double](repeating: 0, count: lower.count)
      unit[column] = 1
      return solve(unit)
    }
  }
}
