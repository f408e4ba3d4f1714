// SPDX-License-Identifier: Apache-2.0
import Foundation
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

/// processors.json: what the processors of a generation configuration leave of fixed logits.
struct ProcessorCases: Decodable {
  struct Case: Decodable {
    var name: String
    var promptCount: Int
    var textCount: Int
    /// `[B, V]`; nil for minus infinity.
    var scores: [Double?]
  }

  var logits: [Double]
  var ids: [[Int]]
  var cases: [Case]
}

@Suite("Logits processors")
struct LogitsProcessorTests {
  private func texts(_ ids: [[Int]], promptCount: Int = 0) -> [DecodedText] {
    ids.map { DecodedText(ids: $0, promptCount: promptCount) }
  }

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
      let left = settings.processors(vocabularyCount: 12, device: .cpu)
        .reduce(logits) { $1($0, texts(fixture.idsSoFar)) }.softmax(-1)
      expectClose(left.reshaped([-1]), item.probabilities.flatMap { $0 }, atol: 1e-6, rtol: 1e-5)
      let removed = item.probabilities.flatMap { $0.map { $0 == 0 } }
      #expect(left.doubles.map { $0 == 0 } == removed, "\(item.name)")
    }
  }

  // transformers 5.23 on the same logits; repetition with ids {0, 4}.
  @Test("keep the tokens transformers keeps of a ladder")
  func ladder() {
    let logits = Tensor(rows: [[2.0, 1, 0.5, 0, -1, -3]]).to(.float32)
    func kept(_ processor: any LogitsProcessor) -> [Int] {
      processor(logits, texts([[0]])).floats.enumerated().filter { $0.element.isFinite }
        .map(\.offset)
    }
    #expect(kept(TopK(2)) == [0, 1])
    #expect(kept(TopP(0.8)) == [0, 1, 2])
    #expect(kept(TopP(0.5)) == [0])
    #expect(kept(TopP(0)) == [0])
    #expect(kept(MinP(0.2)) == [0, 1, 2])
    #expect(kept(TopK(6)) == [0, 1, 2, 3, 4, 5])
    #expect(kept(Typical(0.5)) == [0, 1])
    #expect(kept(Typical(0.9)) == [0, 1, 2, 3])
    #expect(kept(EpsilonCutoff(0.1)) == [0, 1, 2])
    #expect(kept(EtaCutoff(0.1)) == [0, 1, 2])
    let penalized = RepetitionPenalty(1.3)(logits, texts([[0, 4, 0]]))
    expectClose(penalized.reshaped([-1]), [1.538462, 1, 0.5, 0, -1.3, -3], atol: 1e-6)
  }

  @Test("made of a generation configuration leave the scores transformers leaves")
  func configurations() throws {
    let fixture = try Fixture.decode("processors.json", as: ProcessorCases.self)
    let json = try readJSON(Fixture.root.appending(path: "processors.json"))
    let configurations = try #require(json["cases"] as? [[String: Any]])
    #expect(fixture.cases.count >= 38)
    let logits = Tensor(fixture.logits, shape: [3, 40]).to(.float32)
    for (item, raw) in zip(fixture.cases, configurations) {
      let config = try #require(raw["config"] as? [String: Any])
      let (settings, beamCount) = try settings(config)
      let ends = settings.stopTokenIDs.count
      let scores = settings.processors(
        vocabularyCount: 40, device: .cpu, minimumKept: beamCount > 1 ? ends + 1 : 1
      ).reduce(logits) { scores, processor in
        processor(
          scores,
          fixture.ids.map {
            DecodedText(
              ids: Array($0.prefix(item.textCount)), promptCount: item.promptCount,
              maximumCount: settings.maxLength ?? .max)
          })
      }
      let found = scores.floats
      for (index, expected) in item.scores.enumerated() {
        let difference = abs(Double(found[index]) - (expected ?? -.infinity))
        let isClose =
          expected.map { difference <= 1e-5 + 1e-5 * abs($0) } ?? (found[index] == -.infinity)
        #expect(
          isClose,
          "\(item.name): row \(index / 40), token \(index % 40): \(found[index]) for \(expected ?? -.infinity)"
        )
      }
    }
  }

  /// Settings as a folder would give them; the fixture is greedy unless it says otherwise.
  private func settings(_ config: [String: Any]) throws -> (SamplingSettings, beamCount: Int) {
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "generation_config.json")
      try JSONSerialization.data(withJSONObject: config).write(to: file)
      var defaults = try GenerationDefaults(file: file)
      defaults.samples = defaults.samples ?? false
      return (defaults.settings(), defaults.beamCount ?? 1)
    }
  }

  @Test("a row's scores do not depend on the rows beside it")
  func rowsAlone() {
    var settings = SamplingSettings(
      minNewTokens: 3, temperature: 1.3, topK: 20, topP: 0.9, repetitionPenalty: 1.2,
      stopTokenIDs: [3, 5])
    settings.noRepeatNGramSize = 2
    settings.frequencyPenalty = 0.3
    settings.typicalP = 0.9
    settings.badWords = [[7, 9]]
    settings.beginSuppressedTokenIDs = [11]
    settings.forcedEOSTokenIDs = [3]
    settings.lengthDecay = SamplingSettings.LengthDecay(start: 1, factor: 1.5)
    let rows = [
      DecodedText(ids: [4], promptCount: 1, maximumCount: 9),
      DecodedText(ids: [7, 9, 7, 8, 7], promptCount: 2, maximumCount: 6),
      DecodedText(ids: [1, 2, 3, 4, 1, 2, 3], promptCount: 3, maximumCount: 20),
    ]
    let logits = Generator(seed: 4).normal(deviation: 2, shape: [3, 40])
    let processors = settings.processors(vocabularyCount: 40, device: .cpu)
    func run(_ scores: Tensor, _ texts: [DecodedText]) -> [Float] {
      processors.reduce(scores) { $1($0, texts) }.floats
    }
    let together = run(logits, rows)
    for (row, text) in rows.enumerated() {
      let alone = run(logits.narrowed(0, row..<row + 1), [text])
      #expect(alone == Array(together[row * 40..<(row + 1) * 40]))
    }
    // The last place of the second row is forced, the first row may not end.
    #expect(together[40..<80].enumerated().allSatisfy { ($0.offset == 3) == $0.element.isFinite })
    #expect(together[3] == -.infinity && together[5] == -.infinity)
  }

  @Test("settings that change nothing make no processor, and greedy ones no truncation")
  func nothing() {
    #expect(
      SamplingSettings().processors(vocabularyCount: 40, device: .cpu).isEmpty)
    let greedy = SamplingSettings(temperature: 0, topK: 3, topP: 0.5, minP: 0.1)
    #expect(greedy.processors(vocabularyCount: 40, device: .cpu).isEmpty)
  }

  @Test("settings out of range are refused by name")
  func ranges() {
    func problem(_ change: (inout SamplingSettings) -> Void) -> String? {
      var settings = SamplingSettings()
      change(&settings)
      do {
        try settings.validate(vocabularyCount: 40)
        return nil
      } catch { return "\(error)" }
    }
    #expect(problem { _ in } == nil)
    #expect(problem { $0.maxNewTokens = 0 } == "max_new_tokens: expected at least 1, found 0")
    #expect(problem { $0.minNewTokens = -1 } == "min_new_tokens: expected at least 0, found -1")
    #expect(problem { $0.maxLength = 0 } == "max_length: expected at least 1, found 0")
    #expect(problem { $0.temperature = -0.5 } == "temperature: expected at least 0, found -0.5")
    #expect(problem { $0.temperature = .nan } == "temperature: expected at least 0, found nan")
    #expect(problem { $0.topK = -1 } == "top_k: expected at least 0, found -1")
    #expect(problem { $0.topP = 0 } == "top_p: expected above 0 to 1, found 0.0")
    #expect(problem { $0.minP = 1 } == "min_p: expected 0 to below 1, found 1.0")
    #expect(problem { $0.typicalP = 1.5 } == "typical_p: expected above 0 to 1, found 1.5")
    #expect(problem { $0.topH = 0 } == "top_h: expected above 0 to 1, found 0.0")
    #expect(problem { $0.etaCutoff = 1 } == "eta_cutoff: expected 0 to below 1, found 1.0")
    #expect(
      problem { $0.repetitionPenalty = 0 } == "repetition_penalty: expected above 0, found 0.0")
    #expect(
      problem { $0.frequencyPenalty = .infinity }
        == "frequency_penalty: expected a number, found inf")
    #expect(
      problem { $0.badWords = [[3], []] }
        == "bad_words_ids: expected sequences of tokens, found an empty one")
    #expect(
      problem { $0.suppressedTokenIDs = [3, 40] }
        == "suppress_tokens: expected token ids from 0 to 39, the model's vocabulary, found 40")
    #expect(
      problem { $0.stopStrings = ["a", ""] } == "stop_strings: expected texts, found an empty one")
  }
}
