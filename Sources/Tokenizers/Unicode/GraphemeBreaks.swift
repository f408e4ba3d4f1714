// SPDX-License-Identifier: Apache-2.0

/// Extended grapheme clusters (UAX #29) but for rule GB9c, which concerns no cluster short enough
/// for the one stage that asks.
enum GraphemeBreaks {
  /// Classes in the order of the table.
  private enum Kind: UInt8 {
    case other, carriageReturn, lineFeed, control, extend, joiner, regional, prepend, spacing
    case leading, vowel, trailing, openSyllable, closedSyllable, pictograph
  }

  private static let table: ScalarTable<UInt8> = {
    var flat = [UInt8](repeating: 0, count: TableText.codePointCount)
    TableText.forEachRun(UnicodeTables.clusterClasses) { run, value in
      let kind = UInt8(truncatingIfNeeded: TableText.number(value))
      if kind != 0 { for code in run { flat[code] = kind } }
    }
    return ScalarTable(flat)
  }()

  /// The end of the cluster that begins at `start`.
  static func end(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let table = table
    func kind(_ value: UInt32) -> Kind { Kind(rawValue: table[value]) ?? .other }
    var (value, byteCount) = UTF8Scan.scalar(bytes, at: start)
    var last = kind(value)
    var regionalCount = last == .regional ? 1 : 0
    /// Whether the cluster is a pictograph, marks and a joiner, which takes a pictograph.
    var isPictographic = last == .pictograph
    var place = start + byteCount
    while place < bytes.count {
      (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      let next = kind(value)
      guard joins(last, next, regionalCount, isPictographic) else { break }
      if next == .regional { regionalCount += 1 }
      switch next {
      case .extend, .joiner: break
      default: isPictographic = next == .pictograph
      }
      last = next
      place += byteCount
    }
    return place
  }

  private static func joins(
    _ last: Kind, _ next: Kind, _ regionalCount: Int, _ isPictographic: Bool
  ) -> Bool {
    switch (last, next) {
    case (.carriageReturn, .lineFeed): true
    case (.carriageReturn, _), (.lineFeed, _), (.control, _): false
    case (_, .carriageReturn), (_, .lineFeed), (_, .control): false
    case (.leading, .leading), (.leading, .vowel), (.leading, .openSyllable),
      (.leading, .closedSyllable):
      true
    case (.openSyllable, .vowel), (.openSyllable, .trailing), (.vowel, .vowel), (.vowel, .trailing):
      true
    case (.closedSyllable, .trailing), (.trailing, .trailing): true
    case (_, .extend), (_, .joiner), (_, .spacing): true
    case (.prepend, _): true
    case (.joiner, .pictograph): isPictographic
    case (.regional, .regional): regionalCount % 2 == 1
    default: false
    }
  }
}
