// SPDX-License-Identifier: Apache-2.0
import Foundation

/// All strings of n bits: a language small enough to sum over.
///
/// String number i has the bits of i, bit 0 first.
public struct BitStrings: Sendable, Equatable {
  /// Bits a string, in 1...16.
  public let length: Int

  /// Creates the set of strings.
  public init(length: Int) {
    precondition(
      (1...16).contains(length), "BitStrings: length must be in 1...16; found \(length)")
    self.length = length
  }

  /// Number of strings, 2ⁿ.
  public var count: Int { 1 << length }

  /// The bits of a string as 0 and 1, first bit first, `[n]`.
  public func bits(_ index: Int) -> [Double] {
    (0..<length).map { Double((index >> $0) & 1) }
  }

  /// How many ones each string has, `[2ⁿ]`.
  public var oneCounts: [Int] { (0..<count).map(\.nonzeroBitCount) }

  /// log-probability of each string where every bit is 1 with probability p independently, `[2ⁿ]`.
  ///
  /// - Parameter p: in (0, 1).
  /// - Returns: nats, in the order of the strings.
  public func logProbabilities(ofOnes p: Double) -> [Double] {
    precondition(p > 0 && p < 1, "BitStrings: p must be in (0, 1); found \(p)")
    return oneCounts.map { Double($0) * log(p) + Double(length - $0) * log(1 - p) }
  }

  /// log P of each string under a target a(x) b(x) that is not normalised, and its sum.
  ///
  /// - Parameters:
  ///   - base: log a, `[2ⁿ]`.
  ///   - factor: b, at least 0, `[2ⁿ]`; 0 forbids a string.
  /// - Returns: log P, −∞ where forbidden; and Z = Σ P.
  public static func target(base: [Double], factor: [Double]) -> (
    logScores: [Double], normalizer: Double
  ) {
    let scores = zip(base, factor).map { $1 > 0 ? $0 + log($1) : -.infinity }
    return (scores, exp(Simplex.logSumExp(scores)))
  }
}
