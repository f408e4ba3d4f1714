// SPDX-License-Identifier: Apache-2.0

/// Reads runs of `<0xHH>` tokens back into text; a run that is no UTF-8 becomes one U+FFFD a byte.
struct ByteFallbackDecoder: TokenDecoder {
  var fallsBackToBytes: Bool { true }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    result.reserveCapacity(tokens.count)
    var run: [UInt8] = []
    for token in tokens {
      if let byte = Self.byte(token) {
        run.append(byte)
      } else {
        Self.flush(&run, into: &result)
        result.append(token)
      }
    }
    Self.flush(&run, into: &result)
    return result
  }

  private static func flush(_ run: inout [UInt8], into result: inout [[UInt8]]) {
    if run.isEmpty { return }
    if String(validating: run, as: UTF8.self) != nil {
      result.append(run)
    } else {
      result.append(contentsOf: repeatElement([0xEF, 0xBF, 0xBD], count: run.count))
    }
    run.removeAll()
  }

  /// The byte that a token `<0xHH>` stands for; nil for other tokens.
  static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">"),
      let high = hexDigit(token[3]), let low = hexDigit(token[4])
    else { return nil }
    return high << 4 | low
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
