// SPDX-License-Identifier: Apache-2.0

/// The tables behind ``NormalForm``.
struct NormalFormData: Sendable {
  static let shared = NormalFormData()

  struct Entry: Sendable {
    var canonical: [UInt32]
    var compatible: [UInt32]
  }

  /// Canonical combining class of each scalar.
  let classes: ScalarTable<UInt8>
  /// 1 + index into `decompositions`, 0 for none.
  let decompositionIndex: ScalarTable<UInt16>
  /// Those with a canonical decomposition stand first.
  let decompositions: [Entry]
  let canonicalCount: UInt16
  /// The forms that a scalar may change, alone or with neighbours, as ``NormalForm`` bits.
  let activity: ScalarTable<UInt8>
  private let compositions: [UInt64: UInt32]

  private init() {
    let size = TableText.codePointCount
    var classes = [UInt8](repeating: 0, count: size)
    TableText.forEachRun(UnicodeTables.combiningClasses) { run, value in
      let rank = UInt8(truncatingIfNeeded: TableText.number(value))
      if rank != 0 { for code in run { classes[code] = rank } }
    }
    var index = [UInt16](repeating: 0, count: size)
    var entries: [Entry] = []
    TableText.forEachMapping(UnicodeTables.canonicalDecompositions) { code, parts in
      entries.append(Entry(canonical: parts, compatible: parts))
      index[Int(code[0])] = UInt16(entries.count)
    }
    canonicalCount = UInt16(entries.count)
    TableText.forEachMapping(UnicodeTables.compatibleDecompositions) { code, parts in
      let known = Int(index[Int(code[0])])
      if known > 0 {
        entries[known - 1].compatible = parts
      } else {
        entries.append(Entry(canonical: [code[0]], compatible: parts))
        index[Int(code[0])] = UInt16(entries.count)
      }
    }
    var compositions: [UInt64: UInt32] = [:]
    var seconds: Set<UInt32> = []
    var composites: Set<UInt32> = []
    TableText.forEachMapping(UnicodeTables.compositions) { pair, whole in
      compositions[UInt64(pair[0]) << 32 | UInt64(pair[1])] = whole[0]
      seconds.insert(pair[1])
      composites.insert(whole[0])
    }
    activity = ScalarTable(
      Self.activity(classes, index, canonicalCount, entries, seconds, composites))
    self.classes = ScalarTable(classes)
    decompositionIndex = ScalarTable(index)
    decompositions = entries
    self.compositions = compositions
  }

  private static func activity(
    _ classes: [UInt8], _ index: [UInt16], _ canonicalCount: UInt16, _ entries: [Entry],
    _ seconds: Set<UInt32>, _ composites: Set<UInt32>
  ) -> [UInt8] {
    let all: UInt8 = 15
    var flat = [UInt8](repeating: 0, count: classes.count)
    for code in 0..<classes.count {
      if classes[code] != 0 { flat[code] = all }
      let entry = index[code]
      guard entry != 0 else { continue }
      flat[code] |= NormalForm.nfkd.rawValue
      let isCanonical = entry <= canonicalCount
      if isCanonical { flat[code] |= NormalForm.nfd.rawValue }
      let isComposite = composites.contains(UInt32(code))
      if isCanonical, !isComposite {
        flat[code] |= NormalForm.nfc.rawValue | NormalForm.nfkc.rawValue
      }
      let parts = entries[Int(entry) - 1]
      if parts.compatible != parts.canonical || !isCanonical {
        flat[code] |= NormalForm.nfkc.rawValue
      }
    }
    for code in seconds { flat[Int(code)] |= NormalForm.nfc.rawValue | NormalForm.nfkc.rawValue }
    let composing = NormalForm.nfc.rawValue | NormalForm.nfkc.rawValue
    for code in 0x1161..<0x1176 { flat[code] |= composing }
    for code in 0x11A8..<0x11C3 { flat[code] |= composing }
    let decomposing = NormalForm.nfd.rawValue | NormalForm.nfkd.rawValue
    for code in 0xAC00..<0xD7A4 { flat[code] |= decomposing }
    return flat
  }

  func compose(_ left: UInt32, _ right: UInt32) -> UInt32? {
    if right < 0x300 { return nil }
    return Hangul.compose(left, right) ?? compositions[UInt64(left) << 32 | UInt64(right)]
  }
}
