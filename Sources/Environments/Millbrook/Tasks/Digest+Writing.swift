// SPDX-License-Identifier: Apache-2.0

extension Digest {
  /// A post with what is known about it.
  struct Post {
    var text: String
    /// Facts besides the key facts.
    var others: [Claim]
    /// Sentences, by number, that tell who, where and amount.
    var keySentences: [Int]
    /// The sentences that tell no key fact.
    var fillers: [[Word]]
  }

  /// Who does what with whom, where, and for how much.
  func drawEvent(_ split: Split, _ random: inout SplitMix64) -> Event {
    let lexicon = grammar.lexicon
    let people = split.entities(WordLists.people)
    let actor = random.pick(people)
    let partner = random.pick(people.filter { $0 != actor })
    let verbs = domain == .post ? WordLists.deeds : WordLists.offers
    return Event(
      actor: lexicon.known(actor), verb: lexicon.known(random.pick(verbs).0),
      thing: lexicon.known(random.pick(split.entities(WordLists.goods))),
      partner: lexicon.known(partner),
      place: lexicon.known(random.pick(split.entities(WordLists.places))),
      amount: lexicon.known("\(2 + random.int(below: 59))"))
  }

  /// The key facts in their order, between 3-7 sentences about other things.
  func writePost(_ event: Event, _ split: Split, _ random: inout SplitMix64) -> Post {
    let bindings = event.bindings
    let keys = KeyFact.allCases.map { key in
      grammar.write(grammar.list(.told(key, domain)).any(split, using: &random), bindings)
    }
    let (fillers, others) = writeFillers(3 + random.int(below: 5), split, &random)
    // Three different places among all sentences, in ascending order.
    var places = Array(0..<keys.count + fillers.count)
    random.shuffle(&places)
    let keySentences = places.prefix(keys.count).sorted()
    var sentences: [[Word]] = []
    var filler = fillers.makeIterator()
    for place in 0..<keys.count + fillers.count {
      if let key = keySentences.firstIndex(of: place) {
        sentences.append(keys[key])
      } else if let next = filler.next() {
        sentences.append(next)
      }
    }
    return Post(
      text: text(sentences), others: others, keySentences: keySentences, fillers: fillers)
  }

  /// Different sentences without coins: facts of the world, and now and then small talk.
  private func writeFillers(
    _ count: Int, _ split: Split, _ random: inout SplitMix64
  ) -> (sentences: [[Word]], facts: [Claim]) {
    let relations: [Relation] = [
      .trade, .street, .pet, .food, .instrument, .friend, .age, .temper, .workplace, .road,
      .weather, .rating,
    ]
    var sentences: [[Word]] = []
    var facts: [Claim] = []
    while sentences.count < count {
      if random.chance(0.35) {
        let template = grammar.list(.chatter(domain)).any(split, using: &random)
        let sentence = grammar.write(template, Bindings())
        if !sentences.contains(sentence) { sentences.append(sentence) }
      } else {
        let claim = random.pick(world.facts(random.pick(relations), split))
        if facts.contains(claim) { continue }
        facts.append(claim)
        sentences.append(grammar.tell(claim, split, &random))
      }
    }
    return (sentences, facts)
  }

  func writeTitle(_ event: Event, _ split: Split, _ random: inout SplitMix64) -> String {
    let titles = domain == .post ? Phrasebook.titles : Phrasebook.noticeTitles
    let name = grammar.lexicon.spelling(event.actor)
    return random.pick(split.templates(titles)).split(separator: " ")
      .map { $0 == "{actor}" ? name : String($0) }.joined(separator: " ")
  }

  /// All three key facts, the deed in the first sentence, in 10-20 words.
  func writeSummary(_ event: Event, _ split: Split, _ random: inout SplitMix64) -> [[Word]] {
    let plans: [[[KeyFact]]] = [
      [[.deed, .site, .sum]], [[.deed, .site, .sum]], [[.deed], [.site, .sum]],
      [[.deed, .site], [.sum]], [[.deed, .sum], [.site]], [[.deed], [.site], [.sum]],
    ]
    while true {
      let sentences = random.pick(plans).map { sentence(stating: $0, event, split, &random) }
      let wordCount = sentences.reduce(0) { $0 + $1.count }
      if (10...Digest.freeWordCount).contains(wordCount) { return sentences }
    }
  }

  /// One summary sentence that states these key facts, in the order of ``KeyFact``.
  ///
  /// `namingPartner` tells whether a deed must name the partner or must not; nil leaves it open.
  func sentence(
    stating keys: [KeyFact], _ event: Event, _ split: Split, _ random: inout SplitMix64,
    namingPartner: Bool? = nil
  ) -> [Word] {
    let isPost = domain == .post
    let partner = keys.contains(.deed) ? namingPartner : nil
    let template = grammar.list(.summed(keys)).choose(split, using: &random) {
      (isPost || !$0.has(.participle)) && (partner == nil || $0.has(.partner) == partner)
    }
    guard let template else {
      preconditionFailure("digest: no summary template states \(keys) in \(split)")
    }
    return grammar.write(template, event.bindings)
  }

  /// What a person in a hurry leaves as a reference: with probability 0.5 a key fact is missing,
  /// with 0.3 a sentence of the post that is beside the point is copied.
  func writeNoisy(
    _ reference: [[Word]], _ event: Event, _ post: Post, _ split: Split,
    _ random: inout SplitMix64
  ) -> [[Word]] {
    var sentences = reference
    if random.chance(0.5) {
      let dropped = random.pick(KeyFact.allCases)
      let keys = KeyFact.allCases.filter { $0 != dropped }
      sentences = [sentence(stating: keys, event, split, &random)]
    }
    if random.chance(0.3) {
      sentences.insert(random.pick(post.fillers), at: random.int(below: sentences.count + 1))
    }
    return sentences
  }
}
