// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("The village's grammar")
struct GrammarTests {
  let grammar = Grammar.village

  @Test("reads back exactly what any template was filled with")
  func inverse() throws {
    var random = SplitMix64(text: "grammar test")
    let words = Dictionary(
      uniqueKeysWithValues: Slot.allCases.map { slot in
        let fitting = (1...grammar.lexicon.count).map { Word($0) }.filter {
          !grammar.lexicon.classes($0).isDisjoint(with: slot.accepts)
        }
        return (slot, fitting)
      })
    var sentenceCount = 0
    for entry in Phrasebook.all {
      for template in grammar.list(entry.use).templates {
        for _ in 0..<25 {
          let bindings = fill(template, words, &random)
          let sentence = grammar.write(template, bindings)
          let reading = try #require(grammar.read(sentence[...]), "\(grammar.text(sentence))")
          let expected = template.relations.map { bindings.claim($0) }
          #expect(reading.claims == expected, "\(grammar.text(sentence))")
          sentenceCount += 1
        }
      }
    }
    #expect(sentenceCount > 5000)
  }

  @Test("cannot read a sentence with a word missing, added, or out of the class of its gap")
  func rejects() {
    let sentences = [
      "mara sold a lamp to tobin", "mara sold lamp to tobin .", "mara sold a lamp from tobin .",
      "mara sold a mill to tobin .", "lamp sold a mara .", "mara sells a lamp to tobin .",
      "a lamp was sells by mara .", "it was at the lamp .", "it cost mara coins .",
      "mara mara is a baker .", ". mara is a baker .", "", ".", "it cost 61 coins .",
      "Mara is a baker .", "mara is a baker.",
    ]
    for sentence in sentences {
      let words = VillageText(sentence, grammar: grammar).words
      #expect(grammar.read(words[...]) == nil, "\(sentence)")
    }
  }

  @Test("no word stands in two entity lists, and names, places and goods differ from all others")
  func disjointLists() {
    let lists = [
      WordLists.people, WordLists.places, WordLists.goods, WordLists.trades, WordLists.streets,
      WordLists.pets, WordLists.foods, WordLists.instruments, WordLists.weathers, WordLists.ages,
      WordLists.tempers, WordLists.lengths, WordLists.days, WordLists.aspects, WordLists.numbers,
      WordLists.deeds.map(\.0), WordLists.offers.map(\.0),
    ]
    let moods = Mood.allCases.flatMap { [WordLists.adjectives($0), WordLists.verbs($0)] }
    let all = (lists + moods).flatMap { $0 }
    #expect(Set(all).count == all.count)
    let literals = Set(
      Phrasebook.all.flatMap(\.texts).flatMap { $0.split(separator: " ") }.map { String($0) })
    let names = WordLists.people + WordLists.places + WordLists.goods
    #expect(literals.isDisjoint(with: names))
    #expect(WordLists.people.count == 48)
    #expect(WordLists.places.count == 12)
    #expect(WordLists.goods.count == 24)
  }

  @Test("no template is known in one list and held out in another, and none stands twice")
  func heldOutTemplates() {
    var known: Set<String> = []
    var heldOut: Set<String> = []
    for entry in Phrasebook.all {
      known.formUnion(Split.train.templates(entry.texts))
      heldOut.formUnion(Split.testNew.templates(entry.texts))
      #expect(Set(entry.texts).count == entry.texts.count, "\(entry.use)")
      #expect(entry.texts.count >= 8, "\(entry.use)")
    }
    #expect(known.isDisjoint(with: heldOut))
  }

  @Test("all words of templates are in lower case and stand alone")
  func spelling() {
    for text in Phrasebook.all.flatMap(\.texts) {
      #expect(text == text.lowercased())
      let words = text.split(separator: " ", omittingEmptySubsequences: false)
      #expect(words.allSatisfy { !$0.isEmpty }, "\(text)")
      for word in words where word.count > 1 && word.first != "{" {
        #expect(word.allSatisfy { $0.isLetter || $0.isNumber }, "\(text)")
      }
      #expect([".", "!", "?"].contains(words.last), "\(text)")
    }
  }

  /// Words of the right classes for all gaps, at random.
  private func fill(
    _ template: Template, _ words: [Slot: [Word]], _ random: inout SplitMix64
  ) -> Bindings {
    var bindings = Bindings()
    for part in template.parts {
      guard case .gap(let slot) = part, slot != .joiner else { continue }
      bindings[slot] = random.pick(words[slot] ?? [])
    }
    return bindings
  }
}

@Suite("VillageText")
struct VillageTextTests {
  let grammar = Grammar.village

  @Test("splits at white space and counts places in Unicode scalars")
  func places() {
    let text = VillageText("  mara\tist\u{301} 🙂 .\n", grammar: grammar)
    #expect(text.words.count == 4)
    #expect(text.scalars == [2..<6, 7..<11, 12..<13, 14..<15])
    #expect(text.words[0] == grammar.lexicon.number("mara"))
    #expect(text.words[1] == -1)
    #expect(text.words[2] == -2)
    #expect(text.span(1..<3) == 7..<13)
  }

  @Test("unknown words are equal where they are spelled alike")
  func unknown() {
    let words = VillageText("zig zag zig mara zag", grammar: grammar).words
    #expect(words[0] == words[2])
    #expect(words[1] == words[4])
    #expect(words[0] != words[1])
  }

  @Test("sentences end at end marks, the last one also without")
  func sentences() {
    let words = VillageText("a . b c ! . d", grammar: grammar).words
    #expect(
      VillageText.sentences(words[...], grammar: grammar) == [0..<2, 2..<5, 5..<6, 6..<7])
    #expect(VillageText.sentences([], grammar: grammar).isEmpty)
  }
}
