// SPDX-License-Identifier: Apache-2.0

/// The numbering of all words of the village, with their classes.
struct Lexicon: Sendable {
  private(set) var spellings: [String] = [""]
  private(set) var classes: [WordClass] = [[]]
  private var numbers: [String: Word] = [:]

  /// How many words are known; numbers run from 1 to this.
  var count: Int { spellings.count - 1 }

  /// The number of a word, or nil for one that the village does not use.
  func number(_ spelling: String) -> Word? {
    numbers[spelling]
  }

  /// The number of a word that must be known because a word list contains it.
  func known(_ spelling: String) -> Word {
    guard let word = numbers[spelling] else {
      preconditionFailure("lexicon: '\(spelling)' is in no word list")
    }
    return word
  }

  /// The classes of a word; none for words outside the lexicon.
  func classes(_ word: Word) -> WordClass {
    word > 0 ? classes[Int(word)] : []
  }

  /// The letters of a known word.
  func spelling(_ word: Word) -> String {
    spellings[Int(word)]
  }

  /// Adds a word, or classes to a word that is there.
  @discardableResult
  mutating func add(_ spelling: String, _ kind: WordClass = []) -> Word {
    if let word = numbers[spelling] {
      classes[Int(word)].formUnion(kind)
      return word
    }
    let word = Word(spellings.count)
    spellings.append(spelling)
    classes.append(kind)
    numbers[spelling] = word
    return word
  }

  /// The lexicon with all word lists and no template yet.
  static func ofWordLists() -> Lexicon {
    var lexicon = Lexicon()
    for mark in [".", "!", "?", ",", ":"] { lexicon.add(mark) }
    let lists: [([String], WordClass)] = [
      (WordLists.people, .person), (WordLists.places, .place), (WordLists.goods, .good),
      (WordLists.trades, .trade), (WordLists.streets, .street), (WordLists.pets, .pet),
      (WordLists.foods, .food), (WordLists.instruments, .instrument),
      (WordLists.weathers, .weather), (WordLists.ages, .age), (WordLists.tempers, .temper),
      (WordLists.lengths, .length), (WordLists.days, .day), (WordLists.aspects, .aspect),
      (WordLists.numbers, .number), (WordLists.deeds.map(\.0), .deed),
      (WordLists.offers.map(\.0), .offer),
      ((WordLists.deeds + WordLists.offers).map(\.1), .joiner),
    ]
    for (list, kind) in lists {
      for word in list { lexicon.add(word, kind) }
    }
    for mood in Mood.allCases {
      let tone: WordClass = mood.isPositive ? .positive : .negative
      for word in WordLists.adjectives(mood) { lexicon.add(word, [.adjective, tone]) }
      for word in WordLists.verbs(mood) { lexicon.add(word, [.moodVerb, tone]) }
    }
    return lexicon
  }
}
