// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("tale")
struct TaleTests {
  static let village = Millbrook(seed: 7)
  let task = village.tasks[2]
  /// Opening with jonas at the mill; mushrooms, barrel and pony required; brief voice.
  let brief = village.tasks[2].item(.train, 1)
  /// Opening with irma at the mill; nothing required; polite voice.
  let polite = village.tasks[2].item(.train, 2)

  @Test("the items on which the numbers below rest")
  func fixture() {
    #expect(
      brief.prompt == """
        tale : one day jonas came to the mill .
        words : mushrooms , barrel , pony
        voice : brief
        story :
        """)
    #expect(
      polite.prompt == """
        tale : irma was alone at the mill .
        words : none
        voice : polite
        story :
        """)
  }

  /// A completion for the brief item with sentiment, required, coherence, freshness, voice as
  /// the formulas of ``Tale`` give them by hand.
  struct Case: Sendable {
    var completion: String
    var aspects: [Double]
    init(_ completion: String, _ aspects: [Double]) {
      self.completion = completion
      self.aspects = aspects
    }
  }

  static let cases = [
    Case("", [0.5, 0, 0, 0, 0]),
    Case(
      " in brief : short : jonas found the pony and danced . that is it .",
      [1, 1 / 3.0, 1, 1, 1]),
    // Two positive words and one negative: (1 + 1/3)/2; the body marker is missing; of
    // 36 pairs only `. odo` returns.
    Case(
      " in brief : jonas found the pony and danced . jonas gave odo the jolly barrel . "
        + "odo thought of jonas and the mushrooms . odo saw the cat and felt grim . that is it .",
      [2 / 3.0, 1, 1, 35 / 36.0, 2 / 3.0]),
    // The second sentence names nobody of the first, the third cannot be read; of 19 pairs
    // `the pony` returns twice, `pony and` and `elsa saw` once.
    Case(
      " jonas found the pony and wept . elsa saw the pony and felt calm . the pony elsa saw .",
      [0.5, 1 / 3.0, 1 / 3.0, 15 / 19.0, 0]),
    // Tied to the opening line by its place alone.
    Case(" odo laughed at the mill .", [1, 0, 1, 1, 0]),
    Case(" odo laughed at the barn .", [1, 0, 0, 1, 0]),
    // The same positive word three times is one word.
    Case(" merry merry merry sad", [0.5, 0, 0, 2 / 3.0, 0]),
  ]

  @Test("scores by the formulas", arguments: cases)
  func score(given: Case) {
    let score = task.score(brief, given.completion)
    for (aspect, expected) in zip(score.aspects, given.aspects) {
      #expect(
        abs(aspect.value - expected) < 1e-12, "\(aspect.name) of '\(given.completion)'")
    }
    let weights = [0.4, 0.2, 0.3, 0.1, 0]
    let utility = zip(weights, given.aspects).map { $0 * $1 }.reduce(0, +)
    #expect(abs(score.utility - utility) < 1e-12)
  }

  @Test("silence earns only the neutral sentiment, and the words nobody asked for")
  func silence() {
    #expect(abs(task.score(polite, "").utility - 0.4) < 1e-12)
    #expect(abs(task.score(brief, " ").utility - 0.2) < 1e-12)
    #expect(task.score(polite, " blah blah blah . blah blah .").utility < 0.5)
  }

  @Test("notes tell the mood by majority and count cheer with repetitions")
  func notes() {
    func notes(_ text: String) -> [MetaField] { task.score(brief, text).notes }
    #expect(
      notes(" merry merry jolly sad .") == [
        MetaField("words", 5), MetaField("mood", "merry"), MetaField("cheer", 3),
      ])
    #expect(notes(" calm gloomy").contains(MetaField("mood", "none")))
    #expect(notes(" eerie calm grim").contains(MetaField("mood", "spooky")))
    #expect(notes(" a lamp .").contains(MetaField("mood", "none")))
  }

  @Test("references are coherent, cheerful or calm, and 2-5 sentences of at most 50 words")
  func references() {
    for split in Split.allCases {
      for index in 0..<300 {
        let item = task.item(split, index)
        let score = task.score(item, item.reference)
        for aspect in ["sentiment", "required", "coherence", "voice"] {
          #expect(score[aspect] == 1, "\(aspect): \(item.prompt)\(item.reference)")
        }
        #expect(score.utility > 0.95)
        #expect(score.spans.isEmpty && score.missing.isEmpty)
        #expect(item.reference.split(separator: " ").count <= 50)
        let text = VillageText(item.reference, grammar: .village)
        #expect((2...5).contains(VoicedText(text, grammar: .village).sentences.count))
      }
    }
  }

  @Test("drafts come in all four moods, and only in those they are asked for")
  func draftMoods() {
    var seen: [String: Int] = [:]
    for index in 0..<200 {
      let item = task.item(.train, index)
      var random = SplitMix64(text: "moods \(index)")
      let score = task.score(item, task.draft(item, using: &random))
      if case .string(let mood)? = score.notes.first(where: { $0.key == "mood" })?.value {
        seen[mood, default: 0] += 1
      }
      #expect(score["coherence"] == 1 && score["required"] == 1 && score["voice"] == 1)
      let tale = Tale(seed: 7)
      for mood in Mood.allCases {
        let score = tale.score(item, tale.draft(item, mood: mood, using: &random))
        #expect(score.notes.contains(MetaField("mood", mood.rawValue)))
        #expect(score["sentiment"] == (mood.isPositive ? 1 : 0))
      }
    }
    for mood in Mood.allCases { #expect(seen[mood.rawValue, default: 0] > 20) }
  }

  @Test("mentions finds whole words only")
  func mentions() {
    #expect(Tale.mentions("cat", in: " the cat ."))
    #expect(!Tale.mentions("cat", in: " the cats ran . scat"))
  }
}

@Suite("Voices")
struct VoiceTests {
  let grammar = Grammar.village

  @Test("a text dressed in a voice has that voice's three markers and no other's")
  func dress() throws {
    let sentences = ["mara laughed at the mill .", "soon odo and mara wept too ."].map {
      VillageText($0, grammar: grammar).words
    }
    for voice in Voice.allCases {
      let words = grammar.voices.dress(sentences, in: voice)
      let text = VillageText(grammar.text(words), grammar: grammar)
      let voiced = VoicedText(text, grammar: grammar)
      for other in Voice.allCases {
        #expect(voiced.share(of: other) == (other == voice ? 1 : 0))
      }
      #expect(voiced.sentences.map { Array(text.words[$0]) } == sentences)
    }
  }

  @Test("one marker of three counts a third")
  func share() {
    let text = VillageText("sure ! mara laughed at the mill .", grammar: grammar)
    let voiced = VoicedText(text, grammar: grammar)
    #expect(voiced.share(of: .warm) == 1 / 3.0)
    #expect(voiced.share(of: .plain) == 2 / 3.0)
  }

  @Test("markers are unlike: none begins another of its kind")
  func distinct() {
    for kind in [\Voice.opening, \Voice.body, \Voice.closing] {
      let markers = Voice.allCases.dropFirst().map { $0[keyPath: kind] }
      for (place, marker) in markers.enumerated() {
        for (other, longer) in markers.enumerated() where other != place {
          #expect(!(longer + " ").hasPrefix(marker + " "))
        }
      }
    }
  }
}
