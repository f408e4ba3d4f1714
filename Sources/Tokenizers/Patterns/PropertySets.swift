// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What the installed PCRE2 holds properties of characters to be. Its version of Unicode may be
/// older or newer than that of the tables here; knowing both, a pattern can make up the difference.
enum PropertySets {
  private static let known = Mutex<[String: ScalarSet]>([:])

  /// The scalars that `\p{name}` matches; nil where PCRE2 knows no such property.
  static func set(_ name: String) -> ScalarSet? {
    if let set = known.withLock({ $0[name] }) { return set }
    guard let pattern = try? Pattern(translated: "\\p{\(name)}+", source: name),
      let set = scan(pattern)
    else { return nil }
    known.withLock { $0[name] = set }
    return set
  }

  /// Runs the pattern over all scalars, 4096 at a time.
  private static func scan(_ pattern: Pattern) -> ScalarSet? {
    var ranges: [ClosedRange<UInt32>] = []
    for start in stride(from: UInt32(0), to: 0x11_0000, by: 4096)
    where !(0xD800..<0xE000).contains(start) {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(4096 * 4)
      for value in start..<start + 4096 { UTF8Scan.append(value, to: &bytes) }
      let found = bytes.withUnsafeBufferPointer { text -> [Range<Int>]? in
        try? pattern.matches(in: text)
      }
      guard let found else { return nil }
      for match in found {
        let (lower, upper) = bytes.withUnsafeBufferPointer { text in
          (
            UTF8Scan.scalar(text, at: match.lowerBound).value,
            UTF8Scan.scalarBefore(text, match.upperBound).value
          )
        }
        ranges.append(lower...upper)
      }
    }
    return ScalarSet(ranges)
  }
}
