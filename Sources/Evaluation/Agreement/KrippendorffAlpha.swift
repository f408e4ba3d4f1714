// SPDX-License-Identifier: Apache-2.0

/// Agreement of any number of raters, with gaps, on any scale.
///
///     α = 1 − D_o / D_e
///     D_o = Σ_ck o_ck δ²(c,k) / n,   D_e = Σ_ck n_c n_k δ²(c,k) / (n(n − 1))
///
/// o_ck = Σ_u (pairs c,k in unit u) / (m_u − 1) over units with m_u ≥ 2 ratings, n_c = Σ_k o_ck,
/// n = Σ n_c. δ² is [c ≠ k] nominal, (c − k)² interval, ((c − k)/(c + k))² ratio, and ordinal
/// (Σ_{g=c}^{k} n_g − (n_c + n_k)/2)². Where all paired ratings are equal α is undefined: nil.
///
/// Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
public struct KrippendorffAlpha: Sendable, Equatable {
  /// What a difference between two ratings means.
  public enum Scale: String, Sendable, Codable, CaseIterable {
    /// Names without order.
    case nominal
    /// Places in an order.
    case ordinal
    /// Numbers whose differences mean something.
    case interval
    /// Numbers of 0 or more whose ratios mean something.
    case ratio
  }

  /// What a difference between two ratings means.
  public var scale: Scale
  /// Resampling over units for the interval; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(scale: Scale, bootstrap: Bootstrap? = nil) {
    self.scale = scale
    self.bootstrap = bootstrap
  }

  /// Measures agreement.
  ///
  /// - Parameter units: one list an item with the ratings it got, in any order and number; items
  ///   with fewer than two ratings do not count.
  /// - Returns: α, at most 1; `count` is the number of paired ratings n. nil where it is undefined.
  /// - Throws: ``EvaluationError`` for ratings that are not finite, or negative on a ratio scale.
  public func callAsFunction(units: [[Double]]) throws -> Estimate? {
    let metric = "Krippendorff's alpha"
    for unit in units {
      try Require.finite(unit, "rating", in: metric)
      if scale == .ratio, let negative = unit.first(where: { $0 < 0 }) {
        throw EvaluationError.outOfRange(
          metric: metric, what: "rating", index: nil, found: "\(negative)",
          allowed: "0 or more on a ratio scale")
      }
    }
    let paired = units.filter { $0.count > 1 }
    guard let value = alpha(paired) else { return nil }
    let interval = bootstrap?.interval(itemCount: paired.count) { indices in
      alpha(indices.map { paired[$0] })
    }
    var options = bootstrap?.options ?? [:]
    options["scale"] = scale.rawValue
    return Estimate(
      value: value, count: paired.reduce(0) { $0 + $1.count }, interval: interval,
      options: options)
  }

  /// Measures agreement of raters who each went through the same items.
  ///
  /// - Parameter raters: one list a rater, one entry an item, nil where the rater gave none.
  /// - Returns: as ``callAsFunction(units:)``.
  /// - Throws: ``EvaluationError`` where the lists differ in length, or for bad ratings.
  public func callAsFunction(raters: [[Double?]]) throws -> Estimate? {
    guard let first = raters.first else { return nil }
    for (index, row) in raters.enumerated() {
      try Require.equalCounts(
        row.count, "entries of rater \(index)", first.count, "of the first",
        in: "Krippendorff's alpha")
    }
    return try self(units: first.indices.map { item in raters.compactMap { $0[item] } })
  }

  private func alpha(_ units: [[Double]]) -> Double? {
    let values = Array(Set(units.joined())).sorted()
    guard values.count > 1 else { return nil }
    var positions: [Double: Int] = [:]
    for (index, value) in values.enumerated() { positions[value] = index }
    var totals = [Double](repeating: 0, count: values.count)
    let counted = units.map { unit in
      let counts = NGramIndexer.counts(unit.compactMap { positions[$0] })
      for (value, count) in counts { totals[value] += Double(count) }
      return counts.sorted { $0.key < $1.key }
    }
    let distance = Distance(scale: scale, values: values, totals: totals)
    var observed = 0.0
    for (unit, counts) in zip(units, counted) {
      var sum = 0.0
      for (place, c) in counts.enumerated() {
        for k in counts[..<place] {
          sum += Double(c.value * k.value) * distance(c.key, k.key)
        }
      }
      observed += 2 * sum / Double(unit.count - 1)
    }
    let expected = distance.expectedSum(totals)
    guard expected > 0 else { return nil }
    return 1 - observed * (totals.reduce(0, +) - 1) / expected
  }
}

/// δ² between two values, by their position among the sorted values.
private struct Distance {
  let scale: KrippendorffAlpha.Scale
  let values: [Double]
  /// Ratings up to the middle of each value's own: a difference of two is the ordinal distance.
  let centers: [Double]

  init(scale: KrippendorffAlpha.Scale, values: [Double], totals: [Double]) {
    self.scale = scale
    self.values = values
    var below = 0.0
    centers = totals.map { total in
      defer { below += total }
      return below + total / 2
    }
  }

  func callAsFunction(_ c: Int, _ k: Int) -> Double {
    let difference: Double
    switch scale {
    case .nominal: return c == k ? 0 : 1
    case .ordinal: difference = centers[c] - centers[k]
    case .interval: difference = values[c] - values[k]
    case .ratio: difference = (values[c] - values[k]) / (values[c] + values[k])
    }
    return difference * difference
  }

  /// Σ_ck n_c n_k δ²(c,k), without going through all pairs where a sum of squares gives it.
  func expectedSum(_ totals: [Double]) -> Double {
    let count = totals.reduce(0, +)
    switch scale {
    case .nominal: return count * count - totals.reduce(0) { $0 + $1 * $1 }
    case .ordinal: return 2 * count * Self.squaredSpread(centers, totals)
    case .interval: return 2 * count * Self.squaredSpread(values, totals)
    case .ratio:
      var sum = 0.0
      for c in values.indices {
        for k in 0..<c { sum += 2 * totals[c] * totals[k] * self(c, k) }
      }
      return sum
    }
  }

  private static func squaredSpread(_ places: [Double], _ weights: [Double]) -> Double {
    let total = weights.reduce(0, +)
    let center = zip(places, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
    return zip(places, weights).reduce(0) { $0 + $1.1 * ($1.0 - center) * ($1.0 - center) }
  }
}
