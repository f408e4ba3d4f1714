// SPDX-License-Identifier: Apache-2.0

/// Lower case of single scalars, without regard to neighbours or language.
struct LowerCase: Sendable {
  static let shared = LowerCase()

  /// 1 + index into `mappings`, 0 where a scalar is its own lower case.
  private let index: ScalarTable<UInt16>
  private let mappings: [[UInt32]]

  private init() {
    var flat = [UInt16](repeating: 0, count: TableText.codePointCount)
    var mappings: [[UInt32]] = []
    for field in TableText.fields(UnicodeTables.lowerCases) {
      let text = Substring(field)
      let parts = text.split(whereSeparator: { "-/:=".contains($0) })
      if text.contains("="), let code = Int(parts[0], radix: 16) {
        mappings.append(parts[1].split(separator: ",").compactMap { UInt32($0, radix: 16) })
        flat[code] = UInt16(mappings.count)
        continue
      }
      // first-last/step:shift, where the shift may be negative
      guard let colon = text.firstIndex(of: ":"),
        let shift = Int(text[text.index(after: colon)...]),
        let first = Int(parts[0], radix: 16), let last = Int(parts[1], radix: 16),
        let step = Int(parts[2])
      else { continue }
      for code in stride(from: first, through: last, by: step) {
        mappings.append([UInt32(code + shift)])
        flat[code] = UInt16(mappings.count)
      }
    }
    index = ScalarTable(flat)
    self.mappings = mappings
  }

  /// The lower case of a scalar value; nil where it is its own.
  @inline(__always)
  func of(_ value: UInt32) -> [UInt32]? {
    let place = index[value]
    return place == 0 ? nil : mappings[Int(place) - 1]
  }
}
