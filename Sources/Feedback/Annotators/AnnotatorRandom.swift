// SPDX-License-Identifier: Apache-2.0

/// SplitMix64 started at the FNV-1a hash of a path such as `7/crowd/study/0`: the same numbers on
/// every platform, and for item i whatever happened to the items before.
public struct AnnotatorRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator for one named item.
  public init(path: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    state = hash
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// An integer from 0 to `count` - 1; `count` is at least 1 and below 2^32.
  public mutating func integer(below count: Int) -> Int {
    Int(((next() >> 32) &* UInt64(count)) >> 32)
  }

  /// A number from 0 (included) to 1 (excluded) in steps of 2^-53.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Nearly standard normal, within ±6: the sum of twelve uniforms less 6.
  public mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += uniform() }
    return sum
  }

  /// Positions 0 to `count` - 1 in random order.
  mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }
}
