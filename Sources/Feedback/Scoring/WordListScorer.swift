// SPDX-License-Identifier: Apache-2.0

/// Counts words from a list: sentiment lexicons, required words, forbidden words.
///
/// A word is a run of letters, digits and apostrophes; case does not matter.
public struct WordListScorer: Scorer, Sendable {
  /// What the score is.
  public enum Measure: String, Sendable, CaseIterable {
    /// Words from the list, each time they occur.
    case count
    /// Different words from the list.
    case distinct
    /// Words from the list over all words, 0 to 1; an empty text has 0.
    case share
  }

  /// Name in logs.
  public let name: String
  /// The words, in lower case.
  public let words: Set<String>
  /// What the score is.
  public let measure: Measure

  /// A scorer over a list of words.
  ///
  /// - Parameters:
  ///   - name: name in logs.
  ///   - words: the list; at least one word, each without blanks.
  ///   - measure: what the score is.
  /// - Throws: ``FeedbackError/option(name:problem:)`` for an empty list or an entry that is not one
  ///   word.
  public init(name: String, words: some Sequence<String>, measure: Measure = .share) throws {
    self.name = name
    self.measure = measure
    var list: Set<String> = []
    for entry in words {
      let parts = Self.words(of: entry)
      guard parts.count == 1 else {
        throw FeedbackError.option(
          name: "words", problem: "each entry is one word, found \"\(entry)\"")
      }
      list.insert(parts[0])
    }
    guard !list.isEmpty else {
      throw FeedbackError.option(name: "words", problem: "the list of scorer '\(name)' is empty")
    }
    self.words = list
  }

  /// The score of each completion; prompts and other columns do not matter.
  public func scores(prompts: [String], completions: [String], extras: [JSONObject]) -> [Double] {
    completions.map(score)
  }

  /// The score of one text.
  public func score(_ text: String) -> Double {
    let all = Self.words(of: text)
    let found = all.filter(words.contains)
    switch measure {
    case .count: return Double(found.count)
    case .distinct: return Double(Set(found).count)
    case .share: return all.isEmpty ? 0 : Double(found.count) / Double(all.count)
    }
  }

  private static func words(of text: String) -> [String] {
    text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "'" || $0 == "’") }
      .map(String.init)
  }
}
