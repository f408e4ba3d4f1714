// SPDX-License-Identifier: Apache-2.0

/// Cleans text as BERT did: drops control characters, sets spaces around Chinese characters, strips
/// accents, writes in lower case; each where the file says so.
struct BertNormalizer: Normalizer {
  private let cleans: Bool
  private let spacesChinese: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool

  init(_ json: JSONField) throws {
    cleans = try json.optional("clean_text")?.bool() ?? true
    spacesChinese = try json.optional("handle_chinese_chars")?.bool() ?? true
    lowercases = try json.optional("lowercase")?.bool() ?? true
    // Unless it is said otherwise, accents go together with capitals.
    stripsAccents = try json.optional("strip_accents")?.bool() ?? lowercases
  }

  func normalize(_ text: inout AlignedText) {
    if cleans || spacesChinese { clean(&text) }
    if stripsAccents {
      UnicodeNormalizer(form: .nfd).normalize(&text)
      StripAccentsNormalizer(marks: .nonspacingMark).normalize(&text)
    }
    if lowercases { LowercaseNormalizer().normalize(&text) }
  }

  private func clean(_ text: inout AlignedText) {
    let needsWork = text.bytes.contains { byte in
      byte >= 0x80 || (cleans && (byte < 0x20 || byte == 0x7F))
    }
    guard needsWork else { return }
    let table = ScalarProperties.table
    text.rewrite { value, bytes in
      if value >= 0x20, value < 0x7F {
        bytes.append(UInt8(truncatingIfNeeded: value))
        return
      }
      if cleans {
        let properties = ScalarProperties(rawValue: table[value])
        let isLineSpace = value == 9 || value == 10 || value == 13
        if value == 0 || value == 0xFFFD || (properties.contains(.bertControl) && !isLineSpace) {
          return
        }
        if isLineSpace || properties.contains(.space) {
          bytes.append(0x20)
          return
        }
      }
      if spacesChinese, Self.isChinese(value) {
        bytes.append(0x20)
        UTF8Scan.append(value, to: &bytes)
        bytes.append(0x20)
      } else {
        UTF8Scan.append(value, to: &bytes)
      }
    }
  }

  /// The blocks that BERT calls Chinese. (U+2B820...U+2B91F are not among them there either.)
  private static func isChinese(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
