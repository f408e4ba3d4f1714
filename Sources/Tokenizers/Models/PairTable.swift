// SPDX-License-Identifier: Apache-2.0

/// Merge rules by pair of ids: an open-addressing table, several times faster than `Dictionary`.
struct PairTable: Sendable {
  /// The answer for a pair that does not merge.
  static let none = UInt64.max

  private var keys: [UInt64]
  /// rank << 32 | id of the merged token.
  private var values: [UInt64]
  private let shift: UInt64

  init(capacity: Int) {
    var bits: UInt64 = 4
    while 1 << bits < capacity * 2 { bits += 1 }
    shift = 64 - bits
    keys = Array(repeating: Self.none, count: 1 << bits)
    values = Array(repeating: Self.none, count: 1 << bits)
  }

  /// Sets the rule of a pair; a later rule replaces an earlier one.
  mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, merged: Int32) {
    let key = Self.key(left, right)
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while keys[slot] != Self.none && keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
    keys[slot] = key
    values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merged))
  }

  /// rank << 32 | merged id, or ``none``.
  @inline(__always)
  func rule(_ left: Int32, _ right: Int32) -> UInt64 {
    let key = Self.key(left, right)
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    while true {
      let found = keys[slot]
      if found == key { return values[slot] }
      if found == Self.none { return Self.none }
      slot = (slot + 1) & (keys.count - 1)
    }
  }

  @inline(__always)
  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
