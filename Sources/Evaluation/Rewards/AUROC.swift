// SPDX-License-Identifier: Apache-2.0

/// The chance that a score ranks a random good item above a random bad one.
///
///     AUROC = (R₊ − n₊(n₊ + 1)/2) / (n₊ n₋)
///
/// with R₊ the sum of the good items' ranks, ties sharing their mean rank and so counting ½.
/// It is the Mann-Whitney statistic, computed by one sort.
///
/// - Parameters:
///   - labels: true for a good item.
///   - scores: one finite score an item; higher means better.
///   - bootstrap: resampling over items for the interval; nil for none.
/// - Returns: a value in [0, 1]; nil where only one kind of item occurs. `count` is the items'.
/// - Throws: ``EvaluationError`` for unequal lengths or scores that are not finite.
public func areaUnderROC(
  labels: [Bool], scores: [Double], bootstrap: Bootstrap? = nil
) throws -> Estimate? {
  try Require.equalCounts(labels.count, "labels", scores.count, "scores", in: "AUROC")
  try Require.finite(scores, "score", in: "AUROC")

  func area(_ labels: [Bool], _ scores: [Double]) -> Double? {
    let good = labels.count { $0 }
    let bad = labels.count - good
    guard good > 0, bad > 0 else { return nil }
    let rankSum = zip(labels, scores.averageRanks).reduce(0) { $0 + ($1.0 ? $1.1 : 0) }
    let smallest = Double(good) * Double(good + 1) / 2
    return (rankSum - smallest) / (Double(good) * Double(bad))
  }

  guard let value = area(labels, scores) else { return nil }
  let interval = bootstrap?.interval(itemCount: labels.count) { indices in
    area(indices.map { labels[$0] }, indices.map { scores[$0] })
  }
  var options = bootstrap?.options ?? [:]
  options["ties"] = "half"
  return Estimate(value: value, count: labels.count, interval: interval, options: options)
}
