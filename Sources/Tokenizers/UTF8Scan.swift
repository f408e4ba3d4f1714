// SPDX-License-Identifier: Apache-2.0

/// Walking over UTF-8 that is known to be valid, without `Character` or `String.Index`.
enum UTF8Scan {
  /// The scalar that begins at `place`, and its length in bytes.
  @inline(__always)
  static func scalar(
    _ bytes: UnsafeBufferPointer<UInt8>, at place: Int
  ) -> (value: UInt32, byteCount: Int) {
    let lead = bytes[place]
    if lead < 0x80 { return (UInt32(lead), 1) }
    let second = UInt32(bytes[place + 1] & 0x3F)
    if lead < 0xE0 { return (UInt32(lead & 0x1F) << 6 | second, 2) }
    let third = UInt32(bytes[place + 2] & 0x3F)
    if lead < 0xF0 { return (UInt32(lead & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(bytes[place + 3] & 0x3F)
    return (UInt32(lead & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
  }

  /// The scalar that ends just before `place`, and where it begins. `place` must be above 0.
  static func scalarBefore(
    _ bytes: UnsafeBufferPointer<UInt8>, _ place: Int
  ) -> (value: UInt32, start: Int) {
    var start = place - 1
    while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    return (scalar(bytes, at: start).value, start)
  }

  /// Length in bytes of the scalar whose first byte is `lead`.
  @inline(__always)
  static func byteCount(lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// Appends the UTF-8 of a scalar value.
  @inline(__always)
  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    if value < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value))
    } else if value < 0x800 {
      bytes.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    } else if value < 0x10000 {
      bytes.append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    } else {
      bytes.append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    }
  }

  /// How many bytes at the end of `bytes` begin a scalar that later bytes may complete (0...3).
  ///
  /// Bytes that can never become a scalar do not count: they are already known to be broken.
  static func incompleteTailCount(_ bytes: [UInt8]) -> Int {
    for tail in 1...3 where tail <= bytes.count {
      let lead = bytes[bytes.count - tail]
      if lead & 0xC0 == 0x80 { continue }
      guard (0xC2...0xF4).contains(lead), byteCount(lead: lead) > tail else { return 0 }
      guard tail >= 2 else { return tail }
      let second = bytes[bytes.count - tail + 1]
      // Overlong forms, surrogates and values above U+10FFFF show in the second byte.
      let allowed: ClosedRange<UInt8> =
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
      return allowed.contains(second) ? tail : 0
    }
    return 0
  }
}
