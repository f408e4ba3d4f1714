// SPDX-License-Identifier: Apache-2.0

/// A completion as words on which a degrader works, in step with what the grammar reads in them.
struct Manuscript: Sendable {
  /// The words as they are spelled.
  private(set) var words: [String]
  /// The same words by number.
  let numbers: [Word]

  /// Splits a text into words.
  init(_ text: String, grammar: Grammar) {
    let village = VillageText(text, grammar: grammar)
    numbers = village.words
    let scalars = Array(text.unicodeScalars)
    words = village.scalars.map { range in
      var word = String.UnicodeScalarView()
      word.append(contentsOf: scalars[range])
      return String(word)
    }
  }

  /// Puts one word in the place of another.
  mutating func substitute(_ word: String, at place: Int) {
    words[place] = word
  }

  /// The text with its fault marked, as it now stands.
  func degradation(fault: Range<Int>) -> Degradation {
    Manuscript.degradation(words, fault: fault)
  }

  /// The text after putting `replacement` in the place of the words of `range`, which is the
  /// fault; and no words at all leave an empty fault.
  func replacing(_ range: Range<Int>, with replacement: [String]) -> Degradation {
    var changed = words
    changed.replaceSubrange(range, with: replacement)
    let fault = range.lowerBound..<range.lowerBound + replacement.count
    return Manuscript.degradation(changed, fault: fault)
  }

  /// Joins words and finds the scalars of the faulty ones.
  static func degradation(_ words: [String], fault: Range<Int>) -> Degradation {
    // Each word is preceded by one space.
    let before = words[..<fault.lowerBound].reduce(0) { $0 + $1.unicodeScalars.count + 1 }
    let within = words[fault].reduce(0) { $0 + $1.unicodeScalars.count + 1 }
    let text = words.map { " " + $0 }.joined()
    let start = fault.isEmpty ? before : before + 1
    return Degradation(text: text, span: start..<before + within)
  }
}

extension TextTask {
  /// Fails for a name that is none of the task's degraders.
  func check(degrader kind: String) throws(MillbrookError) {
    let known = degraders.map(\.name)
    guard known.contains(kind) else {
      throw .unknownDegrader(kind, task: name, known: known)
    }
  }
}
