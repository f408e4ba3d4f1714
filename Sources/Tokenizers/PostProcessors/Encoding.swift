// SPDX-License-Identifier: Apache-2.0

/// Token ids of a text and, where asked for, what else is known of each.
struct Encoding: Sendable {
  var ids: [Int32] = []
  /// One range for each id, or nil when nobody asked.
  var sources: [SourceRange]?
  /// Which text each token belongs to, and which were added; nil when nobody asked.
  var marks: [Mark]?
  /// Added tokens that took white space along: index of the token, scalars before and behind.
  var blanks: [Int: (before: Int32, behind: Int32)] = [:]
  /// Why the ids are not what the file asks for; nil where they are.
  var failure: TokenizerError?

  /// What batches say of a token beside its id.
  struct Mark: Sendable {
    var typeID: Int32 = 0
    /// Whether the post-processor put the token there.
    var isAdded = false
  }

  init(wantsSources: Bool, wantsMarks: Bool = false) {
    sources = wantsSources ? [] : nil
    marks = wantsMarks ? [] : nil
  }

  var count: Int { ids.count }

  /// Marks all tokens as belonging to one text.
  mutating func setType(_ typeID: Int32) {
    guard marks != nil else { return }
    if marks?.count != ids.count { marks = Array(repeating: Mark(), count: ids.count) }
    for index in 0..<ids.count { marks?[index].typeID = typeID }
  }

  /// Puts added tokens around these.
  mutating func surround(before: [Int32], behind: [Int32], typeID: Int32) {
    ids = before + ids + behind
    let nowhere = SourceRange(lower: 0, upper: 0)
    if let sources {
      self.sources =
        before.map { _ in nowhere } + sources + behind.map { _ in nowhere }
    }
    let added = Mark(typeID: typeID, isAdded: true)
    if let marks { self.marks = before.map { _ in added } + marks + behind.map { _ in added } }
    if !before.isEmpty, !blanks.isEmpty {
      blanks = Dictionary(uniqueKeysWithValues: blanks.map { ($0 + before.count, $1) })
    }
  }

  /// Adds another encoding at the end.
  mutating func append(_ other: Encoding) {
    for (index, blank) in other.blanks { blanks[index + ids.count] = blank }
    ids += other.ids
    if let more = other.sources { sources?.append(contentsOf: more) }
    if let more = other.marks { marks?.append(contentsOf: more) }
    failure = failure ?? other.failure
  }

  /// Keeps some tokens.
  mutating func keep(_ range: Range<Int>) {
    ids = Array(ids[range])
    sources = sources.map { Array($0[range]) }
    marks = marks.map { Array($0[range]) }
    blanks = Dictionary(
      uniqueKeysWithValues: blanks.compactMap { index, blank in
        range.contains(index) ? (index - range.lowerBound, blank) : nil
      })
  }
}
