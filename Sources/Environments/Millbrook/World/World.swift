// SPDX-License-Identifier: Apache-2.0

/// What is true in one village: a fixed function of its seed.
///
/// Facts never join a word that every split may use with a held-out one, but for the few roads
/// and friendships that nobody speaks of; so each split can tell whole facts.
struct World: Sendable {
  /// Facts that `train`, `dev` and `test` may tell.
  private let known: [Relation: [Claim]]
  /// Facts about held-out people, places, goods and weeks; only for `test_new`.
  private let heldOut: [Relation: [Claim]]

  /// Weeks that have a weather; of the last sixth only `test_new` speaks.
  static let weekCount = 48

  /// Draws the facts of the village with this seed.
  init(seed: UInt64, grammar: Grammar) {
    var random = SplitMix64(text: "\(seed)/world")
    known = World.facts(.train, seed, grammar.lexicon, &random)
    heldOut = World.facts(.testNew, seed, grammar.lexicon, &random)
  }

  /// The facts of one relation that a split may tell.
  func facts(_ relation: Relation, _ split: Split) -> [Claim] {
    (split == .testNew ? heldOut : known)[relation] ?? []
  }

  private static func facts(
    _ split: Split, _ seed: UInt64, _ lexicon: Lexicon, _ random: inout SplitMix64
  ) -> [Relation: [Claim]] {
    let all =
      peopleFacts(split, lexicon, &random) + roadFacts(split, lexicon, &random)
      + weatherFacts(split, seed, lexicon) + goodsFacts(split, lexicon, &random)
    return Dictionary(grouping: all, by: \.relation)
  }

  private static func peopleFacts(
    _ split: Split, _ lexicon: Lexicon, _ random: inout SplitMix64
  ) -> [Claim] {
    let people = split.entities(WordLists.people)
    var facts: [Claim] = []
    for (place, person) in people.enumerated() {
      // Never oneself: a step of 1 to count − 1 round the circle of people.
      let step = 1 + random.int(below: people.count - 1)
      let friend = people[people.startIndex + (place + step) % people.count]
      let said: [(Relation, String)] = [
        (.trade, random.pick(split.entities(WordLists.trades))),
        (.street, random.pick(split.entities(WordLists.streets))),
        (.pet, random.pick(split.entities(WordLists.pets))),
        (.food, random.pick(split.entities(WordLists.foods))),
        (.instrument, random.pick(split.entities(WordLists.instruments))),
        (.friend, friend),
        (.age, random.pick(WordLists.ages)),
        (.temper, random.pick(WordLists.tempers)),
        (.workplace, random.pick(split.entities(WordLists.places))),
      ]
      facts += said.map { relation, word in
        Claim(relation: relation, subject: lexicon.known(person), object: lexicon.known(word))
      }
    }
    return facts
  }

  /// A ring of roads through all places, and about as many again across.
  private static func roadFacts(
    _ split: Split, _ lexicon: Lexicon, _ random: inout SplitMix64
  ) -> [Claim] {
    let places = split.entities(WordLists.places).map { lexicon.known($0) }
    var facts: [Claim] = []
    func build(_ a: Word, _ b: Word) {
      let ends = (min(a, b), max(a, b))
      let length = lexicon.known(random.pick(WordLists.lengths))
      guard ends.0 != ends.1, !facts.contains(where: { ($0.subject, $0.object) == ends }) else {
        return
      }
      facts.append(Claim(relation: .road, subject: ends.0, object: ends.1, detail: length))
    }
    for place in places.indices {
      build(places[place], places[(place + 1) % places.count])
    }
    for place in places { build(place, random.pick(places)) }
    return facts
  }

  private static func weatherFacts(_ split: Split, _ seed: UInt64, _ lexicon: Lexicon) -> [Claim] {
    split.entities(Array(1...weekCount)).flatMap { week in
      WordLists.days.map { day in
        var random = SplitMix64(text: "\(seed)/weather/\(week)/\(day)")
        return Claim(
          relation: .weather, subject: lexicon.known("\(week)"),
          object: lexicon.known(random.pick(split.entities(WordLists.weathers))),
          detail: lexicon.known(day))
      }
    }
  }

  private static func goodsFacts(
    _ split: Split, _ lexicon: Lexicon, _ random: inout SplitMix64
  ) -> [Claim] {
    split.entities(WordLists.goods).flatMap { good in
      let subject = lexicon.known(good)
      let price = lexicon.known("\(2 + random.int(below: 59))")
      let ratings = WordLists.aspects.map { aspect in
        Claim(
          relation: .rating, subject: subject,
          object: lexicon.known("\(1 + random.int(below: 5))"), detail: lexicon.known(aspect))
      }
      return [Claim(relation: .price, subject: subject, object: price)] + ratings
    }
  }
}
