// SPDX-License-Identifier: Apache-2.0
import Feedback
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("Packing")
struct PackingTests {
  private func rows(_ lengths: [Int], weights: [Double] = []) -> TokenRows {
    var rows = TokenRows()
    for (index, length) in lengths.enumerated() {
      // Ids tell the row and the place.
      let ids = (0..<length).map { 100 * index + $0 }
      rows.append(
        TokenRow(prompt: [ids[0]], completion: Array(ids.dropFirst())),
        weight: weights.isEmpty ? 1 : weights[index])
    }
    return rows
  }

  @Test("best fit takes the longest rows first, each where the least room is left")
  func bestFit() {
    #expect(Packing.bestFit([3, 8, 5, 7, 2, 5], capacity: 10) == [[1, 4], [3, 0], [2, 5]])
    // 6 fits into the room of 4 + 6 only; the two rooms that fit a 3 are 3 and 4: the smaller is taken.
    #expect(Packing.bestFit([7, 6, 3], capacity: 10) == [[0, 2], [1]])
    #expect(Packing.bestFit([10, 10], capacity: 10) == [[0], [1]])
    #expect(Packing.bestFit([], capacity: 10).isEmpty)
  }

  @Test("packs hold every row once, are not over the limit, and nearly full")
  func fill() {
    var random = SplitMix(seed: 3)
    let lengths = (0..<2_000).map { _ in 1 + Int(random.next() % 200) }
    let packs = Packing.bestFit(lengths, capacity: 512)
    #expect(packs.joined().sorted() == Array(lengths.indices))
    let fills = packs.map { $0.reduce(0) { $0 + lengths[$1] } }
    #expect(fills.allSatisfy { $0 <= 512 })
    let needed = (lengths.reduce(0, +) + 511) / 512
    #expect(packs.count <= needed + 1)
    #expect(Packing.bestFit(lengths, capacity: 512) == packs)
  }

  @Test("bfd leaves rows whole, bfd_split and wrapped cut them")
  func strategies() throws {
    let data = rows([3, 9, 2])
    let whole = try Packing.bestFit.packed(rows([3, 4, 2]), length: 6)
    #expect(whole.packs == [[1, 2], [0]])
    #expect(whole.rows == rows([3, 4, 2]))
    let split = try Packing.bestFitSplit.packed(data, length: 6)
    #expect(
      split.rows.map(\.ids) == [
        [0, 1, 2], [100, 101, 102, 103, 104, 105], [106, 107, 108], [200, 201],
      ])
    // A piece's first token has nothing before it that could predict it.
    #expect(split.rows[2].isTarget == [false, true, true])
    #expect(split.packs == [[1], [0, 2], [3]])
    let wrapped = try Packing.wrapped.packed(data, length: 6)
    #expect(
      wrapped.rows.map(\.ids) == [
        [0, 1, 2, 100, 101, 102], [103, 104, 105, 106, 107, 108], [200, 201],
      ])
    #expect(wrapped.rows[0].isTarget == [false, true, true, false, true, true])
    #expect(wrapped.packs == [[0], [1], [2]])
  }

  @Test("weights follow their rows; wrapped, which would mix them, refuses")
  func weights() throws {
    let data = rows([3, 9], weights: [1, 0.5])
    let split = try Packing.bestFitSplit.packed(data, length: 6).rows
    #expect(split.indices.map(split.weight(of:)) == [1, 0.5, 0.5])
    let error = #expect(throws: TrainingError.self) {
      try Packing.wrapped.packed(data, length: 6)
    }
    #expect(error?.description.contains("packing_strategy") == true)
  }

  @Test("a token budget fills forward passes in order; a row over it stands alone")
  func budget() {
    var plan = StepPlan(
      microbatchSize: 2, schedule: LearningRateSchedule(.constant, base: 1, stepCount: 1))
    let lengths = [4, 5, 1, 12, 3, 8]
    #expect(plan.parts(lengths) { $0 } == [[4, 5], [1, 12], [3, 8]])
    plan.tokenBudget = 10
    #expect(plan.parts(lengths) { $0 } == [[4, 5, 1], [12], [3], [8]])
    #expect(plan.parts([Int]()) { $0 }.isEmpty)
  }

  @Test("a packed job counts packs as rows, and resumes bit for bit")
  func job() throws {
    let workshop = try Workshop()
    let records = Letters.completions(24)
    func run(_ name: String, packing: Packing?, steps: Int, resumes: Bool = false) throws {
      var settings = workshop.settings(name, steps: steps)
      settings.maxLength = 48
      settings.saveSteps = 2
      settings.optimization.schedule = .constant
      if resumes { settings.resume = .latest }
      var job = SFTJob(settings: settings, modelFolder: workshop.base)
      job.packing = packing
      try job.run(on: records)
    }
    try run("plain", packing: nil, steps: 4)
    try run("packed", packing: .bestFit, steps: 4)
    let tokens = try ["plain", "packed"].map { name in
      try #require(try workshop.metrics(name).compactMap { $0["num_tokens"] }.last)
    }
    // Four packs a step hold more than four rows do.
    #expect(tokens[1] > 1.5 * tokens[0])
    try run("resumed", packing: .bestFit, steps: 2)
    try run("resumed", packing: .bestFit, steps: 4, resumes: true)
    #expect(
      try workshop.bytes("resumed/model.safetensors") == workshop.bytes("packed/model.safetensors"))
  }
}
