// SPDX-License-Identifier: Apache-2.0

/// Agreement of n raters on each item beyond chance, whoever they are.
///
///     P_i = (Σ_j n_ij² − n) / (n(n − 1)),   P_e = Σ_j p_j²,   κ = (mean P_i − P_e) / (1 − P_e)
///
/// n_ij is how many raters put item i into category j, p_j the share of category j in all ratings.
/// Where only one category occurs κ is undefined: nil, not 1.
///
/// Source: Fleiss 1971.
///
/// - Parameters:
///   - counts: one row an item, one column a category; every row sums to the same n of at least 2.
///   - bootstrap: resampling over items for the interval; nil for none.
/// - Returns: κ, at most 1, `count` the items; nil where it is undefined.
/// - Throws: ``EvaluationError`` for no items, or rows that differ in length or sum.
public func fleissKappa(counts: [[Int]], bootstrap: Bootstrap? = nil) throws -> Estimate? {
  let metric = "Fleiss' kappa"
  try Require.count(counts.count, atLeast: 1, "items", in: metric)
  let raterCount = counts[0].reduce(0, +)
  try Require.count(raterCount, atLeast: 2, "ratings an item", in: metric)
  for (index, row) in counts.enumerated() {
    try Require.equalCounts(
      row.count, "categories in item \(index)", counts[0].count, "in the first", in: metric)
    guard row.reduce(0, +) == raterCount, row.allSatisfy({ $0 >= 0 }) else {
      throw EvaluationError.outOfRange(
        metric: metric, what: "number of ratings of item", index: index,
        found: "\(row.reduce(0, +))",
        allowed: "\(raterCount), as for the first item; for uneven numbers use Krippendorff's alpha"
      )
    }
  }

  func kappa(_ rows: [Int]) -> Double? {
    let n = Double(raterCount)
    var categoryTotals = [Int](repeating: 0, count: counts[0].count)
    var agreement = 0.0
    for row in rows {
      var squares = 0
      for (category, count) in counts[row].enumerated() {
        categoryTotals[category] += count
        squares += count * count
      }
      agreement += (Double(squares) - n) / (n * (n - 1))
    }
    agreement /= Double(rows.count)
    let all = n * Double(rows.count)
    guard categoryTotals.count(where: { $0 > 0 }) > 1 else { return nil }
    let chance = categoryTotals.reduce(0) { $0 + (Double($1) / all) * (Double($1) / all) }
    return (agreement - chance) / (1 - chance)
  }

  guard let value = kappa(Array(counts.indices)) else { return nil }
  let interval = bootstrap?.interval(itemCount: counts.count, statistic: kappa)
  return Estimate(
    value: value, count: counts.count, interval: interval, options: bootstrap?.options ?? [:])
}
