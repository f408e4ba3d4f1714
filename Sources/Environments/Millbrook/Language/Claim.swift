// SPDX-License-Identifier: Apache-2.0

/// What a sentence can state.
enum Relation: UInt8, Sendable, CaseIterable {
  // The three key facts of an event or offer.
  case deed, site, sum
  // Facts of the world.
  case trade, street, pet, food, instrument, friend, age, temper, workplace
  case road, weather, rating, price
  // Something that happens in a tale.
  case scene

  /// The relation's name in public facts and records.
  var name: String {
    switch self {
    case .deed: "who"
    case .site: "where"
    case .sum: "amount"
    default: String(describing: self)
    }
  }
}

/// One fact as a sentence states it; unused parts are 0.
///
/// | relation | subject | object | detail | partner |
/// |---|---|---|---|---|
/// | deed | actor | thing | verb | partner, or 0 where not named |
/// | site, sum | doer, or 0 where not named | place, amount | | |
/// | trade ... workplace | person | what is said of them | | |
/// | road | one end | other end (the larger number) | length | |
/// | weather | week | weather | day | |
/// | rating, price | good | number | aspect | |
/// | scene | hero | prop or other person | mood word | place |
struct Claim: Sendable, Hashable {
  var relation: Relation
  var subject: Word = 0
  var object: Word = 0
  var detail: Word = 0
  var partner: Word = 0
}

/// The words that fill a template's slots.
struct Bindings: Sendable, Equatable {
  private var words = [Word](repeating: 0, count: Slot.allCases.count)

  /// The word of a slot; 0 where the slot is empty.
  subscript(slot: Slot) -> Word {
    get { words[slot.rawValue] }
    set { words[slot.rawValue] = newValue }
  }

  /// No slot is filled.
  init() {}

  /// Slots filled as a claim tells.
  init(_ claim: Claim) {
    merge(claim)
  }

  /// The claim of this relation that the filled slots make.
  func claim(_ relation: Relation) -> Claim {
    let slots = Bindings.slots(of: relation)
    var claim = Claim(relation: relation)
    claim.subject = slots.subject.map { self[$0] } ?? 0
    claim.object = self[slots.object]
    claim.detail = slots.detail.map { self[$0] } ?? 0
    switch relation {
    case .deed:
      claim.partner = self[.partner]
      if claim.detail == 0 { claim.detail = self[.participle] }
    case .road where claim.subject > claim.object:
      swap(&claim.subject, &claim.object)
    case .scene:
      if claim.object == 0 { claim.object = self[.other] }
      if claim.detail == 0 { claim.detail = self[.act] }
      claim.partner = self[.scene]
    default: break
    }
    return claim
  }

  /// Fills the slots that state `claim`; the reverse of ``claim(_:)`` but for scenes.
  mutating func merge(_ claim: Claim) {
    let slots = Bindings.slots(of: claim.relation)
    if let subject = slots.subject { self[subject] = claim.subject }
    self[slots.object] = claim.object
    if let detail = slots.detail { self[detail] = claim.detail }
    if claim.relation == .deed {
      self[.participle] = claim.detail
      self[.partner] = claim.partner
    }
  }

  /// Which slots carry the parts of a relation's claims.
  static func slots(of relation: Relation) -> (subject: Slot?, object: Slot, detail: Slot?) {
    switch relation {
    case .deed: (.actor, .thing, .verb)
    case .site: (.doer, .place, nil)
    case .sum: (.doer, .amount, nil)
    case .trade: (.person, .trade, nil)
    case .street: (.person, .street, nil)
    case .pet: (.person, .pet, nil)
    case .food: (.person, .food, nil)
    case .instrument: (.person, .instrument, nil)
    case .friend: (.person, .friend, nil)
    case .age: (.person, .age, nil)
    case .temper: (.person, .temper, nil)
    case .workplace: (.person, .workplace, nil)
    case .road: (.from, .to, .length)
    case .weather: (.week, .weather, .day)
    case .rating: (.good, .rating, .aspect)
    case .price: (.good, .price, nil)
    case .scene: (.hero, .prop, .adjective)
    }
  }

  /// Exactly the slots that a claim of this relation may come from, for marking its words.
  static func allSlots(of relation: Relation) -> [Slot] {
    switch relation {
    case .deed: [.actor, .verb, .participle, .joiner, .thing, .partner]
    case .scene: [.hero, .other, .prop, .scene, .adjective, .act]
    default:
      [slots(of: relation).subject, slots(of: relation).object, slots(of: relation).detail]
        .compactMap { $0 }
    }
  }
}
