// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Evaluation

@Suite("Agreement of annotators")
struct AgreementTests {
  let a = [1, 1, 0, 1, 0, 2, 2, 1, 0, 2]
  let b = [1, 0, 0, 1, 0, 2, 1, 1, 0, 2]

  // sklearn.metrics.cohen_kappa_score(a, b, weights=...)
  @Test(
    "Cohen's kappa matches scikit-learn",
    arguments: [(CohenKappa.Weights.none, 0.696970), (.linear, 0.761905), (.quadratic, 0.833333)])
  func cohen(weights: CohenKappa.Weights, expected: Double) throws {
    expectClose(try CohenKappa(weights: weights)(a, b)?.value, expected)
    #expect(try CohenKappa(weights: weights)(a, a)?.value == 1)
  }

  @Test("kappa is undefined where only one category occurs")
  func undefined() throws {
    #expect(try CohenKappa()([1, 1], [1, 1]) == nil)
    #expect(try fleissKappa(counts: [[3, 0], [3, 0]]) == nil)
    #expect(try KrippendorffAlpha(scale: .nominal)(units: [[1, 1], [1, 1]]) == nil)
  }

  // statsmodels.stats.inter_rater.fleiss_kappa
  @Test("Fleiss' kappa matches statsmodels")
  func fleiss() throws {
    let counts = [[0, 0, 5], [1, 2, 2], [4, 1, 0], [0, 5, 0], [2, 2, 1], [3, 0, 2]]
    let estimate = try fleissKappa(counts: counts, bootstrap: Bootstrap(draws: 100, seed: 1))
    expectClose(estimate?.value, 0.35)
    #expect(estimate?.interval?.contains(0.35) == true)
    #expect(try fleissKappa(counts: [[4, 0], [0, 4]])?.value == 1)
    #expect(throws: EvaluationError.self) { try fleissKappa(counts: [[2, 1], [1, 1]]) }
  }

  static let four: [[Double?]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, nil, nil, nil], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nil, 3],
    [nil, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nil], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nil],
  ]
  static let three: [[Double?]] = [[1, 2, 1, nil], [1, 2, 2, 3], [1, 1, 2, 3]]

  // krippendorff.alpha(reliability_data, level_of_measurement=...)
  @Test(
    "Krippendorff's alpha matches the krippendorff package",
    arguments: [
      (KrippendorffAlpha.Scale.nominal, 0.743421, 0.473684), (.ordinal, 0.815388, 0.610390),
      (.interval, 0.849107, 0.705882),
    ])
  func krippendorff(scale: KrippendorffAlpha.Scale, four: Double, three: Double) throws {
    expectClose(try KrippendorffAlpha(scale: scale)(raters: Self.four)?.value, four)
    expectClose(try KrippendorffAlpha(scale: scale)(raters: Self.three)?.value, three)
  }

  @Test("alpha on a ratio scale matches, and refuses negative ratings")
  func ratio() throws {
    expectClose(try KrippendorffAlpha(scale: .ratio)(raters: Self.four)?.value, 0.797403)
    #expect(throws: EvaluationError.self) {
      try KrippendorffAlpha(scale: .ratio)(units: [[-1, 1]])
    }
  }

  @Test(
    "alpha does not care which rater is which, and is 1 on equal ratings",
    arguments: KrippendorffAlpha.Scale.allCases)
  func identities(scale: KrippendorffAlpha.Scale) throws {
    let alpha = KrippendorffAlpha(scale: scale)
    let plain = try #require(try alpha(raters: Self.four)?.value)
    expectClose(try alpha(raters: Self.four.reversed())?.value, plain, within: 1e-12)
    expectClose(
      try alpha(raters: [Self.four[2], Self.four[0], Self.four[3], Self.four[1]])?.value, plain,
      within: 1e-12)
    #expect(try alpha(units: [[1, 1, 1], [2, 2], [5, 5]])?.value == 1)
  }

  @Test("raw agreement is the share of equal labels")
  func raw() throws {
    #expect(try rawAgreement(a, b).value == 0.8)
    #expect(throws: EvaluationError.self) { try rawAgreement([1], []) }
  }
}
