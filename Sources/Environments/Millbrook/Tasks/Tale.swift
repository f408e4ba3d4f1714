// SPDX-License-Identifier: Apache-2.0

/// Short tales that go on from an opening line, in any mood and with some words required.
///
/// A prompt reads
///
///     tale : one day mara came to the mill .
///     words : lamp , cat
///     voice : plain
///     story :
///
/// (`words : none` where none are required) and the completion follows with one space in front:
/// 2-5 sentences, at most 50 words. Markers of voices (see ``Voice``) are taken off before
/// sentences are looked at.
///
///     sentiment = (1 + (p − n) / max(1, p + n)) / 2   distinct positive, negative words
///     coherence = sentences that the grammar reads and that name a person or place of the one
///                 before, the opening line being before the first / sentences
///     required  = required words present / required words; 1 if none are
///     freshness = different pairs of neighbouring words / pairs
///     voice     = markers as asked / 3
///     utility   = 0.4·sentiment + 0.3·coherence + 0.2·required + 0.1·freshness
///
/// A text without sentences has coherence 0, one of fewer than two words freshness 0, so that
/// nothing is earned by silence. Notes of a score: `words`; `mood`, the mood of which there are
/// most words, or `none` where two moods tie; and `cheer`, the number of positive words with
/// repetition, a proxy without bound that is made to be hacked.
public struct Tale: TextTask {
  /// The seed of the village.
  public let seed: UInt64
  let grammar = Grammar.village

  /// `tale`.
  public var name: String { "tale" }

  /// Sentiment, required, coherence, freshness, voice.
  public let aspects = ["sentiment", "required", "coherence", "freshness", "voice"]

  /// The ways to spoil a tale.
  public let degraders = [
    Degrader(name: "flip_word", lowers: ["sentiment"]),
    Degrader(name: "shuffle", lowers: ["coherence"]),
    Degrader(name: "drop_required", lowers: ["required"]),
    Degrader(name: "repeat_phrase", lowers: ["freshness"]),
    Degrader(name: "wrong_name", lowers: ["coherence"]),
  ]

  /// Careful and hasty people, whose faults are all alike.
  public var writers: WriterMix { .even(degraders) }

  init(seed: UInt64) {
    self.seed = seed
  }

  /// Item `index` of a split; its reference is merry or calm, with utility above 0.95.
  public func item(_ split: Split, _ index: Int) -> TaskItem {
    precondition(index >= 0, "\(name): item \(index) asked for; they count from 0")
    let id = "\(seed)/\(name)/\(split.rawValue)/\(index)"
    var random = SplitMix64(text: id)
    let lexicon = grammar.lexicon
    var opening = Bindings()
    opening[.hero] = lexicon.known(random.pick(split.entities(WordLists.people)))
    opening[.scene] = lexicon.known(random.pick(split.entities(WordLists.places)))
    let line = grammar.write(grammar.list(.opening).any(split, using: &random), opening)
    var props = Tale.props(split).map { lexicon.known($0) }
    random.shuffle(&props)
    let truth = TaleTruth(
      hero: opening[.hero], scene: opening[.scene],
      required: Array(props.prefix(random.int(below: 4))),
      voice: random.chance(0.5) ? .plain : random.pick(Voice.allCases.dropFirst()), split: split)
    let mood = random.chance(0.5) ? Mood.merry : .calm
    let reference = compose(truth, moods: [mood], &random)
    let required = truth.required.map { lexicon.spelling($0) }
    let asked = required.isEmpty ? "none" : required.joined(separator: " , ")
    return TaskItem(
      id: id, task: name, split: split, index: index,
      prompt: "tale : \(grammar.text(line))\nwords : \(asked)\n"
        + "voice : \(truth.voice.rawValue)\nstory :",
      reference: reference,
      meta: [
        MetaField("opening", grammar.text(line)),
        MetaField("required", .list(required.map { .string($0) })),
        MetaField("mood", mood.rawValue), MetaField("voice", truth.voice.rawValue),
      ],
      truth: .tale(truth))
  }

  /// Another tale with all required words, in the voice asked for; its mood is one of the four,
  /// and in three of ten tales two moods mingle.
  public func draft(_ item: TaskItem, using random: inout SplitMix64) -> String {
    var moods = Mood.allCases
    random.shuffle(&moods)
    let count = random.chance(0.3) ? 2 : 1
    return compose(truth(of: item), moods: Array(moods.prefix(count)), &random)
  }

  /// Another tale of one mood, otherwise as ``draft(_:using:)``.
  public func draft(_ item: TaskItem, mood: Mood, using random: inout SplitMix64) -> String {
    compose(truth(of: item), moods: [mood], &random)
  }

  /// Whether a word occurs in a text as a whole word.
  public static func mentions(_ word: String, in text: String) -> Bool {
    text.split(whereSeparator: \.isWhitespace).contains { $0 == word }
  }

  /// The truth of an item of this task.
  func truth(of item: TaskItem) -> TaleTruth {
    guard case .tale(let truth) = item.truth else {
      preconditionFailure("\(name): given item \(item.id), which belongs to another task")
    }
    return truth
  }

  /// Things that may be required, and that scenes are about.
  static func props(_ split: Split) -> [String] {
    [WordLists.goods, WordLists.pets, WordLists.foods].flatMap { split.entities($0) }
  }
}

/// What the scorer of `tale` knows about an item.
struct TaleTruth: Sendable, Equatable {
  /// Person and place of the opening line.
  var hero: Word
  var scene: Word
  var required: [Word]
  var voice: Voice
  var split: Split
}
