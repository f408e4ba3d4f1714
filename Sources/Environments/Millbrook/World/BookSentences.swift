// SPDX-License-Identifier: Apache-2.0

/// A fact as a sentence states it.
public struct Fact: Sendable, Hashable, CustomStringConvertible {
  /// Whom or what the fact is about: a person, a place, a good, or a week.
  public let subject: String
  /// What is said: `trade`, `street`, `road short` (a road's length), `weather monday` (the day),
  /// `rating quality` (the aspect), and so on.
  public let relation: String
  /// The other end of the relation.
  public let object: String

  /// `subject | relation | object`.
  public var description: String { "\(subject) | \(relation) | \(object)" }

  init(_ claim: Claim, _ lexicon: Lexicon) {
    func spell(_ word: Word) -> String { word > 0 ? lexicon.spelling(word) : "" }
    subject = spell(claim.subject)
    object = spell(claim.object)
    let details = [claim.relation.name, spell(claim.detail), spell(claim.partner)]
    relation = details.filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// The book of the village: true sentences about its people, roads, weather and goods, for
/// pre-training.
///
/// ```swift
/// let book = Millbrook(seed: 7).book
/// let sentence = book.sentence(.train, 0)
/// assert(book.facts(in: sentence.text) == [sentence.fact])
/// ```
public struct BookSentences: Sendable {
  /// One sentence and what it says.
  public struct Sentence: Sendable, Equatable {
    /// The words, ending in a full stop.
    public let text: String
    /// What they mean.
    public let fact: Fact
  }

  private let seed: UInt64
  private let world: World
  private let grammar = Grammar.village
  /// How often a sentence is about each relation; every kind of fact gets its share, however
  /// many facts of the kind there are.
  private static let relations: [Relation] = [
    .trade, .street, .pet, .food, .instrument, .friend, .age, .temper, .workplace, .road, .road,
    .weather, .weather, .rating, .rating, .price,
  ]

  init(seed: UInt64, world: World) {
    self.seed = seed
    self.world = world
  }

  /// Sentence `index` of a split, from 0 without end; the same fact returns in other words.
  public func sentence(_ split: Split, _ index: Int) -> Sentence {
    precondition(index >= 0, "book: sentence \(index) asked for; they count from 0")
    var random = SplitMix64(text: "\(seed)/book/\(split.rawValue)/\(index)")
    let relation = random.pick(BookSentences.relations)
    let claim = random.pick(world.facts(relation, split))
    let words = grammar.tell(claim, split, &random)
    return Sentence(text: grammar.text(words), fact: Fact(claim, grammar.lexicon))
  }

  /// What one sentence states: nil if the grammar could not have written it, and nothing if it
  /// is a sentence without facts.
  public func facts(in sentence: String) -> [Fact]? {
    let words = VillageText(sentence, grammar: grammar).words
    return grammar.read(words[...])?.claims.map { Fact($0, grammar.lexicon) }
  }
}

extension Grammar {
  /// A sentence of the book that states `claim`.
  func tell(_ claim: Claim, _ split: Split, _ random: inout SplitMix64) -> [Word] {
    let template = list(.book(claim.relation)).any(split, using: &random)
    var bindings = Bindings(claim)
    if claim.relation == .road, random.chance(0.5) {
      bindings[.from] = claim.object
      bindings[.to] = claim.subject
    }
    return write(template, bindings)
  }
}
