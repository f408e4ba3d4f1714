// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Environments

@Suite("Writers and documents")
struct WritersTests {
  static let tasks = Millbrook(seed: 7).tasks

  @Test("about 35 % of default demonstrations are faultless, the others have one fault or two")
  func defaultMix() throws {
    for task in WritersTests.tasks {
      var faultCounts = [0, 0, 0]
      for index in 0..<2000 {
        let demonstration = try task.demonstration(task.item(.train, index))
        faultCounts[demonstration.faults.count] += 1
      }
      // 4 standard deviations around 0.345 of 2,000 are 85.
      #expect((605...775).contains(faultCounts[0]), "\(task.name): \(faultCounts)")
      #expect(faultCounts[1] > faultCounts[2] && faultCounts[2] > 200)
    }
  }

  @Test("demonstrations of digest are mediocre: mean utility about 0.67 where drafts have 1")
  func mediocrity() throws {
    let task = WritersTests.tasks[0]
    let utilities = try (0..<1000).map { index in
      let item = task.item(.train, index)
      return task.score(item, try task.demonstration(item).completion).utility
    }
    let mean = utilities.reduce(0, +) / 1000
    #expect((0.6...0.75).contains(mean))
    let spread = utilities.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 1000
    #expect((0.06...0.16).contains(spread))
  }

  @Test("the same item and index give the same text, another index another one")
  func determinism() throws {
    let task = WritersTests.tasks[0]
    let item = task.item(.train, 3)
    let first = try task.demonstration(item, index: 0)
    #expect(try task.demonstration(item, index: 0) == first)
    let texts = try Set((0..<20).map { try task.demonstration(item, index: $0).completion })
    #expect(texts.count > 8)
  }

  @Test("a writer makes the faults of the profile and no others")
  func profile() throws {
    let task = WritersTests.tasks[0]
    let padder = WriterMix([
      Writer(name: "padder", share: 2, faultless: 0, faults: [.init("pad", 1), .init("repeat", 0)])
    ])
    for index in 0..<50 {
      let text = try task.demonstration(task.item(.train, index), mix: padder)
      #expect(text.faults == ["pad"] && text.writer == "padder")
      let clean = try task.demonstration(task.item(.train, index), mix: .faultless)
      #expect(task.score(task.item(.train, index), clean.completion).utility == 1)
    }
  }

  @Test("a fault that the task does not know is an error before anything is written")
  func unknownFault() {
    let task = WritersTests.tasks[2]
    let mix = WriterMix([
      Writer(name: "x", share: 1, faultless: 1, faults: [.init("pad", 1)])
    ])
    #expect(
      throws: MillbrookError.unknownDegrader(
        "pad", task: "tale", known: task.degraders.map(\.name))
    ) {
      try task.demonstration(task.item(.train, 0), mix: mix)
    }
  }

  @Test("documents span all qualities, of training items that experiments do not use")
  func documents() {
    for task in WritersTests.tasks {
      let documents = Documents(of: task)
      var faultCounts: Set<Int> = []
      var utilities: [Double] = []
      for index in 0..<300 {
        let document = documents.document(index)
        #expect(document.item.split == .train && document.item.index == 1_000_000 + index)
        #expect(document.text == document.item.prompt + document.completion)
        faultCounts.insert(document.faults.count)
        utilities.append(task.score(document.item, document.completion).utility)
      }
      #expect(faultCounts == [0, 1, 2, 3, 4])
      #expect((utilities.max() ?? 0) > 0.95 && (utilities.min() ?? 1) < 0.25)
    }
  }
}
