// SPDX-License-Identifier: Apache-2.0

/// Rounds scores as `tokenizers` does when it reads them from a file.
///
/// Its JSON reader (serde_json) takes all digits as one whole number and multiplies or divides by a
/// power of ten, so that about every fifth score of 17 digits comes out one unit in the last place
/// off. Two ways to write a word whose scores are equal on paper are told apart by such units.
enum ScoreRounding {
  /// The number that a score becomes when its shortest decimal form is read that way.
  static func asRead(_ score: Double) -> Double {
    guard score.isFinite else { return score }
    var digits: UInt64 = 0
    var exponent = 0
    var isFraction = false
    var text = score.magnitude.description.utf8[...]
    while let byte = text.first {
      switch byte {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        // The shortest form has 17 digits at most, so that there is no overflow.
        digits = digits &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        if isFraction { exponent -= 1 }
      default:
        exponent += Int(Substring(text.dropFirst())) ?? 0
        text = text.suffix(1)
      }
      text = text.dropFirst()
    }
    var value = Double(digits)
    while exponent < -308 {
      value /= 1e308
      exponent += 308
    }
    let power = Double("1e\(abs(exponent))") ?? 1
    value = exponent < 0 ? value / power : value * power
    return score < 0 ? -value : value
  }
}
