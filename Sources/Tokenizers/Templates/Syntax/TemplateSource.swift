// SPDX-License-Identifier: Apache-2.0

/// A template's text as scalars, with its line breaks made equal.
struct TemplateSource: Sendable {
  /// The name that errors show.
  let name: String
  let scalars: [Unicode.Scalar]
  private let lineStarts: [Int]

  /// Reads a text: every line break becomes "\n", and one at the very end is left out.
  init(_ text: String, name: String) {
    self.name = name
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(text.utf8.count)
    var lineStarts = [0]
    var afterReturn = false
    for scalar in text.unicodeScalars {
      if scalar == "\r" || (scalar == "\n" && !afterReturn) {
        scalars.append("\n")
        lineStarts.append(scalars.count)
      } else if scalar != "\n" {
        scalars.append(scalar)
      }
      afterReturn = scalar == "\r"
    }
    if scalars.last == "\n" { scalars.removeLast() }
    self.scalars = scalars
    self.lineStarts = lineStarts
  }

  /// The line of a scalar, counted from 1.
  func line(of place: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= place { low = middle } else { high = middle }
    }
    return low + 1
  }

  func text(_ range: Range<Int>) -> String {
    String(scalars: scalars[range])
  }

  /// The place of a piece of the source, for errors.
  func place(_ range: Range<Int>) -> TemplateError.Place {
    let limit = 80
    let shown = text(
      range.prefix(limit).startIndex..<min(range.upperBound, range.lowerBound + limit))
    let flat = shown.split(separator: "\n", omittingEmptySubsequences: false).joined(
      separator: "\\n")
    return TemplateError.Place(
      template: name, line: line(of: range.lowerBound),
      expression: range.count > limit ? flat + "…" : flat)
  }
}

extension String {
  /// Text of these scalars.
  init(scalars: some Sequence<Unicode.Scalar>) {
    var view = UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(view)
  }
}

extension Unicode.Scalar {
  /// Whether Python's `str.isspace` and `\s` take this for white space.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }
}
