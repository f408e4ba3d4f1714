// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("Millbrook")
struct MillbrookTests {
  static let village = Millbrook(seed: 7)

  /// FNV-1a over prompts, references, demonstrations and faults: the bytes that every platform
  /// must give. A change of words or templates changes the numbers, and old data with them.
  @Test(
    "gives the same bytes for the same seed",
    arguments: [
      ("book", UInt64(0x255e_f703_ee88_7944)), ("digest", 0x5015_e5f1_e1e1_645b),
      ("digest_notices", 0xd4f1_9de0_5549_4380), ("tale", 0x8bff_caec_5e42_46e0),
    ])
  func bytes(name: String, expected: UInt64) throws {
    var text = ""
    for split in Split.allCases {
      for index in 0..<50 {
        if name == "book" {
          text += MillbrookTests.village.book.sentence(split, index).text + "\n"
        } else {
          let task = try MillbrookTests.village.task(name)
          let item = task.item(split, index)
          text += item.id + item.prompt + item.reference + "\n"
          text += try task.demonstration(item).completion + "\n"
        }
      }
    }
    #expect(fnv1a(text.utf8) == expected)
  }

  @Test("two villages of one seed are alike, of two seeds are not")
  func seeds() throws {
    let (again, other) = (Millbrook(seed: 7), Millbrook(seed: 8))
    for name in MillbrookTests.village.taskNames {
      let item = try MillbrookTests.village.task(name).item(.dev, 4)
      #expect(try again.task(name).item(.dev, 4) == item)
      #expect(try other.task(name).item(.dev, 4).prompt != item.prompt)
    }
  }

  @Test("held-out words and templates stay out of every split but test_new")
  func heldOut() throws {
    let lists = [
      WordLists.people, WordLists.places, WordLists.goods, WordLists.trades, WordLists.streets,
      WordLists.pets, WordLists.foods, WordLists.instruments, WordLists.weathers,
    ]
    let held = Set(lists.flatMap { Split.testNew.entities($0) })
    let known = Set(lists.flatMap { Split.train.entities($0) })
    #expect(held.isDisjoint(with: known))
    var newWords: Set<String> = []
    for split in Split.allCases {
      for index in 0..<200 {
        var text = MillbrookTests.village.book.sentence(split, index).text
        for task in MillbrookTests.village.tasks {
          let item = task.item(split, index)
          text += " " + item.prompt + item.reference
          if split != .testNew { text += try task.demonstration(item).completion }
        }
        let words = Set(text.split { $0 == " " || $0 == "\n" }.map { String($0) })
        if split == .testNew {
          newWords.formUnion(words)
          #expect(words.isDisjoint(with: known))
        } else {
          #expect(words.isDisjoint(with: held), "\(split)")
        }
      }
    }
    #expect(held.isSubset(of: newWords))
  }

  @Test("splits are different draws")
  func splits() {
    for task in MillbrookTests.village.tasks {
      let prompts = Set(
        Split.allCases.flatMap { split in
          (0..<200).map { task.item(split, $0).prompt }
        })
      #expect(prompts.count > 780, "\(task.name)")
    }
  }

  @Test("an id gives its item back, and a wrong one an error that shows a right one")
  func ids() throws {
    let village = MillbrookTests.village
    for task in village.tasks {
      let item = task.item(.testNew, 17)
      #expect(item.id == "7/\(task.name)/test_new/17")
      #expect(try village.item(id: item.id) == item)
    }
    for id in ["", "8/digest/train/0", "7/digest/train/-1", "7/digest/trian/0", "7/digest/train"] {
      #expect(throws: MillbrookError.badItemID(id, seed: 7)) { try village.item(id: id) }
    }
    let error = #expect(throws: MillbrookError.self) { try village.item(id: "7/digset/train/0") }
    #expect(
      error?.description
        == "'digset' is no task of the village; there are: digest, digest_notices, tale")
  }

  @Test("the vocabulary holds every word of every text")
  func vocabulary() throws {
    let vocabulary = Set(Millbrook.vocabulary)
    #expect(vocabulary.count == Millbrook.vocabulary.count)
    #expect((600...1500).contains(vocabulary.count))
    for task in MillbrookTests.village.tasks {
      for split in Split.allCases {
        for index in 0..<100 {
          let item = task.item(split, index)
          let text = item.prompt + item.reference + (try task.demonstration(item).completion)
          for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            #expect(vocabulary.contains(String(word)), "\(word)")
          }
        }
      }
    }
  }

  @Test("fields of items and scores come in a fixed order for printing")
  func fields() throws {
    let task = try MillbrookTests.village.task("digest")
    let item = task.item(.train, 0)
    #expect(
      item.fields.map(\.key) == ["id", "task", "split", "prompt", "reference", "meta"])
    #expect(
      item.meta.map(\.key) == ["domain", "title", "post", "place", "keys", "noisy_reference"])
    let score = task.score(item, item.reference)
    #expect(score.fields.map(\.key) == ["aspects", "utility", "spans", "missing", "words"])
    #expect(score["no such aspect"] == nil)
  }

  @Test("quick sizes are an eighth of the standard ones")
  func sizes() {
    let (full, quick) = (StandardSizes.standard, StandardSizes.quick)
    let pairs = [
      (full.bookSentenceCount, quick.bookSentenceCount, 60_000),
      (full.demonstrationCount, quick.demonstrationCount, 4_000),
      (full.pairCount, quick.pairCount, 4_000), (full.promptCount, quick.promptCount, 2_000),
      (full.testItemCount, quick.testItemCount, 1_000),
    ]
    for (standard, eighth, expected) in pairs {
      #expect(standard == expected && eighth * 8 == standard)
    }
  }
}
