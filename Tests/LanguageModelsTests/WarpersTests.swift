// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

/// generation.json: what transformers' logits processors leave of fixed logits.
struct GenerationCases: Decodable {
  struct Settings: Decodable {
    var temperature: Double?
    var topK: Int?
    var topP: Double?
    var minP: Double?
    var repetitionPenalty: Double?
  }

  struct Case: Decodable {
    var name: String
    var settings: Settings
    var probabilities: [[Double]]
  }

  var logits: [[Double]]
  var idsSoFar: [[Int]]
  var cases: [Case]
}

@Suite("Warpers")
struct WarpersTests {
  @Test("leave the distributions transformers' processors leave")
  func distributions() throws {
    let fixture = try Fixture.decode("generation.json", as: GenerationCases.self)
    #expect(fixture.cases.count >= 13)
    for item in fixture.cases {
      let settings = SamplingSettings(
        temperature: item.settings.temperature ?? 1, topK: item.settings.topK ?? 0,
        topP: item.settings.topP ?? 1, minP: item.settings.minP ?? 0,
        repetitionPenalty: item.settings.repetitionPenalty ?? 1)
      let logits = Tensor(rows: fixture.logits).to(.float32)
      let penalized = Warpers.repetition(
        logits, fixture.idsSoFar, penalty: settings.repetitionPenalty)
      let left = Warpers.truncated(penalized / settings.temperature, settings).softmax(-1)
      expectClose(left.reshaped([-1]), item.probabilities.flatMap { $0 }, atol: 1e-6, rtol: 1e-5)
      let removed = item.probabilities.flatMap { $0.map { $0 == 0 } }
      #expect(left.doubles.map { $0 == 0 } == removed, "\(item.name)")
    }
  }

  // transformers 5.23 on the same logits; repetition with ids {0, 4}.
  @Test("keep the tokens transformers keeps of a ladder")
  func ladder() {
    let logits = Tensor(rows: [[2.0, 1, 0.5, 0, -1, -3]]).to(.float32)
    func kept(_ scores: Tensor) -> [Int] {
      scores.floats.enumerated().filter { $0.element.isFinite }.map(\.offset)
    }
    #expect(kept(Warpers.topK(logits, 2)) == [0, 1])
    #expect(kept(Warpers.topP(logits, 0.8)) == [0, 1, 2])
    #expect(kept(Warpers.topP(logits, 0.5)) == [0])
    #expect(kept(Warpers.topP(logits, 0)) == [0])
    #expect(kept(Warpers.minP(logits, 0.2)) == [0, 1, 2])
    #expect(kept(Warpers.topK(logits, 0)) == [0, 1, 2, 3, 4, 5])
    #expect(kept(Warpers.topK(logits, 6)) == [0, 1, 2, 3, 4, 5])
    let penalized = Warpers.repetition(logits, [[0, 4, 0]], penalty: 1.3)
    expectClose(penalized.reshaped([-1]), [1.538462, 1, 0.5, 0, -1.3, -3], atol: 1e-6)
  }
}
