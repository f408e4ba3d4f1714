// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("The book of the village")
struct BookSentencesTests {
  let book = Millbrook(seed: 7).book

  @Test("every sentence is read back to its fact", arguments: Split.allCases)
  func inverse(split: Split) {
    for index in 0..<3000 {
      let sentence = book.sentence(split, index)
      #expect(book.facts(in: sentence.text) == [sentence.fact], "\(sentence.text)")
    }
  }

  @Test("tells sentences that state nothing from sentences it cannot read")
  func unparsed() {
    #expect(book.facts(in: "nobody knew what to say .") == [])
    #expect(book.facts(in: "nobody knew what to do .") == nil)
    let facts = book.facts(in: "at the mill mara sold a lamp to tobin for 12 coins .")
    #expect(
      facts?.map(\.description) == [
        "mara | who sold tobin | lamp", " | where | mill", " | amount | 12",
      ])
  }

  @Test("never contradicts itself: one trade, street, friend a person, one weather a day")
  func consistency() {
    var objects: [String: String] = [:]
    for index in 0..<20_000 {
      let fact = book.sentence(.train, index).fact
      guard !fact.relation.hasPrefix("road") else { continue }
      let key = fact.subject + "/" + fact.relation
      #expect(objects[key, default: fact.object] == fact.object)
      objects[key] = fact.object
    }
    #expect(objects.count > 600)
  }

  @Test("villages with different seeds hold different facts")
  func seeds() {
    func trades(_ seed: UInt64) -> Set<String> {
      let book = Millbrook(seed: seed).book
      return Set(
        (0..<2000).map { book.sentence(.train, $0).fact }.filter { $0.relation == "trade" }
          .map(\.description))
    }
    #expect(!trades(7).isSubset(of: trades(8)))
  }
}
