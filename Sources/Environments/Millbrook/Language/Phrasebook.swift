// SPDX-License-Identifier: Apache-2.0

/// The key facts of a digest item.
enum KeyFact: Int, Sendable, CaseIterable, Hashable {
  /// Who did what.
  case deed
  /// Where.
  case site
  /// For how many coins.
  case sum

  /// The relation that states it.
  var relation: Relation {
    switch self {
    case .deed: .deed
    case .site: .site
    case .sum: .sum
    }
  }
}

/// All templates of the village, by use. The last quarter of each list is held out.
enum Phrasebook {
  /// What a list of templates is for.
  enum Use: Sendable, Hashable {
    /// A fact of the world in the book.
    case book(Relation)
    /// A key fact in a post or notice.
    case told(KeyFact, Digest.Domain)
    /// A sentence of a summary stating exactly these key facts.
    case summed([KeyFact])
    /// A sentence of a post or notice that states nothing.
    case chatter(Digest.Domain)
    /// The line that a tale starts from.
    case opening
    /// A sentence of a tale.
    case scene
  }

  typealias Entry = (use: Use, relations: [Relation], texts: [String])

  /// Every list.
  static var all: [Entry] {
    bookEntries + postEntries + noticeEntries + summaryEntries + tales
  }

  /// Words of the fixed prompt layouts.
  static let labels = ["title : post : summary : tale : words : none voice : story :"]

  static func entry(_ use: Use, _ relations: [Relation], _ text: String) -> Entry {
    (use, relations, text.split(separator: "\n").map { String($0) })
  }
}
