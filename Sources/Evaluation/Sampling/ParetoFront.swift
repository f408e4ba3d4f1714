// SPDX-License-Identifier: Apache-2.0

/// The points that no other point beats in every objective, and the volume they cover.
///
/// Every objective is to be maximised. The hypervolume is the measure of all places that at least
/// one point dominates and that dominate the reference point; larger is better, and it depends on
/// the reference, which must be stated.
///
/// Source: Zitzler and Thiele 1998; two objectives by a sweep, more by slicing along the last.
public enum ParetoFront {
  /// Positions of the points that no other dominates; equal points are all kept.
  ///
  /// - Parameter points: one list of objective values a point, all of one length.
  /// - Returns: positions in the order given.
  /// - Throws: ``EvaluationError`` for points of different lengths or values that are not finite.
  public static func indices(_ points: [[Double]]) throws -> [Int] {
    try check(points, dimension: points.first?.count ?? 0)
    // Sorted so that a point can only be dominated by one before it.
    let order = points.indices.sorted { points[$1].lexicographicallyPrecedes(points[$0]) }
    var front: [Int] = []
    for candidate in order
    where !front.contains(where: { dominates(points[$0], points[candidate]) }) {
      front.append(candidate)
    }
    return front.sorted()
  }

  /// Volume dominated by the points above the reference.
  ///
  /// O(n log n) for two objectives, O(n^(d − 1) log n) for d.
  ///
  /// - Parameters:
  ///   - points: objective values, higher is better; points not above the reference add nothing.
  ///   - reference: one value an objective.
  /// - Returns: a volume of 0 or more, in the product of the objectives' units.
  /// - Throws: ``EvaluationError`` for no objectives, points of another length than the reference, or
  ///   values that are not finite.
  public static func hypervolume(_ points: [[Double]], reference: [Double]) throws -> Double {
    try Require.count(reference.count, atLeast: 1, "objectives", in: "hypervolume")
    try check(points, dimension: reference.count)
    try Require.finite(reference, "reference value", in: "hypervolume")
    let heights = points.map { zip($0, reference).map { $0 - $1 } }
    return volume(heights.filter { $0.allSatisfy { $0 > 0 } }[...], dimension: reference.count)
  }

  private static func volume(_ points: ArraySlice<[Double]>, dimension: Int) -> Double {
    if dimension == 1 { return points.map { $0[0] }.max() ?? 0 }
    let axis = dimension - 1
    let sorted = points.sorted { $0[axis] > $1[axis] }
    var total = 0.0
    if dimension == 2 {
      var reach = 0.0
      for point in sorted where point[0] > reach {
        total += (point[0] - reach) * point[1]
        reach = point[0]
      }
      return total
    }
    for (index, point) in sorted.enumerated() {
      let floor = index + 1 < sorted.count ? sorted[index + 1][axis] : 0
      guard point[axis] > floor else { continue }
      total += (point[axis] - floor) * volume(sorted[...index], dimension: dimension - 1)
    }
    return total
  }

  private static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
    a != b && zip(a, b).allSatisfy { $0 >= $1 }
  }

  private static func check(_ points: [[Double]], dimension: Int) throws {
    for (index, point) in points.enumerated() {
      try Require.equalCounts(
        point.count, "values in point \(index)", dimension, "objectives", in: "Pareto front")
      try Require.finite(point, "objective of point \(index)", in: "Pareto front")
    }
  }
}
