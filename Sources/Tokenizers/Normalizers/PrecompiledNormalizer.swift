// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Rewrites characters by a SentencePiece character map: a trie of byte strings, each with the text
/// that takes its place.
///
/// As in `tokenizers`, a grapheme cluster of fewer than six bytes of which *the beginning* is in the
/// map is replaced as a whole; else its scalars are looked up one by one.
struct PrecompiledNormalizer: Normalizer {
  /// A double-array trie, one unit a node.
  private let units: [UInt32]
  /// The replacements, each ended by a zero byte.
  private let texts: [UInt8]
  /// ASCII bytes that begin no entry: most text is made of these.
  private let isPlain: [Bool]

  init(_ json: JSONField) throws {
    let field = try json.required("precompiled_charsmap")
    let expected = "a SentencePiece character map in base 64"
    guard let data = Data(base64Encoded: try field.string()) else {
      throw field.wrongType(expected)
    }
    let bytes = Array(data)
    guard bytes.count >= 4 else { throw field.wrongType(expected) }
    func number(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * $1) }
    }
    let size = Int(number(0))
    guard size % 4 == 0, size <= bytes.count - 4 else { throw field.wrongType(expected) }
    let units = (0..<size / 4).map { number(4 + 4 * $0) }
    texts = Array(bytes[(4 + size)...])
    guard !units.isEmpty, String(validating: texts, as: UTF8.self) != nil else {
      throw field.wrongType(expected)
    }
    isPlain = (0..<128).map { Self.child(units, of: Self.root(units), UInt8($0)) == nil }
    self.units = units
  }

  func normalize(_ text: inout AlignedText) {
    if text.bytes.allSatisfy({ $0 < 0x80 && isPlain[Int($0)] }) { return }
    let changes = text.bytes.withUnsafeBufferPointer { bytes in
      var changes: [ScalarChange] = []
      changes.reserveCapacity(bytes.count)
      return rewrite(bytes, into: &changes) ? changes : nil
    }
    if let changes { text.transform(changes) }
  }

  /// Appends the rewritten text; false where nothing changed.
  private func rewrite(
    _ bytes: UnsafeBufferPointer<UInt8>, into changes: inout [ScalarChange]
  ) -> Bool {
    var isModified = false
    var place = 0
    while place < bytes.count {
      // A plain ASCII character before another ASCII one, but not CR LF, is a cluster of its own.
      let lead = bytes[place]
      if lead < 0x80, isPlain[Int(lead)], lead >= 0x20,
        place + 1 == bytes.count || bytes[place + 1] < 0x80
      {
        changes.append(ScalarChange(scalar: UInt32(lead), change: 0))
        place += 1
        continue
      }
      let end = GraphemeBreaks.end(bytes, from: place)
      if end - place < 6, let text = replacement(bytes, place..<end) {
        replace(bytes, place..<end, by: text, in: &changes)
        isModified = true
        place = end
        continue
      }
      while place < end {
        let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
        let next = place + byteCount
        if let text = replacement(bytes, place..<next) {
          replace(bytes, place..<next, by: text, in: &changes)
          isModified = true
        } else {
          changes.append(ScalarChange(scalar: value, change: 0))
        }
        place = next
      }
    }
    return isModified
  }

  /// Puts `text` in the place of some scalars. Where it is longer, the rest counts as inserted;
  /// where it is shorter, the last scalar, even one before, counts as standing for what is gone.
  private func replace(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, by text: Range<Int>,
    in changes: inout [ScalarChange]
  ) {
    let oldCount = bytes[range].count { $0 & 0xC0 != 0x80 }
    let first = changes.count
    texts.withUnsafeBufferPointer { texts in
      var place = text.lowerBound
      while place < text.upperBound {
        let (value, byteCount) = UTF8Scan.scalar(texts, at: place)
        changes.append(ScalarChange(scalar: value, change: 0))
        place += byteCount
      }
    }
    let surplus = changes.count - first - oldCount
    if surplus > 0 {
      for index in changes.count - surplus..<changes.count { changes[index].change = 1 }
    } else if surplus < 0, !changes.isEmpty {
      changes[changes.count - 1].change += Int32(surplus)
    }
  }
}

// MARK: - The trie

extension PrecompiledNormalizer {
  /// The replacement of the shortest entry that `bytes[range]` begins with, as a range of `texts`.
  private func replacement(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Range<Int>? {
    var node = Self.root(units)
    for place in range {
      guard bytes[place] != 0, let next = Self.child(units, of: node, bytes[place]) else {
        return nil
      }
      let unit = units[next]
      node = next ^ Self.offset(unit)
      guard unit >> 8 & 1 == 1 else { continue }
      guard units.indices.contains(node) else { return nil }
      let start = Int(units[node] & 0x7FFF_FFFF)
      guard start <= texts.count, start == texts.count || texts[start] & 0xC0 != 0x80 else {
        return nil
      }
      let end = texts[start...].firstIndex(of: 0) ?? texts.count
      return start..<end
    }
    return nil
  }

  private static func root(_ units: [UInt32]) -> Int { offset(units[0]) }

  /// The place of the child of a node, which is given by where its children are counted from.
  private static func child(_ units: [UInt32], of node: Int, _ byte: UInt8) -> Int? {
    let place = node ^ Int(byte)
    guard units.indices.contains(place), units[place] & 0x8000_00FF == UInt32(byte) else {
      return nil
    }
    return place
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
  }
}
