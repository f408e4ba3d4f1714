// SPDX-License-Identifier: Apache-2.0

/// A scalar of rewritten text and how it came about: 0 replaces one scalar of the old text, a
/// positive number is inserted, a negative one also removes so many that follow.
struct ScalarChange {
  var scalar: UInt32
  var change: Int32
}

/// The four Unicode normal forms.
enum NormalForm: UInt8, Sendable {
  case nfd = 1
  case nfc = 2
  case nfkd = 4
  case nfkc = 8

  private var isCompatible: Bool { self == .nfkd || self == .nfkc }
  private var composes: Bool { self == .nfc || self == .nfkc }

  /// Whether a text may change: false where no scalar takes part in this form.
  func mayChange(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let table = NormalFormData.shared.activity
    var place = 0
    while place < bytes.count {
      // Nothing below U+00A0 changes in any form.
      if bytes[place] < 0x80 {
        place += 1
        continue
      }
      let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      if table[value] & rawValue != 0 { return true }
      place += byteCount
    }
    return false
  }

  /// The text in this form.
  func changes(_ bytes: UnsafeBufferPointer<UInt8>) -> [ScalarChange] {
    let ordered = decomposed(bytes)
    return composes ? Self.composed(ordered) : ordered
  }

  private func decomposed(_ bytes: UnsafeBufferPointer<UInt8>) -> [ScalarChange] {
    let data = NormalFormData.shared
    var result: [ScalarChange] = []
    result.reserveCapacity(bytes.count)
    /// Where the run of marks at the end of `result` begins, whose order is not settled.
    var markStart = 0
    func push(_ value: UInt32, _ change: Int32) {
      let scalar = ScalarChange(scalar: value, change: change)
      let rank = data.classes[value]
      guard rank != 0 else {
        result.append(scalar)
        markStart = result.count
        return
      }
      var index = result.count
      while index > markStart, data.classes[result[index - 1].scalar] > rank { index -= 1 }
      result.insert(scalar, at: index)
    }
    var place = 0
    while place < bytes.count {
      let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      place += byteCount
      if value < 0xA0 {
        push(value, 0)
      } else if let syllable = Hangul.decompose(value) {
        for (index, part) in syllable.enumerated() { push(part, index > 0 ? 1 : 0) }
      } else {
        let index = data.decompositionIndex[value]
        if index == 0 || (!isCompatible && index > data.canonicalCount) {
          push(value, 0)
        } else {
          let entry = data.decompositions[Int(index) - 1]
          let parts = isCompatible ? entry.compatible : entry.canonical
          for (index, part) in parts.enumerated() { push(part, index > 0 ? 1 : 0) }
        }
      }
    }
    return result
  }

  private static func composed(_ scalars: [ScalarChange]) -> [ScalarChange] {
    let data = NormalFormData.shared
    var result: [ScalarChange] = []
    result.reserveCapacity(scalars.count)
    /// The last scalar of class 0, which later ones may join.
    var starter: Int?
    var lastClass: UInt8 = 0
    for next in scalars {
      let rank = data.classes[next.scalar]
      if let starter {
        let isAdjacent = result.count == starter + 1
        // A scalar is blocked by one between that is a starter or not of a lower class.
        let isFree = isAdjacent || (lastClass != 0 && lastClass < rank)
        if isFree, let joined = data.compose(result[starter].scalar, next.scalar) {
          result[starter].scalar = joined
          result[starter].change += next.change - 1
          continue
        }
      }
      if rank == 0 { starter = result.count }
      lastClass = rank
      result.append(next)
    }
    return result
  }
}

/// Korean syllables, which decompose and compose by arithmetic.
enum Hangul {
  private static let first: UInt32 = 0xAC00
  private static let count: UInt32 = 11_172

  static func decompose(_ value: UInt32) -> [UInt32]? {
    guard value >= first, value < first + count else { return nil }
    let index = value - first
    let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
    return index % 28 == 0 ? parts : parts + [0x11A7 + index % 28]
  }

  static func compose(_ left: UInt32, _ right: UInt32) -> UInt32? {
    if (0x1100..<0x1113).contains(left), (0x1161..<0x1176).contains(right) {
      return first + ((left - 0x1100) * 21 + (right - 0x1161)) * 28
    }
    if left >= first, left < first + count, (left - first) % 28 == 0,
      (0x11A8..<0x11C3).contains(right)
    {
      return left + (right - 0x11A7)
    }
    return nil
  }
}
