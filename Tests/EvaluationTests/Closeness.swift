// SPDX-License-Identifier: Apache-2.0

import Testing

/// Expects every pair of values to agree within `tolerance`, and equally many of them.
func expectClose(
  _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let agrees =
    found.count == expected.count
    && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance }
  #expect(agrees, "found \(found), expected \(expected)", sourceLocation: sourceLocation)
}

/// Expects two values to agree within `tolerance`.
func expectClose(
  _ found: Double?, _ expected: Double, within tolerance: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let agrees = found.map { abs($0 - expected) <= tolerance } ?? false
  #expect(
    agrees, "found \(String(describing: found)), expected \(expected)",
    sourceLocation: sourceLocation)
}

/// A small deterministic source of test data, independent of the generator under test.
struct TestGenerator {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
  }

  /// A number in [0, 1).
  mutating func uniform() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let mixed = (state ^ (state >> 29)) &* 0xff51_afd7_ed55_8ccd
    return Double((mixed ^ (mixed >> 32)) >> 11) * 0x1p-53
  }

  /// An integer in 0 ..< bound.
  mutating func below(_ bound: Int) -> Int {
    min(bound - 1, Int(uniform() * Double(bound)))
  }

  /// Approximately standard normal: twelve uniforms less six.
  mutating func normal() -> Double {
    (0..<12).reduce(-6) { sum, _ in sum + uniform() }
  }
}
