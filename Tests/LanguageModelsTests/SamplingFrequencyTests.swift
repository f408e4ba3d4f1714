// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Testing
import Torch

@Suite("Sampling frequencies")
struct SamplingFrequencyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let settings: SamplingSettings
    var testDescription: String {
      "temperature \(settings.temperature), top-k \(settings.topK), top-p \(settings.topP), min-p \(settings.minP), typical \(settings.typicalP)"
    }

    init(settings: SamplingSettings) { self.settings = settings }

    init(typical: Double, temperature: Double) {
      var settings = SamplingSettings(maxNewTokens: 1, temperature: temperature)
      settings.typicalP = typical
      self.settings = settings
    }
  }

  /// The distribution by the definitions, in float64 and without tensors.
  private func exact(_ logits: [Double], _ settings: SamplingSettings) -> [Double] {
    func normalized(_ weights: [Double]) -> [Double] {
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
    var p = normalized(logits.map { exponential($0 / settings.temperature) })
    let order = p.indices.sorted { p[$0] > p[$1] }
    if settings.topK > 0 {
      for index in order.dropFirst(settings.topK) { p[index] = 0 }
      p = normalized(p)
    }
    var mass = 0.0
    for index in order {
      let before = mass
      mass += p[index]
      if before >= settings.topP { p[index] = 0 }
    }
    p = normalized(p)
    let bound = settings.minP * (p.max() ?? 0)
    p = normalized(p.map { $0 < bound ? 0 : $0 })
    guard settings.typicalP < 1 else { return p }
    // The tokens whose surprise is nearest to the expected one, until they hold the mass.
    let possible = p.indices.filter { p[$0] > 0 }
    let entropy = possible.reduce(0) { $0 - p[$1] * logarithm(p[$1]) }
    mass = 0
    for index in possible.sorted(by: {
      abs(logarithm(p[$0]) + entropy) < abs(logarithm(p[$1]) + entropy)
    }) {
      let before = mass
      mass += p[index]
      if before >= settings.typicalP { p[index] = 0 }
    }
    return normalized(p)
  }

  // Bounds: the 0.999 quantile of chi-square by Wilson and Hilferty's formula. Seeds are fixed, so the test gives
  // the same answer always; a wrong temperature or truncation misses by hundreds.
  @Test(
    "follow the exact distribution",
    arguments: [
      Case(settings: SamplingSettings(maxNewTokens: 1)),
      Case(settings: SamplingSettings(maxNewTokens: 1, temperature: 1.7)),
      Case(settings: SamplingSettings(maxNewTokens: 1, temperature: 2, topK: 8)),
      Case(settings: SamplingSettings(maxNewTokens: 1, temperature: 1.5, topP: 0.8)),
      Case(
        settings: SamplingSettings(maxNewTokens: 1, temperature: 3, topK: 20, topP: 0.9, minP: 0.1)),
      Case(settings: SamplingSettings(maxNewTokens: 1, temperature: 1.5, minP: 0.05)),
      Case(typical: 0.7, temperature: 2),
      Case(typical: 0.95, temperature: 1.5),
    ])
  func chiSquare(_ item: Case) throws {
    let model = try Fixture.model("biased")
    let row = try Fixture.expected("biased").rows[1]
    let logits = try #require(row.logits.chunked(40).last)
    let expected = exact(logits, item.settings)
    let count = 6000
    let found = Sampler(model, item.settings, batchSize: 1000).completions(
      [[Int]](repeating: row.ids, count: count), seeds: (0..<count).map { UInt64($0) })
    var seen = [Double](repeating: 0, count: 40)
    for completion in found { seen[completion.ids[0]] += 1 }

    var statistic = 0.0
    var cells = 0
    var rareExpected = 0.0
    var rareSeen = 0.0
    for (p, seen) in zip(expected, seen) {
      if p == 0 {
        #expect(seen == 0, "a token that truncation removes was drawn")
      } else if p * Double(count) < 5 {  // cells this small are pooled
        rareExpected += p * Double(count)
        rareSeen += seen
      } else {
        let mean = p * Double(count)
        statistic += (seen - mean) * (seen - mean) / mean
        cells += 1
      }
    }
    if rareExpected > 0 {
      statistic += (rareSeen - rareExpected) * (rareSeen - rareExpected) / rareExpected
      cells += 1
    }
    #expect(cells > 3)
    let freedom = Double(cells - 1)
    let spread = 2 / (9 * freedom)
    let root = 1 - spread + 3.0902 * spread.squareRoot()
    let bound = freedom * root * root * root
    #expect(statistic < bound, "chi-square \(statistic) with \(freedom) degrees of freedom")
  }
}
