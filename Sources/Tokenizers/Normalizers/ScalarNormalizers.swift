// SPDX-License-Identifier: Apache-2.0

/// Brings text into one of the four Unicode normal forms.
struct UnicodeNormalizer: Normalizer {
  let form: NormalForm

  func normalize(_ text: inout AlignedText) {
    let changes = text.bytes.withUnsafeBufferPointer { bytes in
      form.mayChange(bytes) ? form.changes(bytes) : nil
    }
    if let changes { text.transform(changes) }
  }
}

/// Writes all letters in lower case.
struct LowercaseNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    var isASCII = true
    for index in text.bytes.indices {
      let byte = text.bytes[index]
      if byte >= 0x80 { isASCII = false }
      if byte >= 0x41 && byte <= 0x5A { text.bytes[index] = byte | 0x20 }
    }
    if isASCII { return }
    let lower = LowerCase.shared
    let changes = text.bytes.withUnsafeBufferPointer { bytes in
      var place = 0
      while place < bytes.count {
        let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
        if value >= 0x80, lower.of(value) != nil { return true }
        place += byteCount
      }
      return false
    }
    guard changes else { return }
    text.rewrite { value, bytes in
      if value >= 0x80, let mapping = lower.of(value) {
        for value in mapping { UTF8Scan.append(value, to: &bytes) }
      } else {
        UTF8Scan.append(value, to: &bytes)
      }
    }
  }
}

/// Cuts white space off the ends.
struct StripNormalizer: Normalizer {
  private let stripsLeft: Bool
  private let stripsRight: Bool

  init(_ json: JSONField) throws {
    stripsLeft = try json.optional("strip_left")?.bool() ?? true
    stripsRight = try json.optional("strip_right")?.bool() ?? true
  }

  func normalize(_ text: inout AlignedText) {
    let range = text.bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      var end = bytes.count
      while stripsLeft, start < end {
        let (value, byteCount) = UTF8Scan.scalar(bytes, at: start)
        guard ScalarClass(value) == .space else { break }
        start += byteCount
      }
      while stripsRight, end > start {
        let (value, place) = UTF8Scan.scalarBefore(bytes, end)
        guard ScalarClass(value) == .space else { break }
        end = place
      }
      return start..<end
    }
    if range != 0..<text.bytes.count { text.keep(range) }
  }
}

/// Leaves out marks that combine with the letter before them.
struct StripAccentsNormalizer: Normalizer {
  let marks: ScalarProperties

  func normalize(_ text: inout AlignedText) {
    let table = ScalarProperties.table
    let mask = marks.rawValue
    let hasMarks = text.bytes.withUnsafeBufferPointer { bytes in
      var place = 0
      while place < bytes.count {
        // No mark stands below U+0300.
        if bytes[place] < 0xCC {
          place += UTF8Scan.byteCount(lead: bytes[place])
          continue
        }
        let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
        if table[value] & mask != 0 { return true }
        place += byteCount
      }
      return false
    }
    guard hasMarks else { return }
    text.rewrite { value, bytes in
      if table[value] & mask == 0 { UTF8Scan.append(value, to: &bytes) }
    }
  }
}

/// Cleans text as the translation models of TensorFlow did: drops control characters, makes line
/// ends and invisible spaces plain spaces.
struct NmtNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.rewrite { value, bytes in
      switch value {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
        bytes.append(0x20)
      default: UTF8Scan.append(value, to: &bytes)
      }
    }
  }
}

/// Writes each byte in the ``ByteAlphabet``.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.rewrite { value, result in
      var raw: [UInt8] = []
      UTF8Scan.append(value, to: &raw)
      for byte in raw { result.append(contentsOf: ByteAlphabet.encodings[Int(byte)]) }
    }
  }
}
