// SPDX-License-Identifier: Apache-2.0

/// A part of a word: a delimiter that a stage found, or what stands between two.
struct SplitPart {
  var range: Range<Int>
  var isMatch: Bool
}

/// What becomes of the delimiters when a word is split.
///
/// "the-final--countdown" at "-":
///
/// | behaviour | words |
/// |---|---|
/// | removed | the, final, countdown |
/// | isolated | the, -, final, -, -, countdown |
/// | mergedWithPrevious | the-, final-, -, countdown |
/// | mergedWithNext | the, -final, -, -countdown |
/// | contiguous | the, -, final, --, countdown |
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Reads the name; old files write it in lower case.
  init(_ json: JSONField) throws {
    let name = try json.string()
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw json.wrongType(
        "\"Removed\", \"Isolated\", \"MergedWithPrevious\", \"MergedWithNext\" or \"Contiguous\"")
    }
    self = behavior
  }

  /// Appends the words that parts become; empty ones are left out.
  func append(_ parts: [SplitPart], to words: inout [Range<Int>]) {
    switch self {
    case .removed:
      for part in parts where !part.isMatch && !part.range.isEmpty { words.append(part.range) }
    case .isolated:
      for part in parts where !part.range.isEmpty { words.append(part.range) }
    case .contiguous:
      join(parts, into: &words) { $0 == $1 }
    case .mergedWithPrevious:
      join(parts, into: &words) { isMatch, wasMatch in isMatch && !wasMatch }
    case .mergedWithNext:
      appendMergedWithNext(parts, to: &words)
    }
  }

  /// Joins a part to the word before where `joins` says so.
  private func join(
    _ parts: [SplitPart], into words: inout [Range<Int>],
    where joins: (_ isMatch: Bool, _ wasMatch: Bool) -> Bool
  ) {
    var current: Range<Int>?
    var wasMatch = false
    for part in parts {
      if let word = current, joins(part.isMatch, wasMatch) {
        current = word.lowerBound..<part.range.upperBound
      } else {
        if let word = current, !word.isEmpty { words.append(word) }
        current = part.range
      }
      wasMatch = part.isMatch
    }
    if let word = current, !word.isEmpty { words.append(word) }
  }

  private func appendMergedWithNext(_ parts: [SplitPart], to words: inout [Range<Int>]) {
    let first = words.count
    var current: Range<Int>?
    var wasMatch = false
    for part in parts.reversed() {
      if let word = current, part.isMatch, !wasMatch {
        current = part.range.lowerBound..<word.upperBound
      } else {
        if let word = current, !word.isEmpty { words.append(word) }
        current = part.range
      }
      wasMatch = part.isMatch
    }
    if let word = current, !word.isEmpty { words.append(word) }
    words[first...].reverse()
  }
}

extension SplitPart {
  /// Matches and what stands between them, covering `range`.
  static func parts(
    of matches: [Range<Int>], in range: Range<Int>, areInverted: Bool = false
  ) -> [SplitPart] {
    var parts: [SplitPart] = []
    parts.reserveCapacity(matches.count * 2 + 1)
    var end = range.lowerBound
    for match in matches {
      if end < match.lowerBound {
        parts.append(SplitPart(range: end..<match.lowerBound, isMatch: areInverted))
      }
      parts.append(SplitPart(range: match, isMatch: !areInverted))
      end = match.upperBound
    }
    if end < range.upperBound {
      parts.append(SplitPart(range: end..<range.upperBound, isMatch: areInverted))
    }
    return parts
  }
}
