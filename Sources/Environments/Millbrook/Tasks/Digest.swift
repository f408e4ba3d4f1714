// SPDX-License-Identifier: Apache-2.0

/// Summaries of what the village tells: posts, and market notices as a second domain.
///
/// A prompt reads
///
///     title : news of mara
///     post : mara is very patient . so mara sold a lamp to tobin at last . ...
///     summary :
///
/// and the completion follows with one space in front: ` mara sold a lamp at the mill for 12
/// coins .` The title names a villager. Of the post's 6-10 sentences three carry the key facts:
/// what that villager did (with what, and with whom), where, and for how many coins. The others
/// state facts of the world about people, roads, weather and goods, or nothing at all.
///
/// The scorer reads each sentence of a completion with the village's grammar. A claim is
/// *stated* if it is a key fact, *grounded* if it is another fact of the post, and *invented*
/// otherwise, whatever the world says; equal claims count once. A deed may leave out the partner,
/// but must not name a wrong one. A sentence is *repeated* if an earlier one has the same words,
/// or if it only states what has been stated before. A sentence that the grammar cannot write
/// (one without an end mark is such) states nothing: it earns nothing and costs its words.
///
///     coverage  = stated key facts / 3          freshness = 1 − repeated / sentences
///     grounding = 1 − min(1, invented / 2)      brevity   = 1 − min(1, max(0, words − 20) / 20)
///     lead      = 1 if the first sentence states who did what
///     utility   = coverage − 0.5·invented − 0.2·repeated − 0.02·max(0, words − 20)
///
/// With no sentences freshness is 1. Source: the toy world for Stiennon et al. 2020,
/// arXiv:2009.01325, whose utility this is. Departures: `drop_lead` is a sixth degrader, so that
/// `drop_key` can keep its promise to lower coverage alone.
public struct Digest: TextTask {
  /// What is summed up.
  public enum Domain: String, Sendable, CaseIterable {
    /// Posts about a deed; task `digest`.
    case post
    /// Market notices about an offer; task `digest_notices`.
    case notice
  }

  /// The seed of the village.
  public let seed: UInt64
  /// The domain of all items.
  public let domain: Domain
  let world: World
  let grammar = Grammar.village

  /// `digest`, or `digest_notices` for the second domain.
  public var name: String { domain == .post ? "digest" : "digest_notices" }

  /// Coverage, grounding, freshness, brevity, lead.
  public let aspects = ["coverage", "grounding", "freshness", "brevity", "lead"]

  /// The ways to spoil a summary.
  public let degraders = [
    Degrader(name: "drop_key", lowers: ["coverage"]),
    Degrader(name: "invent", lowers: ["grounding", "brevity"]),
    Degrader(name: "swap_roles", lowers: ["coverage", "grounding", "lead"]),
    Degrader(name: "pad", lowers: ["brevity"]),
    Degrader(name: "repeat", lowers: ["freshness", "brevity"]),
    Degrader(name: "drop_lead", lowers: ["lead", "coverage"]),
  ]

  /// Careful, hasty and rambling people.
  public let writers = WriterMix([
    Writer(
      name: "careful", share: 0.3, faultless: 0.85,
      faults: [.init("drop_key", 1), .init("pad", 1)]),
    Writer(
      name: "hasty", share: 0.4, faultless: 0.15,
      faults: [.init("drop_key", 4), .init("drop_lead", 2), .init("invent", 3)], second: 0.35),
    Writer(
      name: "rambling", share: 0.3, faultless: 0.15,
      faults: [.init("pad", 3), .init("repeat", 3), .init("invent", 1), .init("swap_roles", 2)],
      second: 0.35),
  ])

  init(seed: UInt64, domain: Domain, world: World) {
    self.seed = seed
    self.domain = domain
    self.world = world
  }

  /// Item `index` of a split; its reference has utility 1 and 10-20 words.
  public func item(_ split: Split, _ index: Int) -> TaskItem {
    precondition(index >= 0, "\(name): item \(index) asked for; they count from 0")
    let id = "\(seed)/\(name)/\(split.rawValue)/\(index)"
    var random = SplitMix64(text: id)
    let event = drawEvent(split, &random)
    let post = writePost(event, split, &random)
    let title = writeTitle(event, split, &random)
    let reference = writeSummary(event, split, &random)
    let noisy = writeNoisy(reference, event, post, split, &random)
    let truth = DigestTruth(
      event: event, others: post.others, keySentences: post.keySentences, split: split)
    return TaskItem(
      id: id, task: name, split: split, index: index,
      prompt: "title : \(title)\npost : \(post.text)\nsummary :",
      reference: " " + text(reference), meta: meta(title, post, event, noisy),
      truth: .digest(truth))
  }

  /// Another summary of all key facts: utility 1, 10-20 words.
  public func draft(_ item: TaskItem, using random: inout SplitMix64) -> String {
    let truth = truth(of: item)
    return " " + text(writeSummary(truth.event, truth.split, &random))
  }

  /// The truth of an item of this task.
  func truth(of item: TaskItem) -> DigestTruth {
    guard case .digest(let truth) = item.truth, item.task == name else {
      preconditionFailure("\(name): given item \(item.id), which belongs to another task")
    }
    return truth
  }

  /// Sentences as one text.
  func text(_ sentences: [[Word]]) -> String {
    grammar.text(sentences.joined())
  }

  private func meta(
    _ title: String, _ post: Post, _ event: Event, _ noisy: [[Word]]
  ) -> [MetaField] {
    let spell = grammar.lexicon.spelling
    return [
      MetaField("domain", domain.rawValue),
      MetaField("title", title),
      MetaField("post", post.text),
      MetaField("place", spell(event.place)),
      MetaField(
        "keys",
        .list(
          KeyFact.allCases.map { key in
            let fact = Fact(event.claim(key), grammar.lexicon)
            return .object([
              MetaField("kind", key.relation.name), MetaField("subject", fact.subject),
              MetaField("relation", fact.relation), MetaField("object", fact.object),
              MetaField("sentence", Double(post.keySentences[key.rawValue])),
            ])
          })),
      MetaField("noisy_reference", " " + text(noisy)),
    ]
  }
}

/// What a post or notice is about.
struct Event: Sendable, Equatable {
  var actor: Word
  var verb: Word
  var thing: Word
  var partner: Word
  var place: Word
  var amount: Word

  /// One key fact in full.
  func claim(_ key: KeyFact) -> Claim {
    switch key {
    case .deed:
      Claim(relation: .deed, subject: actor, object: thing, detail: verb, partner: partner)
    case .site: Claim(relation: .site, subject: actor, object: place)
    case .sum: Claim(relation: .sum, subject: actor, object: amount)
    }
  }

  /// All gaps that sentences about the event can have.
  var bindings: Bindings {
    var bindings = Bindings(claim(.deed))
    bindings[.doer] = actor
    bindings[.place] = place
    bindings[.amount] = amount
    return bindings
  }
}

/// What the scorer of `digest` knows about an item.
struct DigestTruth: Sendable, Equatable {
  var event: Event
  /// Facts of the post besides the key facts.
  var others: [Claim]
  /// Sentences of the post that tell who, where and amount.
  var keySentences: [Int]
  var split: Split
}
