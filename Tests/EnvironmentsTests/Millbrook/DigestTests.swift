// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("digest")
struct DigestTests {
  static let village = Millbrook(seed: 7)
  let task = village.tasks[0]
  /// edgar mended a wagon for clara at the fountain for 4 coins; odo is generous, elsa a miller,
  /// jonas old.
  let item = village.tasks[0].item(.train, 2)

  @Test("the item on which the numbers below rest")
  func fixture() {
    #expect(
      item.prompt == """
        title : a word on edgar
        post : so edgar mended a wagon for clara at last . odo is generous . it came about at the \
        fountain . people know elsa as a miller . i was on my way home then . for a villager jonas \
        is old . edgar settled on 4 coins .
        summary :
        """)
  }

  /// A completion with the numbers that the formulas of ``Digest`` give by hand.
  struct Case: Sendable {
    var completion: String
    /// Coverage, grounding, freshness, brevity, lead.
    var aspects: [Double]
    var utility: Double
    init(_ completion: String, _ aspects: [Double], _ utility: Double) {
      self.completion = completion
      self.aspects = aspects
      self.utility = utility
    }
  }

  static let cases = [
    // Nothing said.
    Case("", [0, 1, 1, 1, 0], 0),
    // All three in one sentence, in other words, or over three sentences.
    Case(" edgar mended a wagon at the fountain for 4 coins .", [1, 1, 1, 1, 1], 1),
    Case(" for 4 coins edgar mended a wagon for clara at the fountain .", [1, 1, 1, 1, 1], 1),
    Case(
      " a wagon was mended for clara by edgar . edgar did this at the fountain . it cost 4 coins .",
      [1, 1, 1, 1 - 1 / 20.0, 1], 1 - 0.02),
    // The deed comes second: no lead.
    Case(
      " it was at the fountain for 4 coins . edgar mended a wagon .", [1, 1, 1, 1, 0], 1),
    // One key fact, two key facts.
    Case(" edgar mended a wagon .", [1 / 3.0, 1, 1, 1, 1], 1 / 3.0),
    Case(" edgar mended a wagon . it cost 4 coins .", [2 / 3.0, 1, 1, 1, 1], 2 / 3.0),
    // A fact of the post that is no key fact costs nothing but its words.
    Case(" odo is very generous . it cost 4 coins .", [1 / 3.0, 1, 1, 1, 0], 1 / 3.0),
    // A wrong price, place, partner, deed, doer, and a fact that the post does not tell.
    Case(
      " edgar mended a wagon at the fountain for 5 coins .", [2 / 3.0, 0.5, 1, 1, 1],
      2 / 3.0 - 0.5),
    Case(" edgar mended a wagon at the mill .", [1 / 3.0, 0.5, 1, 1, 1], 1 / 3.0 - 0.5),
    Case(" edgar mended a wagon for odo .", [0, 0.5, 1, 1, 0], -0.5),
    Case(" clara mended a wagon for edgar .", [0, 0.5, 1, 1, 0], -0.5),
    Case(" clara did this at the fountain .", [0, 0.5, 1, 1, 0], -0.5),
    Case(" elsa is a baker .", [0, 0.5, 1, 1, 0], -0.5),
    // Three inventions: grounding stops at 0, the utility does not.
    Case(
      " odo sold a lamp . it was at the mill . it cost 9 coins .", [0, 0, 1, 1, 0], -1.5),
    // The same invention twice counts once, and the second is a repetition.
    Case(
      " it was at the mill . this was at the mill .", [0, 0.5, 0.5, 1, 0], -0.5 - 0.2),
    // Repetition word for word, and of the same fact in other words.
    Case(
      " it cost 4 coins . it cost 4 coins .", [1 / 3.0, 1, 0.5, 1, 0], 1 / 3.0 - 0.2),
    Case(
      " it cost 4 coins . the price was 4 coins .", [1 / 3.0, 1, 0.5, 1, 0], 1 / 3.0 - 0.2),
    // Old and new in one sentence is no repetition.
    Case(
      " edgar mended a wagon . edgar mended a wagon for 4 coins .", [2 / 3.0, 1, 1, 1, 1],
      2 / 3.0),
    // A sentence that cannot be read states nothing; nor does one without an end mark.
    Case(" wagon edgar 4 fountain coins clara .", [0, 1, 1, 1, 0], 0),
    Case(" edgar mended a wagon at the fountain for 4 coins", [0, 1, 1, 1, 0], 0),
    Case(
      " edgar mended a a wagon . it cost 4 coins .", [1 / 3.0, 1, 1, 1, 0], 1 / 3.0),
    // 22 words without facts.
    Case(
      " i went to bed late that night . we had a good laugh later on . i had other things to do",
      [0, 1, 1, 1 - 2 / 20.0, 0], -0.04),
  ]

  @Test("scores by the formulas", arguments: cases)
  func score(given: Case) {
    let score = task.score(item, given.completion)
    #expect(score.aspects.map(\.name) == ["coverage", "grounding", "freshness", "brevity", "lead"])
    for (aspect, expected) in zip(score.aspects, given.aspects) {
      #expect(abs(aspect.value - expected) < 1e-12, "\(aspect.name) of \(given.completion)")
    }
    #expect(abs(score.utility - given.utility) < 1e-12, "\(given.completion)")
  }

  @Test("spans mark the invented words, the repeated sentences and the words beyond twenty")
  func spans() {
    let text = " edgar mended a wagon at the mill for 9 coins . it cost 9 coins . x x x x x x x x"
    let score = task.score(item, text)
    let marked = score.spans.map { span in
      let scalars = Array(text.unicodeScalars)[span.start..<span.end]
      return span.kind + ": " + String(String.UnicodeScalarView(scalars))
    }
    #expect(
      marked == [
        "invented: mill", "invented: 9", "repeated: it cost 9 coins .", "invented: 9",
        "excess: x x x x",
      ])
    #expect(
      score.missing == [
        .init(kind: "where", passage: 0, sentence: 2),
        .init(kind: "amount", passage: 0, sentence: 6),
      ])
  }

  @Test("what the post tells as a sentence also counts in a summary")
  func extraction() {
    let copied =
      " so edgar mended a wagon for clara at last . it came about at the fountain . "
      + "edgar settled on 4 coins ."
    let score = task.score(item, copied)
    #expect(score["coverage"] == 1)
    #expect(score["grounding"] == 1)
    #expect(score["lead"] == 1)
    #expect(abs(score.utility - (1 - 0.02 * 3)) < 1e-12)
  }

  @Test("references and drafts are faultless and short", arguments: [0, 1])
  func references(number: Int) throws {
    let task = DigestTests.village.tasks[number]
    for split in Split.allCases {
      for index in 0..<200 {
        let item = task.item(split, index)
        var random = SplitMix64(text: "draft \(index)")
        for completion in [item.reference, task.draft(item, using: &random)] {
          let score = task.score(item, completion)
          #expect(score.aspects.allSatisfy { $0.value == 1 }, "\(item.prompt)\(completion)")
          #expect(score.utility == 1 && score.spans.isEmpty && score.missing.isEmpty)
          #expect((10...20).contains(wordCount(completion)))
          #expect(completion.first == " ")
        }
      }
    }
  }

  @Test("posts have 6-10 sentences, three of them key sentences in the places that meta names")
  func posts() throws {
    for index in 0..<200 {
      let item = task.item(.dev, index)
      let post = try #require(string(item, "post"))
      let words = VillageText(post, grammar: .village).words
      let sentences = VillageText.sentences(words[...], grammar: .village)
      #expect((6...10).contains(sentences.count))
      #expect(wordCount(item.prompt) <= 120)
      let keys = sentences.indices.filter { place in
        let claims = Grammar.village.read(words[sentences[place]])?.claims ?? []
        return claims.contains { [.deed, .site, .sum].contains($0.relation) }
      }
      guard case .digest(let truth) = item.truth else { return }
      #expect(keys == truth.keySentences)
      #expect(!keys.isEmpty)
    }
  }

  @Test("half of the noisy references lack a key fact, three in ten hold something else")
  func noisyReferences() throws {
    var lacking = 0
    var longer = 0
    for index in 0..<1000 {
      let item = task.item(.train, index)
      let score = task.score(item, try #require(string(item, "noisy_reference")))
      #expect(score["grounding"] == 1)
      if score["coverage"] != 1 { lacking += 1 }
      let text = VillageText(try #require(string(item, "noisy_reference")), grammar: .village)
      for sentence in VillageText.sentences(text.words[...], grammar: .village) {
        let claims = Grammar.village.read(text.words[sentence])?.claims ?? []
        let isKey = claims.contains { [.deed, .site, .sum].contains($0.relation) }
        if !isKey { longer += 1 }
      }
    }
    // 4 standard deviations around 500 and 300.
    #expect((437...563).contains(lacking))
    #expect((242...358).contains(longer))
  }

  @Test("notices are a domain of their own: no sentence with a key fact is shared with posts")
  func notices() throws {
    for key in KeyFact.allCases {
      let grammar = Grammar.village
      let posts = grammar.list(.told(key, .post)).templates.map(\.parts)
      let notices = grammar.list(.told(key, .notice)).templates.map(\.parts)
      #expect(Set(posts).isDisjoint(with: notices))
    }
    let notice = DigestTests.village.tasks[1].item(.train, 0)
    #expect(notice.id == "7/digest_notices/train/0")
  }

  @Test("lazy summaries earn less than honest ones: another post's, the first three sentences")
  func baselines() throws {
    var means: [String: Double] = [:]
    for index in 0..<500 {
      let item = task.item(.dev, index)
      guard case .digest(let truth) = item.truth else { continue }
      let words = VillageText(try #require(string(item, "post")), grammar: .village).words
      let sentences = VillageText.sentences(words[...], grammar: .village).map {
        Grammar.village.text(words[$0])
      }
      let texts = [
        "another": task.item(.dev, index + 1).reference,
        "first": sentences.prefix(3).joined(separator: " "),
        "copied": truth.keySentences.map { sentences[$0] }.joined(separator: " "),
      ]
      for (name, text) in texts {
        means[name, default: 0] += task.score(item, text).utility / 500
      }
    }
    let (another, first) = (means["another", default: 9], means["first", default: 9])
    let copied = means["copied", default: 9]
    #expect(another < -1 && (0.2...0.4).contains(first) && (0.8...0.95).contains(copied))
  }

  private func wordCount(_ text: String) -> Int {
    text.split { $0 == " " || $0 == "\n" }.count
  }

  private func string(_ item: TaskItem, _ key: String) -> String? {
    guard case .string(let text)? = item.meta.first(where: { $0.key == key })?.value else {
      return nil
    }
    return text
  }
}
