// SPDX-License-Identifier: Apache-2.0

/// A word of the village's lexicon by number: 0 is "none"; numbers below 0 are words that the
/// lexicon does not know, numbered within one text.
typealias Word = Int32

/// A set of word classes; a slot accepts the words of its classes.
struct WordClass: OptionSet, Sendable, Hashable {
  let rawValue: UInt32

  static let person = WordClass(rawValue: 1 << 0)
  static let place = WordClass(rawValue: 1 << 1)
  static let good = WordClass(rawValue: 1 << 2)
  static let trade = WordClass(rawValue: 1 << 3)
  static let street = WordClass(rawValue: 1 << 4)
  static let pet = WordClass(rawValue: 1 << 5)
  static let food = WordClass(rawValue: 1 << 6)
  static let instrument = WordClass(rawValue: 1 << 7)
  static let weather = WordClass(rawValue: 1 << 8)
  static let age = WordClass(rawValue: 1 << 9)
  static let temper = WordClass(rawValue: 1 << 10)
  static let length = WordClass(rawValue: 1 << 11)
  static let day = WordClass(rawValue: 1 << 12)
  static let aspect = WordClass(rawValue: 1 << 13)
  static let deed = WordClass(rawValue: 1 << 14)
  static let offer = WordClass(rawValue: 1 << 15)
  static let joiner = WordClass(rawValue: 1 << 16)
  static let number = WordClass(rawValue: 1 << 17)
  static let adjective = WordClass(rawValue: 1 << 18)
  static let moodVerb = WordClass(rawValue: 1 << 19)
  static let positive = WordClass(rawValue: 1 << 20)
  static let negative = WordClass(rawValue: 1 << 21)
}

/// A gap of a template, written `{name}` there.
enum Slot: Int, Sendable, CaseIterable {
  // An event or an offer: who did what, with whom, where and for how much.
  case actor, verb, participle, joiner, thing, partner, doer, place, amount
  // A person and one thing about them.
  case person, trade, street, pet, food, instrument, friend, age, temper, workplace
  // A road, the weather of a day, a good.
  case from, to, length, week, day, weather, good, aspect, rating, price
  // A scene of a tale.
  case hero, other, prop, scene, adjective, act

  /// The words that fit.
  var accepts: WordClass {
    switch self {
    case .actor, .partner, .doer, .person, .friend, .hero, .other: .person
    case .verb: [.deed, .offer]
    case .participle: .deed
    case .joiner: .joiner
    case .thing, .good: .good
    case .place, .workplace, .from, .to, .scene: .place
    case .amount, .week, .rating, .price: .number
    case .trade: .trade
    case .street: .street
    case .pet: .pet
    case .food: .food
    case .instrument: .instrument
    case .age: .age
    case .temper: .temper
    case .length: .length
    case .day: .day
    case .weather: .weather
    case .aspect: .aspect
    case .prop: [.good, .pet, .food]
    case .adjective: .adjective
    case .act: .moodVerb
    }
  }

  /// The slot that a template calls `name`.
  init?(name: Substring) {
    guard let slot = Slot.allCases.first(where: { String(describing: $0) == name }) else {
      return nil
    }
    self = slot
  }
}
