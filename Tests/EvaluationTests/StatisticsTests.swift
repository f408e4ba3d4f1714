// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Intervals and tests of proportions")
struct StatisticsTests {
  // statsmodels.stats.proportion.proportion_confint(k, n, method="wilson")
  @Test(
    "Wilson's interval matches statsmodels",
    arguments: [
      (13.0, 20, 0.432854, 0.818808), (3, 40, 0.025836, 0.198642), (0, 50, 0, 0.071348),
    ])
  func wilson(successes: Double, count: Int, lower: Double, upper: Double) throws {
    let interval = try Interval.wilson(successes: successes, count: count)
    expectClose([interval.lower, interval.upper], [lower, upper])
  }

  // scipy.stats.beta.ppf([.025], 3, 38), ppf([.975], 4, 37)
  @Test("the Clopper-Pearson interval matches SciPy, and its edges are exact")
  func clopperPearson() throws {
    let interval = try Interval.clopperPearson(successes: 3, count: 40)
    expectClose([interval.lower, interval.upper], [0.015742, 0.203865])
    // With no success the upper bound solves (1 - u)^n = 0.025.
    let none = try Interval.clopperPearson(successes: 0, count: 50)
    expectClose([none.lower, none.upper], [0, 1 - pow(0.025, 1.0 / 50)], within: 1e-12)
    let all = try Interval.clopperPearson(successes: 50, count: 50)
    expectClose([all.lower, all.upper], [pow(0.025, 1.0 / 50), 1], within: 1e-12)
  }

  @Test("a proportion outside its range is refused in words")
  func refusals() {
    #expect(throws: EvaluationError.self) { try Interval.wilson(successes: 5, count: 4) }
    #expect(throws: EvaluationError.self) { try Interval.wilson(successes: 0, count: 0) }
    #expect(throws: EvaluationError.self) { try Interval.wilson(successes: 1, count: 4, level: 1) }
  }

  @Test("the normal quantile, log gamma and the incomplete beta match known values")
  func specialFunctions() {
    expectClose(SpecialFunctions.normalQuantile(0.975), 1.959963984540054, within: 1e-12)
    expectClose(SpecialFunctions.normalQuantile(0.5), 0, within: 1e-12)
    expectClose(SpecialFunctions.logGamma(0.5), 0.5 * log(Double.pi), within: 1e-13)
    expectClose(SpecialFunctions.logGamma(11), log(3_628_800), within: 1e-13)
    // I_x(2, 3) = 6x² − 8x³ + 3x⁴
    expectClose(
      SpecialFunctions.incompleteBeta(0.3, 2, 3), 6 * 0.09 - 8 * 0.027 + 3 * 0.0081, within: 1e-13)
  }

  // scipy.stats.binomtest(6, 18).pvalue; binomtest(2, 11).pvalue
  @Test("the sign and McNemar tests match SciPy")
  func exactTests() throws {
    expectClose(signTest(wins: 12, losses: 6), 0.237885)
    #expect(signTest(wins: 0, losses: 0) == 1)
    #expect(signTest(wins: 4, losses: 4) == 1)
    expectClose(signTest(wins: 0, losses: 10), 2 * pow(0.5, 10), within: 1e-12)
    expectClose(
      McNemar(firstOnlyCount: 9, secondOnlyCount: 2, count: 50).pValue, 0.065430)
    let marks = try McNemar(
      first: [true, true, false, true], second: [true, false, true, false])
    #expect(marks.firstOnlyCount == 2 && marks.secondOnlyCount == 1 && marks.count == 4)
  }

  @Test("the sign test stays exact and quick for many items")
  func signTestAtScale() {
    // Normal approximation with continuity correction is good to three digits here.
    let z = (250_000.0 - 249_500 - 0.5) / (500_000.0.squareRoot() / 2)
    let approximate = erfc(z / 2.0.squareRoot())
    expectClose(signTest(wins: 249_500, losses: 250_500), approximate, within: 2e-3)
  }

  @Test("95 % Wilson intervals at p = 0.3, n = 50 cover in 93 to 97 % of 5,000 studies")
  func coverage() throws {
    let inside = try (0...50).map {
      try Interval.wilson(successes: Double($0), count: 50).contains(0.3)
    }
    var generator = TestGenerator(1)
    let covered = (0..<5000).count { _ in
      inside[(0..<50).count { _ in generator.uniform() < 0.3 }]
    }
    #expect((4650...4850).contains(covered), "covered \(covered) of 5000")
  }
}

@Suite("Bootstrap")
struct BootstrapTests {
  @Test("the percentile interval of the statistics 0 ... 100 is 2.5 to 97.5")
  func fixedDraws() {
    let interval = Bootstrap(seed: 1).interval(ofStatistics: (0...100).reversed().map(Double.init))
    expectClose([interval.lower, interval.upper], [2.5, 97.5], within: 1e-12)
  }

  @Test("equal seeds give equal intervals, different seeds different ones")
  func seeds() {
    let values = (0..<40).map { Double(($0 * 37) % 11) }
    let first = Bootstrap(seed: 7).interval(ofMean: values)
    #expect(first == Bootstrap(seed: 7).interval(ofMean: values))
    #expect(first != Bootstrap(seed: 8).interval(ofMean: values))
  }

  @Test("the general form resamples exactly as the mean's short cut does")
  func generalForm() {
    let values = (0..<25).map { Double($0 * $0) }
    let bootstrap = Bootstrap(draws: 200, seed: 3)
    let general = bootstrap.interval(itemCount: values.count) { indices in
      indices.reduce(0) { $0 + values[$1] } / Double(values.count)
    }
    #expect(general == bootstrap.interval(ofMean: values))
  }

  @Test("draws without a value are left out, and none at all gives nil")
  func undefinedDraws() {
    let bootstrap = Bootstrap(draws: 50, seed: 3)
    #expect(bootstrap.interval(itemCount: 3) { _ in nil } == nil)
    let some = bootstrap.interval(itemCount: 3) { $0[0] == 0 ? nil : 4 }
    #expect(some?.lower == 4 && some?.upper == 4)
  }

  @Test("95 % intervals of an exponential mean at n = 200 cover in 91 to 97 % of 500 studies")
  func coverage() {
    var generator = TestGenerator(5)
    let covered = (0..<500).count { study in
      let values = (0..<200).map { _ in -log(1 - generator.uniform()) }
      return Bootstrap(draws: 300, seed: UInt64(study)).interval(ofMean: values).contains(1)
    }
    #expect((455...485).contains(covered), "covered \(covered) of 500")
  }

  @Test("quantiles interpolate as NumPy's default does")
  func quantiles() {
    // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .9, 1])
    let sorted = [1.0, 2, 4, 8]
    expectClose(
      [0, 0.1, 0.5, 0.9, 1].map { quantile($0, ofSorted: sorted) }, [1, 1.3, 3, 6.8, 8],
      within: 1e-12)
  }
}

@Suite("Correlation")
struct CorrelationTests {
  let x = [1.0, 2, 3, 4, 5, 6]
  let y = [1.1, 1.9, 3.2, 2.8, 6, 5.5]

  // scipy.stats.pearsonr, spearmanr, kendalltau
  @Test(
    "matches SciPy",
    arguments: [
      (Correlation.pearson, 0.926914), (.spearman, 0.885714), (.kendall, 0.733333),
    ])
  func golden(kind: Correlation, expected: Double) throws {
    expectClose(try kind(x, y)?.value, expected)
  }

  @Test("ties share ranks")
  func ties() throws {
    expectClose(try Correlation.spearman([1, 2, 2, 3], [1, 3, 2, 2])?.value, 0.5)
    expectClose(try Correlation.kendall([1, 2, 2, 3], [1, 3, 2, 2])?.value, 0.4)
  }

  @Test("Kendall's fast count agrees with counting every pair")
  func kendallBruteForce() throws {
    var generator = TestGenerator(9)
    for size in [2, 3, 7, 33, 64, 101] {
      let x = (0..<size).map { _ in Double(generator.below(8)) }
      let y = (0..<size).map { _ in Double(generator.below(8)) }
      var difference = 0.0
      var untiedX = 0.0
      var untiedY = 0.0
      for i in 0..<size {
        for j in 0..<i {
          let dx = (x[i] - x[j]).signum
          let dy = (y[i] - y[j]).signum
          difference += dx * dy
          untiedX += abs(dx)
          untiedY += abs(dy)
        }
      }
      guard untiedX > 0, untiedY > 0 else { continue }
      expectClose(
        try Correlation.kendall(x, y)?.value, difference / (untiedX * untiedY).squareRoot(),
        within: 1e-12)
    }
  }

  @Test(
    "is 1 with itself, −1 with its negative, undefined for a constant",
    arguments: Correlation.allCases)
  func identities(kind: Correlation) throws {
    expectClose(try kind(y, y)?.value, 1, within: 1e-12)
    expectClose(try kind(y, y.map { -$0 })?.value, -1, within: 1e-12)
    #expect(try kind(x, [2, 2, 2, 2, 2, 2]) == nil)
  }

  @Test("refuses unequal lengths and values that are not numbers")
  func refusals() {
    #expect(throws: EvaluationError.self) { try Correlation.pearson([1, 2], [1]) }
    #expect(throws: EvaluationError.self) { try Correlation.pearson([1, .nan], [1, 2]) }
  }
}

extension Double {
  fileprivate var signum: Double { self > 0 ? 1 : self < 0 ? -1 : 0 }
}

@Suite("Histogram")
struct HistogramTests {
  @Test("puts edges into the bin on their right, the last edge into the last bin")
  func edges() {
    let histogram = Histogram([0, 0.5, 1, 1.5, 2, 2.5, -1, .nan], binCount: 2, range: 0...2)
    #expect(histogram.counts == [2, 3])
    #expect(histogram.belowCount == 1 && histogram.aboveCount == 1)
    #expect(histogram.nonFiniteCount == 1)
    expectClose(histogram.densities.reduce(0, +) * histogram.binWidth, 1, within: 1e-12)
  }

  @Test("keeps every value whatever the bins", arguments: [1, 2, 10, 1000])
  func totals(size: Int) {
    var generator = TestGenerator(4)
    let values = (0..<size).map { _ in generator.normal() }
    let histogram = Histogram(values)
    #expect(histogram.count == size)
    #expect((5...60).contains(histogram.counts.count))
  }

  @Test("equal values get one bin around them, and no values get empty bins")
  func degenerate() {
    #expect(Histogram([3, 3, 3]).count == 3)
    #expect(Histogram([]).count == 0)
  }
}
