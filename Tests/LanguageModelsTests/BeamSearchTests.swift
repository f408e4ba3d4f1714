// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

/// searches.json: completions transformers finds; see Fixtures/make_generation_fixtures.py.
struct SearchCases: Decodable {
  struct Case: Decodable {
    var kind: String
    var model: String
    var prompt: [Int]
    var completions: [[Int]]
    var scores: [Double]?
  }

  var cases: [Case]

  /// The cases of a kind, each with its configuration read as a folder's would be.
  static func read(_ kind: String) throws -> [(item: Case, config: GenerationDefaults)] {
    let fixture = try Fixture.decode("searches.json", as: SearchCases.self)
    let json = try readJSON(Fixture.root.appending(path: "searches.json"))
    let raw = try #require(json["cases"] as? [[String: Any]])
    return try withTemporaryFolder { folder in
      try zip(fixture.cases, raw).filter { $0.0.kind == kind }.map { item, raw in
        let file = folder.appending(path: "generation_config.json")
        let config = try #require(raw["config"] as? [String: Any])
        try JSONSerialization.data(withJSONObject: config).write(to: file)
        var defaults = try GenerationDefaults(file: file)
        defaults.samples = false
        return (item, defaults)
      }
    }
  }
}

@Suite("Beam search")
struct BeamSearchTests {
  @Test("finds what transformers finds, in its order and with its scores")
  func parity() throws {
    let cases = try SearchCases.read("beams")
    #expect(cases.count >= 20)
    for (item, config) in cases {
      let search = BeamSearch(
        try Fixture.model(item.model), config.settings(), beamCount: try #require(config.beamCount),
        lengthPenalty: config.lengthPenalty ?? 1,
        earlyStopping: config.earlyStopping ?? .whenUnlikely)
      let found = search.completions(item.prompt, count: config.returnCount ?? 1)
      #expect(found.map(\.completion.ids) == item.completions, "\(item.model) \(config)")
      expectClose(
        found.map { Double($0.score) }, try #require(item.scores), atol: 1e-5, rtol: 1e-5)
    }
  }

  @Test("log-probs of the tokens are those of reading the text, and add up to the score")
  func logProbs() throws {
    let model = try Fixture.model("llama3")
    let settings = SamplingSettings(maxNewTokens: 9, temperature: 0, stopTokenIDs: [2, 8, 14])
    let found = BeamSearch(model, settings, beamCount: 4).completions([5, 6, 7], count: 4)
    for result in found {
      let ids = result.completion.ids
      let read = withoutGrad {
        model.targetLogProbs(
          of: TokenBatch([TokenRow(prompt: [5, 6, 7], completion: ids)], padTokenID: 0))
      }
      expectClose(
        result.completion.logProbs.map(Double.init), read.logProbs.doubles, atol: 1e-5, rtol: 1e-5)
      let mean = read.logProbs.doubles.reduce(0, +) / Double(ids.count)
      #expect(abs(Double(result.score) - mean) < 1e-5)
      let endsText = ids.last.map { [2, 8, 14].contains($0) } ?? false
      #expect(result.completion.stopReason == (endsText ? .endOfText : .length))
    }
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
  }

  @Test("beams that hold everything find the best completion of all")
  func exhaustive() throws {
    let model = try Fixture.model("biased")
    // 40 beams and two tokens: every pair is looked at.
    let settings = SamplingSettings(maxNewTokens: 2, temperature: 0)
    let found = BeamSearch(model, settings, beamCount: 40, lengthPenalty: 0).completions([9, 10])[0]
    let first = withoutGrad { model.logits([[9, 10]]).picked(0, 0).picked(0, 1).logSoftmax(-1) }
      .doubles
    var best = -Double.infinity
    for token in 0..<40 {
      let second = withoutGrad {
        model.logits([[9, 10, token]]).picked(0, 0).picked(0, 2).logSoftmax(-1)
      }.doubles
      best = max(best, first[token] + (second.max() ?? 0))
    }
    #expect(abs(Double(found.score) - best) < 1e-5)
  }

  @Test("sampled beams follow their seed, differ between seeds and draw likely tokens more often")
  func sampled() throws {
    let model = try Fixture.model("biased")
    var settings = SamplingSettings(maxNewTokens: 6, temperature: 1.5)
    let search = BeamSearch(model, settings, beamCount: 3)
    let all = (0..<12).map { search.completions([5, 6], count: 2, seed: $0) }
    #expect(search.completions([5, 6], count: 2, seed: 3) == all[3])
    #expect(Set(all.map { $0[0].completion.ids }).count > 6)
    // With one beam and one token the draw is that of the distribution.
    settings = SamplingSettings(maxNewTokens: 1, temperature: 0.7)
    let single = BeamSearch(model, settings, beamCount: 1)
    let p = withoutGrad { model.logits([[5, 6]]) }.picked(0, 0).picked(0, 1)
    let expected = (p.logSoftmax(-1) / 0.7).softmax(-1).doubles
    let best = try #require(expected.indices.max { expected[$0] < expected[$1] })
    // Two candidates are drawn without replacement and the likelier one is kept.
    let hits = (0..<600).count { single.completions([5, 6], seed: $0)[0].completion.ids == [best] }
    let pBest = expected[best]
    let second = expected.indices.filter { $0 != best }.reduce(0) {
      $0 + expected[$1] * pBest / (1 - expected[$1])
    }
    let mean = 600 * (pBest + second)
    let deviation = (mean * (1 - mean / 600)).squareRoot()
    #expect(abs(Double(hits) - mean) < 4 * deviation, "\(hits) of \(mean)")
  }

  @Test("a stop string ends a beam, and a full text gives nothing")
  func ends() throws {
    let model = try Fixture.model("biased")
    let settings = SamplingSettings(maxNewTokens: 8, temperature: 0, stopStrings: ["<3"])
    let search = BeamSearch(model, settings, beamCount: 3, earlyStopping: .whenFull) {
      $0.map { "<\($0)>" }.joined()
    }
    // The greedy completion of this prompt begins 27 7 35.
    let found = search.completions(try Fixture.expected("biased").rows[0].ids, count: 3)
    for result in found where result.completion.stopReason == .stopString {
      #expect("\(result.completion.ids.last ?? 0)".hasPrefix("3"))
      #expect(result.completion.ids.dropLast().allSatisfy { !"\($0)".hasPrefix("3") })
    }
    #expect(found.contains { $0.completion.stopReason == .stopString })
    let full = [Int](repeating: 5, count: 64)
    #expect(
      BeamSearch(model, settings, beamCount: 1, decode: { _ in "" }).completions(full).isEmpty)
  }
}
