// SPDX-License-Identifier: Apache-2.0

/// The only source of randomness in Millbrook: SplitMix64, the same bytes on every platform.
///
/// A generator is a value. Two generators started alike give the same numbers for ever, and
/// everything made with one depends on nothing else; no mathematics library is involved.
public struct SplitMix64: Sendable, Equatable {
  /// The state before the next draw.
  public private(set) var state: UInt64

  /// Starts at `state`.
  public init(state: UInt64) {
    self.state = state
  }

  /// Starts at the 64-bit FNV-1a hash of the UTF-8 bytes of `text`, such as `7/ask/train/0`.
  public init(text: String) {
    state = fnv1a(text.utf8)
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }

  /// An integer in `0 ..< bound`: the upper 32 bits of a draw, times `bound`, divided by 2³².
  ///
  /// - Parameter bound: at least 1 and below 2³¹.
  /// - Returns: each integer of the range with the same probability, up to 2⁻³².
  public mutating func int(below bound: Int) -> Int {
    precondition(bound > 0 && bound < 1 << 31, "int(below:): bound \(bound) is not in 1 ..< 2^31")
    return Int(((next() >> 32) &* UInt64(bound)) >> 32)
  }

  /// A number in [0, 1) with 53 random bits.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A roughly normal number with mean 0 and variance 1, in [−6, 6): twelve uniforms minus 6.
  public mutating func normal() -> Double {
    var sum = 0.0
    for _ in 0..<12 { sum += uniform() }
    return sum - 6
  }

  /// True with this probability; 0 is never and 1 always. Takes one draw either way.
  public mutating func chance(_ probability: Double) -> Bool {
    uniform() < probability
  }

  /// One element of `list`, each equally likely; `list` must not be empty.
  mutating func pick<List: RandomAccessCollection>(_ list: List) -> List.Element {
    list[list.index(list.startIndex, offsetBy: int(below: list.count))]
  }

  /// Puts `list` into a random order (Fisher and Yates).
  package mutating func shuffle<Element>(_ list: inout [Element]) {
    for last in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(last, int(below: last + 1))
    }
  }
}

/// The 64-bit FNV-1a hash of some bytes.
package func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes {
    hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }
  return hash
}
