// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalar values as ascending ranges that do not touch.
struct ScalarSet: Equatable, Sendable {
  private(set) var ranges: [ClosedRange<UInt32>]

  static let all = ScalarSet([0...0x10_FFFF])

  init(_ ranges: [ClosedRange<UInt32>] = []) {
    var joined: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound &+ 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.ranges = joined
  }

  var isEmpty: Bool { ranges.isEmpty }

  var inverted: ScalarSet {
    var rest: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { rest.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10_FFFF { rest.append(next...0x10_FFFF) }
    return ScalarSet(rest)
  }

  func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

  func intersection(_ other: ScalarSet) -> ScalarSet {
    inverted.union(other.inverted).inverted
  }

  func subtracting(_ other: ScalarSet) -> ScalarSet { intersection(other.inverted) }
}

extension ScalarSet {
  /// A general category ("Lu") or a group of them ("L", "LC").
  static func category(_ name: String) -> ScalarSet? {
    if name == "LC" || name == "L&" { return union(of: ["Lu", "Ll", "Lt"]) }
    if let ranges = GeneralCategory.ranges[name] { return ScalarSet(ranges) }
    guard name.count == 1 else { return nil }
    let members = GeneralCategory.names.filter { $0.hasPrefix(name) }
    return members.isEmpty ? nil : union(of: members)
  }

  /// `\w` as patterns have it.
  static let word = ScalarSet(TableText.ranges(UnicodeTables.patternWords))
  /// `\s`.
  static let space = ScalarSet([
    9...13, 32...32, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
    0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
  ])

  private static func union(of categories: [String]) -> ScalarSet {
    ScalarSet(categories.flatMap { GeneralCategory.ranges[$0] ?? [] })
  }
}
