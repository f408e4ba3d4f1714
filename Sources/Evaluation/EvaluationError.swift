// SPDX-License-Identifier: Apache-2.0

/// Why a metric could not be computed from what it was given.
///
/// Every case names the metric first, so that a message read in a log says where to look.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  /// The metric needs at least `minimum` items of `what`, and found `found`.
  case tooFew(metric: String, what: String, found: Int, minimum: Int)
  /// Two inputs that run in step have different lengths.
  case lengthMismatch(
    metric: String, first: String, firstCount: Int, second: String, secondCount: Int)
  /// A value lies outside the range the metric accepts; `index` is its position where it has one.
  case outOfRange(metric: String, what: String, index: Int?, found: String, allowed: String)
  /// The quantity has no finite value on this data, for the reason given.
  case undefined(metric: String, reason: String, remedy: String)
  /// An iteration did not settle within its limit.
  case notConverged(metric: String, iterationCount: Int)

  /// One sentence: the metric, what was found, what was expected, what to do.
  public var description: String {
    switch self {
    case .tooFew(let metric, let what, let found, let minimum):
      "\(metric): needs at least \(minimum) \(what), found \(found)"
    case .lengthMismatch(let metric, let first, let firstCount, let second, let secondCount):
      "\(metric): \(firstCount) \(first) but \(secondCount) \(second); "
        + "give one of each for every item"
    case .outOfRange(let metric, let what, let index, let found, let allowed):
      "\(metric): \(what)\(index.map { " at position \($0)" } ?? "") is \(found); allowed: \(allowed)"
    case .undefined(let metric, let reason, let remedy):
      "\(metric): no finite value: \(reason); \(remedy)"
    case .notConverged(let metric, let iterationCount):
      "\(metric): did not settle after \(iterationCount) iterations; "
        + "look for extreme or contradictory values in the input"
    }
  }
}

/// Checks shared by the metrics; each throws in the metric's own name.
enum Require {
  static func count(_ found: Int, atLeast minimum: Int, _ what: String, in metric: String) throws {
    guard found >= minimum else {
      throw EvaluationError.tooFew(metric: metric, what: what, found: found, minimum: minimum)
    }
  }

  static func equalCounts(
    _ firstCount: Int, _ first: String, _ secondCount: Int, _ second: String, in metric: String
  ) throws {
    guard firstCount == secondCount else {
      throw EvaluationError.lengthMismatch(
        metric: metric, first: first, firstCount: firstCount, second: second,
        secondCount: secondCount)
    }
  }

  static func finite(_ values: [Double], _ what: String, in metric: String) throws {
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw EvaluationError.outOfRange(
      metric: metric, what: what, index: index, found: "\(values[index])",
      allowed: "finite numbers")
  }

  static func probabilities(_ values: [Double], _ what: String, in metric: String) throws {
    guard let index = values.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) else { return }
    throw EvaluationError.outOfRange(
      metric: metric, what: what, index: index, found: "\(values[index])", allowed: "0 to 1")
  }

  static func positive(_ value: Int, _ what: String, in metric: String) throws {
    guard value > 0 else {
      throw EvaluationError.outOfRange(
        metric: metric, what: what, index: nil, found: "\(value)", allowed: "1 or more")
    }
  }
}
