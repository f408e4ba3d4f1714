// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("Degraders keep what they promise")
struct DegraderTests {
  static let tasks = Millbrook(seed: 7).tasks
  static let pairs = tasks.indices.flatMap { number in
    tasks[number].degraders.map { (number, $0) }
  }

  @Test("the first aspect falls by 0.2 or more, others not named move by at most 0.1")
  func contract() throws {
    for (number, degrader) in DegraderTests.pairs {
      let task = DegraderTests.tasks[number]
      for split in Split.allCases {
        for index in 0..<80 {
          let item = task.item(split, index)
          var random = SplitMix64(text: "contract/\(item.id)/\(degrader.name)")
          let worse = try task.degrade(
            item, item.reference, kind: degrader.name, using: &random)
          if degrader.name == "drop_required", item.prompt.contains("words : none") {
            #expect(worse == nil)
            continue
          }
          let result = try #require(worse, "\(degrader.name) found nothing in \(item.reference)")
          check(task, item, degrader, result)
        }
      }
    }
  }

  private func check(
    _ task: any TextTask, _ item: TaskItem, _ degrader: Degrader, _ worse: Degradation
  ) {
    let before = task.score(item, item.reference)
    let after = task.score(item, worse.text)
    let name = "\(task.name) \(degrader.name): \(worse.text)"
    for (old, new) in zip(before.aspects, after.aspects) {
      if old.name == degrader.lowers[0] {
        #expect(old.value - new.value >= 0.2 - 1e-9, "\(name): \(old.name)")
      } else if !degrader.lowers.contains(old.name) {
        #expect(abs(old.value - new.value) <= 0.1 + 1e-9, "\(name): \(old.name)")
      }
    }
    let least = task.name == "tale" ? 0.01 : 0.1
    #expect(before.utility - after.utility > least, "\(name)")
    #expect(worse.text != item.reference)
    let scalars = Array(worse.text.unicodeScalars)
    #expect(worse.span.lowerBound >= 0 && worse.span.upperBound <= scalars.count, "\(name)")
    // A fault is whole words; it is empty only where a sentence is gone.
    let fault = scalars[worse.span]
    #expect(fault.first != " " && fault.last != " ", "\(name)")
    #expect(!fault.isEmpty || degrader.name.hasPrefix("drop_"), "\(name)")
    #expect(worse.text.first == " " && !worse.text.contains("  "), "\(name)")
  }

  @Test("faults can be planted on faults, down to nothing and without trouble")
  func stacking() throws {
    for task in DegraderTests.tasks {
      for index in 0..<60 {
        let item = task.item(.train, index)
        var random = SplitMix64(text: "stack \(index)")
        var text = item.reference
        for _ in 0..<8 {
          let kind = random.pick(task.degraders).name
          guard let worse = try task.degrade(item, text, kind: kind, using: &random) else {
            continue
          }
          #expect(worse.text != text, "\(kind)")
          #expect(task.score(item, worse.text).aspects.allSatisfy { (0...1).contains($0.value) })
          #expect(worse.span.upperBound <= worse.text.unicodeScalars.count)
          text = worse.text
        }
      }
    }
  }

  @Test("where nothing can be spoiled the answer is nil")
  func nothingToSpoil() throws {
    var random = SplitMix64(state: 1)
    let (digest, tale) = (DegraderTests.tasks[0], DegraderTests.tasks[2])
    let post = digest.item(.train, 0)
    for kind in ["drop_key", "drop_lead", "swap_roles", "repeat"] {
      #expect(try digest.degrade(post, "", kind: kind, using: &random) == nil)
    }
    for degrader in tale.degraders {
      let item = tale.item(.train, 1)
      #expect(try tale.degrade(item, " no", kind: degrader.name, using: &random) == nil)
    }
  }

  @Test("an unknown degrader is named together with the known ones")
  func unknown() throws {
    var random = SplitMix64(state: 1)
    let task = DegraderTests.tasks[2]
    let error = #expect(throws: MillbrookError.self) {
      try task.degrade(task.item(.train, 0), " x", kind: "drop_key", using: &random)
    }
    #expect(
      error?.description
        == "'drop_key' is no way to spoil a text of 'tale'; there are: flip_word, shuffle, "
        + "drop_required, repeat_phrase, wrong_name")
  }

  @Test("any text is judged and degraded without a crash, and gibberish earns nothing")
  func fuzz() throws {
    var random = SplitMix64(text: "fuzz")
    let vocabulary = Millbrook.vocabulary
    let scraps = [
      "", " ", "\n", "\t", "é", "e\u{301}", "🙂🏽", "\u{0}", "\u{200d}", "\u{feff}", "\r\n", "{x}",
      "999999999999999999999", "-1", ".", "..", "!", "\u{10ffff}", "\u{2028}", "\\", "\"",
    ]
    for task in DegraderTests.tasks {
      for round in 0..<400 {
        let item = task.item(.test, round)
        var text = ""
        for _ in 0..<random.int(below: 60) {
          text += random.chance(0.2) ? random.pick(scraps) : random.pick(vocabulary)
          if random.chance(0.9) { text += " " }
        }
        let score = task.score(item, text)
        #expect(score.aspects.allSatisfy { (0...1).contains($0.value) })
        #expect(score.spans.allSatisfy { $0.start < $0.end })
        #expect(score.spans.allSatisfy { $0.end <= text.unicodeScalars.count })
        #expect(score.utility < 0.75, "\(text)")
        if task.name != "tale" { #expect(score.utility <= 0, "\(text)") }
        for degrader in task.degraders {
          let worse = try task.degrade(item, text, kind: degrader.name, using: &random)
          if let worse { #expect(worse.span.upperBound <= worse.text.unicodeScalars.count) }
        }
      }
    }
  }

  @Test("long texts take time in proportion to their length")
  func longTexts() {
    let sentence = " edgar mended a wagon at the fountain for 4 coins"
    for task in DegraderTests.tasks {
      let item = task.item(.train, 0)
      let endless = String(repeating: sentence, count: 5_000)
      let score = task.score(item, endless)
      #expect(score.notes.contains(MetaField("words", 50_000)))
      let many = String(repeating: sentence + " .", count: 5_000)
      #expect(task.score(item, many).notes.contains(MetaField("words", 55_000)))
    }
  }
}
