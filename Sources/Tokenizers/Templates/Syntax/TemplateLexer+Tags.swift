// SPDX-License-Identifier: Apache-2.0

/// The words inside `{{ … }}` and `{% … %}`.
extension TemplateLexer {
  private var scalars: [Unicode.Scalar] { source.scalars }

  /// Reads a tag whose opening is already behind `place`, up to and with its end.
  mutating func readTag(from tag: Int, begin: TemplateToken.Kind) throws {
    append(begin, tag..<place)
    let isBlock = begin == .blockBegin
    var open: [TemplateSymbol] = []
    while place < scalars.count {
      if open.isEmpty,
        let end = tagEnd(at: place, closing: isBlock ? "%}" : "}}", trims: isBlock)
      {
        append(isBlock ? .blockEnd : .variableEnd, place..<end)
        finishTag(end)
        return
      }
      if scalars[place].isPythonSpace {
        place += 1
      } else if try !(readNumber() || readName() || readString()) {
        try readSymbol(&open)
      }
    }
  }

  private mutating func readSymbol(_ open: inout [TemplateSymbol]) throws {
    guard let symbol = TemplateSymbol.first(in: scalars, at: place) else {
      throw failure("unexpected character", place..<place + 1)
    }
    let range = place..<place + symbol.rawValue.utf8.count
    if let closing = symbol.closing {
      open.append(closing)
    } else if symbol.isClosing {
      guard let expected = open.popLast() else {
        throw failure("'\(symbol.rawValue)' closes nothing", range)
      }
      guard expected == symbol else {
        throw failure("expected '\(expected.rawValue)', found '\(symbol.rawValue)'", range)
      }
    }
    append(.symbol(symbol), range)
    place = range.upperBound
  }

  // MARK: Numbers

  private mutating func readNumber() throws -> Bool {
    guard isDigit(at: place) else { return false }
    if place == 0 || scalars[place - 1] != ".", let end = numberEnd() {
      let text = source.text(place..<end).filter { $0 != "_" }
      guard let value = Double(text) else { throw failure("not a number", place..<end) }
      append(.number(value), place..<end)
      place = end
      return true
    }
    let (end, radix) = integerEnd()
    let digits = source.text((radix == 10 ? place : place + 2)..<end).filter { $0 != "_" }
    guard let value = Int(digits, radix: radix) else {
      throw failure("whole numbers beyond 64 bits are not supported", place..<end)
    }
    append(.integer(value), place..<end)
    place = end
    return true
  }

  private func isDigit(at index: Int) -> Bool {
    index < scalars.count && ("0"..."9").contains(scalars[index])
  }

  /// The end of digits that single underscores may part; `start` where there are none.
  private func digitsEnd(from start: Int, isDigit: (Unicode.Scalar) -> Bool) -> Int {
    var at = start
    while at < scalars.count {
      if isDigit(scalars[at]) {
        at += 1
      } else if at > start, scalars[at] == "_", at + 1 < scalars.count, isDigit(scalars[at + 1]) {
        at += 2
      } else {
        break
      }
    }
    return at
  }

  private func decimalEnd(from start: Int) -> Int {
    digitsEnd(from: start) { ("0"..."9").contains($0) }
  }

  /// The end of a number with fraction or exponent at `place`; nil for a whole number.
  private func numberEnd() -> Int? {
    var end = decimalEnd(from: place)
    var isWhole = true
    if end < scalars.count, scalars[end] == ".", isDigit(at: end + 1) {
      end = decimalEnd(from: end + 1)
      isWhole = false
    }
    if end < scalars.count, scalars[end] == "e" || scalars[end] == "E" {
      let signed = end + 1 < scalars.count && (scalars[end + 1] == "+" || scalars[end + 1] == "-")
      let digits = end + (signed ? 2 : 1)
      if isDigit(at: digits) { return decimalEnd(from: digits) }
    }
    return isWhole ? nil : end
  }

  private func integerEnd() -> (end: Int, radix: Int) {
    if scalars[place] == "0", place + 2 < scalars.count {
      let (radix, digits): (Int, String) =
        switch scalars[place + 1] {
        case "b", "B": (2, "01")
        case "o", "O": (8, "01234567")
        case "x", "X": (16, "0123456789abcdefABCDEF")
        default: (10, "")
        }
      let end = digitsEnd(from: place + 2) { digits.unicodeScalars.contains($0) }
      if end > place + 2 { return (end, radix) }
    }
    guard scalars[place] == "0" else { return (decimalEnd(from: place), 10) }
    // A number does not begin with zeros: "012" is 0 and 12, which no expression takes.
    return (digitsEnd(from: place) { $0 == "0" }, 10)
  }

  // MARK: Names and strings

  private mutating func readName() throws -> Bool {
    var end = place
    while end < scalars.count,
      scalars[end] == "_" || scalars[end].properties.isXIDContinue
        || scalars[end].properties.numericType != nil
    {
      end += 1
    }
    guard end > place else { return false }
    guard scalars[place] == "_" || scalars[place].properties.isXIDStart else {
      throw failure("not a name", place..<end)
    }
    append(.name(source.text(place..<end)), place..<end)
    place = end
    return true
  }

  private mutating func readString() throws -> Bool {
    let quote = scalars[place]
    guard quote == "'" || quote == "\"" else { return false }
    var end = place + 1
    while end < scalars.count, scalars[end] != quote {
      end += scalars[end] == "\\" ? 2 : 1
    }
    guard end < scalars.count else {
      throw failure("a string without its closing quote", place..<min(place + 30, scalars.count))
    }
    let range = place..<end + 1
    do {
      append(.string(try StringLiteral.decode(scalars[place + 1..<end])), range)
    } catch let error as TemplateFailure {
      throw failure(error.reason, range)
    }
    place = end + 1
    return true
  }
}
