// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("ROUGE")
struct RougeTests {
  struct Vector: Sendable {
    var variant: Rouge.Variant
    var reference: String
    var completion: String
    var expected: [Double]
    var usesStemmer = false
  }

  static let fox = "the quick brown fox jumps over the lazy dog"
  static let foxAgain = "the brown fox quickly jumps over a lazy dog dog"
  static let police = "police killed the gunman\nthe gunman was old"
  static let policeAgain = "police kill the gunman\nthe old gunman ran"
  static let law = "It's a well-known U.S. law, 2024!"
  static let runners = "The runners were happily running\nthey enjoyed relational databases"
  static let runnersAgain = "a runner runs happy\nrelational database enjoying they"

  // rouge_score.rouge_scorer.RougeScorer([...], use_stemmer=...).score(reference, completion)
  static let vectors = [
    Vector(
      variant: .n(1), reference: fox, completion: foxAgain, expected: [0.7, 0.777778, 0.736842]),
    Vector(
      variant: .n(2), reference: fox, completion: foxAgain, expected: [0.333333, 0.375, 0.352941]),
    Vector(
      variant: .longest, reference: fox, completion: foxAgain, expected: [0.7, 0.777778, 0.736842]),
    Vector(
      variant: .n(1), reference: police, completion: policeAgain, expected: [0.75, 0.75, 0.75]),
    Vector(
      variant: .n(2), reference: police, completion: policeAgain,
      expected: [0.285714, 0.285714, 0.285714]),
    Vector(
      variant: .longest, reference: police, completion: policeAgain,
      expected: [0.625, 0.625, 0.625]),
    Vector(
      variant: .summary, reference: police, completion: policeAgain,
      expected: [0.625, 0.625, 0.625]),
    Vector(
      variant: .longest, reference: "a b c\nd e f", completion: "d e f\na b c",
      expected: [0.5, 0.5, 0.5]),
    Vector(
      variant: .summary, reference: "a b c\nd e f", completion: "d e f\na b c", expected: [1, 1, 1]),
    Vector(
      variant: .n(1), reference: law, completion: "its a well known us law 2024",
      expected: [0.714286, 0.555556, 0.625]),
    Vector(
      variant: .n(1), reference: runners, completion: runnersAgain,
      expected: [0.750000, 0.666667, 0.705882], usesStemmer: true),
    Vector(
      variant: .summary, reference: runners, completion: runnersAgain,
      expected: [0.500000, 0.444444, 0.470588], usesStemmer: true),
  ]

  @Test("matches the rouge-score package", arguments: vectors)
  func golden(vector: Vector) {
    let rouge = Rouge(usesStemmer: vector.usesStemmer)
    let score = rouge(
      vector.variant, completion: vector.completion, references: [vector.reference])
    expectClose([score.precision, score.recall, score.f], vector.expected)
  }

  @Test(
    "swapping the texts swaps precision and recall",
    arguments: [Rouge.Variant.n(1), .n(2), .longest])
  func symmetry(variant: Rouge.Variant) {
    let one = Rouge()(variant, completion: Self.foxAgain, references: [Self.fox])
    let other = Rouge()(variant, completion: Self.fox, references: [Self.foxAgain])
    #expect(one.precision == other.recall && one.recall == other.precision && one.f == other.f)
  }

  @Test("the fast subsequence length agrees with the table for every size")
  func subsequences() {
    var generator = TestGenerator(2)
    for size in [1, 5, 63, 64, 65, 130, 200] {
      let a = (0..<size).map { _ in generator.below(6) }
      let b = (0..<(size + 7)).map { _ in generator.below(6) }
      var hits = [Bool](repeating: false, count: a.count)
      LongestCommonSubsequence.mark(a, b, into: &hits)
      #expect(LongestCommonSubsequence.length(a, b) == hits.count { $0 })
    }
    #expect(LongestCommonSubsequence.length([], [1]) == 0)
  }

  @Test("the best of several references counts, and empty texts score 0")
  func references() {
    let score = Rouge()(.n(1), completion: "a b", references: ["x y", "a b", "a c"])
    #expect(score.f == 1)
    #expect(Rouge()(.longest, completion: "", references: ["a"]).f == 0)
    #expect(Rouge()(.n(3), completion: "a b", references: ["a b"]).f == 0)
    #expect(Rouge()(.summary, completion: "a", references: []).f == 0)
  }

  @Test("a corpus is the mean of its items, and says when letters are lost")
  func corpus() throws {
    let estimate = try Rouge().corpus(
      .n(1), completions: ["a b", "ä"], references: [["a b"], ["ä"]])
    #expect(estimate.value == 0.5)
    #expect(estimate.options["completions with letters outside a-z"] == "1")
    let custom = Rouge(tokenizer: { $0.split(separator: " ").map(String.init) })
    #expect(try custom.corpus(.n(1), completions: ["ä"], references: [["ä"]]).value == 1)
  }
}

@Suite("Porter stemmer")
struct PorterStemmerTests {
  // nltk.stem.porter.PorterStemmer().stem(word), default mode
  static let stems = """
    caresses:caress ponies:poni ties:tie dies:die flies:fli caress:caress cats:cat feed:feed
    agreed:agre plastered:plaster bled:bled motoring:motor sing:sing conflated:conflat
    troubled:troubl sized:size hopping:hop tanned:tan falling:fall hissing:hiss fizzed:fizz
    failing:fail filing:file happy:happi sky:sky spy:spi enjoy:enjoy skies:sky dying:die
    news:news innings:inning proceed:proceed tried:tri tied:tie relational:relat
    conditional:condit rational:ration valenci:valenc hesitanci:hesit digitizer:digit
    conformabli:conform radicalli:radic differentli:differ vileli:vile analogousli:analog
    vietnamization:vietnam predication:predic operator:oper feudalism:feudal decisiveness:decis
    hopefulness:hope callousness:callous formaliti:formal sensitiviti:sensit sensibiliti:sensibl
    hopefulli:hope analogi:analog geologi:geolog triplicate:triplic formative:form
    formalize:formal electriciti:electr electrical:electr hopeful:hope goodness:good
    revival:reviv allowance:allow inference:infer airliner:airlin gyroscopic:gyroscop
    adjustable:adjust defensible:defens irritant:irrit replacement:replac adjustment:adjust
    dependent:depend adoption:adopt homologou:homolog communism:commun activate:activ
    angulariti:angular homologous:homolog effective:effect bowdlerize:bowdler probate:probat
    rate:rate cease:ceas controll:control roll:roll by:by at:at oed:o ion:ion eing:e yyyy:yyyi
    falafel:falafel internationalization:internation generously:gener university:univers
    universities:univers abilities:abil kiwis:kiwi skis:ski using:use used:use eed:eed
    succeeded:succeed naturally:natur totally:total
    """

  @Test(
    "stems as NLTK does", arguments: stems.split(whereSeparator: \.isWhitespace).map(String.init))
  func golden(entry: String) throws {
    let parts = entry.split(separator: ":")
    #expect(PorterStemmer().stem(String(parts[0])) == String(parts[1]))
  }
}

@Suite("Diversity")
struct DiversityTests {
  let outputs = ["the cat sat on the mat", "the cat ran", "a dog sat on the log"]

  @Test(
    "distinct-n pools n-grams without crossing outputs",
    arguments: [(1, 9, 15), (2, 9, 12), (3, 8, 9)])
  func distinct(n: Int, different: Int, total: Int) throws {
    let estimate = try #require(try distinctN(n, outputs: outputs))
    #expect(estimate.count == total)
    expectClose(estimate.value, Double(different) / Double(total), within: 1e-12)
  }

  // nltk.translate.bleu_score.sentence_bleu(others, own, weights, SmoothingFunction().method1)
  @Test(
    "self-BLEU matches NLTK",
    arguments: [
      (2, [0.632456, 0.212395, 0.447214], 0.430688), (4, [0.240281, 0.088394, 0.202052], 0.176909),
    ])
  func selfBLEU(order: Int, each: [Double], mean: Double) throws {
    expectClose(try SelfBLEU(order: order).scores(outputs), each)
    expectClose(try SelfBLEU(order: order)(outputs).value, mean)
  }

  @Test("equal outputs have self-BLEU 1, unrelated ones 0")
  func extremes() throws {
    let text = "one two three four five"
    expectClose(try SelfBLEU()([text, text, text]).value, 1, within: 1e-12)
    #expect(try SelfBLEU()(["a b", "c d"]).value == 0)
    #expect(throws: EvaluationError.self) { try SelfBLEU()(["a"]) }
  }

  @Test("unique share, and outputs too short for an n-gram")
  func small() throws {
    #expect(uniqueOutputShare(["a", "a", "b", "c"]) == 0.75)
    #expect(uniqueOutputShare([]) == nil)
    #expect(try distinctN(3, outputs: ["a b"]) == nil)
    #expect(throws: EvaluationError.self) { try distinctN(0, outputs: outputs) }
  }
}
