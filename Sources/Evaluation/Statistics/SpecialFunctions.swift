// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Functions of mathematical statistics that Foundation does not have.
enum SpecialFunctions {
  /// log Γ(x) for x > 0, by Stirling's series after shifting x above 16; relative error near 1e-15.
  ///
  /// The C library's `lgamma` writes a global sign and is therefore left alone.
  static func logGamma(_ x: Double) -> Double {
    var shifted = x
    var product = 1.0
    while shifted < 16 {
      product *= shifted
      shifted += 1
    }
    let inverse = 1 / shifted
    let square = inverse * inverse
    let series =
      inverse
      * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680))))
    let main = (shifted - 0.5) * log(shifted) - shifted + 0.5 * log(2 * Double.pi)
    return main + series - log(product)
  }

  /// log of the binomial coefficient C(n, k).
  static func logChoose(_ n: Int, _ k: Int) -> Double {
    logGamma(Double(n + 1)) - logGamma(Double(k + 1)) - logGamma(Double(n - k + 1))
  }

  /// P(X ≤ k) for X binomial with n tries of probability ½.
  static func fairBinomialCDF(_ k: Int, of n: Int) -> Double {
    guard k >= 0 else { return 0 }
    guard k < n else { return 1 }
    // Terms shrink as i moves away from n/2, so the sum starts at its largest term and stops early.
    var term = exp(logChoose(n, k) - Double(n) * log(2.0))
    var sum = 0.0
    var i = k
    while i >= 0 {
      sum += term
      if term < sum * 1e-17, 2 * i < n { break }
      term *= Double(i) / Double(n - i + 1)
      i -= 1
    }
    return min(1, sum)
  }

  /// The x with P(Z ≤ x) = p for a standard normal Z; p in (0, 1).
  static func normalQuantile(_ p: Double) -> Double {
    bisect(from: -40, to: 40) { 0.5 * erfc(-$0 / 2.0.squareRoot()) < p }
  }

  /// I_x(a, b), the distribution function of the beta distribution; a, b > 0 and x in [0, 1].
  static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let logFront =
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
    // The continued fraction converges fast on this side of the mode only.
    if x < (a + 1) / (a + b + 2) {
      return exp(logFront) * betaFraction(x, a, b) / a
    }
    return 1 - exp(logFront) * betaFraction(1 - x, b, a) / b
  }

  /// The x with I_x(a, b) = p.
  static func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    bisect(from: 0, to: 1) { incompleteBeta($0, a, b) < p }
  }

  /// The border between true (left) and false (right), to the last bit.
  static func bisect(from low: Double, to high: Double, isLeft: (Double) -> Bool) -> Double {
    var low = low
    var high = high
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return middle }
      if isLeft(middle) { low = middle } else { high = middle }
      if high - low < 1e-16 * max(abs(low), 1e-300) { return middle }
    }
  }

  /// Lentz's evaluation of the continued fraction of the incomplete beta function.
  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      result *= d * c
      if abs(d * c - 1) < 1e-16 { break }
    }
    return result
  }
}

/// σ(x) without overflow on either side.
func sigmoid(_ x: Double) -> Double {
  if x >= 0 { return 1 / (1 + exp(-x)) }
  let e = exp(x)
  return e / (1 + e)
}

/// log(1 + eˣ) without overflow; −log σ(x) is `softplus(-x)`.
func softplus(_ x: Double) -> Double {
  max(x, 0) + log1p(exp(-abs(x)))
}
