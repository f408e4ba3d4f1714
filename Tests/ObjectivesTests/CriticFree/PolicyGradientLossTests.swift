// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Policy gradient losses")
struct PolicyGradientLossTests {
  // Two completions of 4 and 3 tokens; the last place is padding.
  static var logProbs: Tensor {
    Tensor([-1, -0.5, -2, -0.3, -0.7, -1.2, -0.1, -9], shape: [2, 4])
  }
  static var old: Tensor {
    Tensor([-1.2, -0.4, -1.6, -0.3, -0.9, -1, -0.6, -1], shape: [2, 4])
  }
  static var reference: Tensor {
    Tensor([-1.1, -0.7, -1.5, -0.3, -0.9, -1, -0.4, 5], shape: [2, 4])
  }
  static var mask: Tensor {
    Tensor([1.0, 1, 1, 1, 1, 1, 1, 0], shape: [2, 4])
  }

  static func rollouts(
    _ advantages: [Double] = [1, -0.5], reference: Tensor? = nil, rows: Range<Int> = 0..<2
  ) -> PolicyGradientLoss.Rollouts {
    let table = Tensor(advantages).unsqueezed(1).expanded([2, 4])
    return PolicyGradientLoss.Rollouts(
      oldLogProbs: old.narrowed(0, rows), referenceLogProbs: reference?.narrowed(0, rows),
      advantages: table.narrowed(0, rows), mask: mask.narrowed(0, rows))
  }

  static let high = ClippedPolicyLoss(clipRangeHigh: 0.28)
  static let sequenceClip = ClippedPolicyLoss(clipRange: 3e-4, clipRangeHigh: 4e-4)

  // NumPy, and equal to the loss code of TRL 1.16 to 1e-9.
  @Test("match numbers made with NumPy and TRL")
  func golden() {
    let cases: [(PolicyGradientLoss, [Double], Double)] = [
      (PolicyGradientLoss(), [1, -0.5], -0.164490),
      (PolicyGradientLoss(average: .tokens), [1, -0.5], -0.275819),
      (PolicyGradientLoss(surrogate: Self.high, average: .tokens), [1, -0.5], -0.278876),
      (PolicyGradientLoss(average: .constantLength(4)), [1, -0.5], -0.241341),
      (PolicyGradientLoss(surrogate: CISPO(), average: .tokens), [1, -0.5], 0.330471),
      (
        PolicyGradientLoss(surrogate: CISPO(largestWeight: 1.2), average: .tokens), [1, -0.5],
        0.331689
      ),
      (PolicyGradientLoss(surrogate: SAPO()), [1, -0.5], -0.443275),
      (PolicyGradientLoss(ratio: .sequence), [1, -0.5], -0.168532),
      (PolicyGradientLoss(ratio: .sequence, average: .sequenceSums), [1, -0.5], -0.969467),
      (
        PolicyGradientLoss(surrogate: ClippedPolicyLoss(ratioBound: 1.1)), [1, -0.5], -0.191167
      ),
      (PolicyGradientLoss(ratio: .product), [1, -0.5], 0.041771),
      (PolicyGradientLoss(ratio: .sequence, surrogate: Self.sequenceClip), [-0.5, 1], -0.250275),
      (
        PolicyGradientLoss(
          ratio: .sequence, surrogate: Self.sequenceClip, average: .sequenceSums), [-0.5, 1],
        -0.500900
      ),
    ]
    for (loss, advantages, expected) in cases {
      let terms = loss(tokenLogProbs: Self.logProbs, rollouts: Self.rollouts(advantages))
      expectClose(terms.loss, expected, atol: 1e-6)
    }
  }

  @Test("with a KL match numbers made with NumPy and TRL")
  func goldenKL() {
    let plain = PolicyGradientLoss(
      surrogate: Self.high, average: .tokens, klCoefficient: 0.04, weighsKL: false)
    let weighed = PolicyGradientLoss(average: .tokens, klCoefficient: 0.04)
    for (loss, expected) in [(plain, -0.277429), (weighed, -0.274503)] {
      let terms = loss(
        tokenLogProbs: Self.logProbs, rollouts: Self.rollouts(reference: Self.reference))
      expectClose(terms.loss, expected, atol: 1e-6)
    }
  }

  @Test("gradients match numbers made with NumPy, and are 0 where the clip binds")
  func goldenGradients() {
    func gradient(_ loss: PolicyGradientLoss, _ advantages: [Double] = [1, -0.5]) -> [Double] {
      gradients(
        of: { loss(tokenLogProbs: $0[0], rollouts: Self.rollouts(advantages)).loss },
        at: [Self.logProbs])[0]
    }
    expectClose(
      gradient(PolicyGradientLoss()),
      [0, -0.113105, -0.083790, -0.125, 0.101784, 0.068228, 0.137393, 0], atol: 1e-6)
    expectClose(
      gradient(PolicyGradientLoss(surrogate: CISPO(largestWeight: 1.2), average: .tokens)),
      [-0.171429, -0.129262, -0.095760, -0.142857, 0.085714, 0.058481, 0.085714, 0], atol: 1e-6)
    for average in [PolicyGradientLoss.Average.sequenceMeans, .sequenceSums] {
      let loss = PolicyGradientLoss(
        ratio: .sequence, surrogate: Self.sequenceClip, average: average)
      #expect(gradient(loss, [-0.5, 1]) == [Double](repeating: 0, count: 8))
    }
  }

  static let byName: [(String, PolicyGradientLoss)] = [
    ("grpo", PolicyGradientLoss()),
    ("bnpo", PolicyGradientLoss(average: .tokens)),
    ("dapo", PolicyGradientLoss(surrogate: high, average: .tokens)),
    ("dr_grpo", PolicyGradientLoss(average: .constantLength(6))),
    (
      "gspo",
      PolicyGradientLoss(
        ratio: .sequence, surrogate: ClippedPolicyLoss(clipRange: 0.02, clipRangeHigh: 0.03))
    ),
    ("luspo", PolicyGradientLoss(ratio: .sequence, average: .sequenceSums)),
    ("cispo", PolicyGradientLoss(surrogate: CISPO(largestWeight: 1.2), average: .tokens)),
    ("sapo", PolicyGradientLoss(surrogate: SAPO())),
    ("two_sided", PolicyGradientLoss(surrogate: ClippedPolicyLoss(ratioBound: 1.5))),
    ("rloo", PolicyGradientLoss(ratio: .product)),
    ("kl", PolicyGradientLoss(klCoefficient: 0.04)),
    (
      "plain_kl",
      PolicyGradientLoss(surrogate: high, average: .tokens, klCoefficient: 0.04, weighsKL: false)
    ),
    ("k2", PolicyGradientLoss(ratio: .sequence, klCoefficient: 0.3, klEstimator: .k2)),
  ]

  @Test("losses and gradients match loops written in PyTorch", arguments: byName.map(\.0))
  func fixture(name: String) throws {
    let fixture = try Fixture("policy_gradient.json")
    let expected = fixture["cases"][name]
    let loss = try #require(Self.byName.first { $0.0 == name }?.1)
    let rollouts = PolicyGradientLoss.Rollouts(
      oldLogProbs: fixture["old"].tensor, referenceLogProbs: fixture["reference"].tensor,
      advantages: fixture["advantages"].tensor, mask: fixture["mask"].tensor)
    let leaf = fixture["log_probs"].tensor.asParameter()
    let terms = loss(tokenLogProbs: leaf, rollouts: rollouts)
    terms.loss.backward()
    expectClose(terms.loss, expected["loss"].number, atol: 1e-10)
    expectClose(leaf.grad?.doubles ?? [], expected["gradient"].numbers, atol: 1e-10)
  }

  @Test("gradients agree with central differences", arguments: byName.map(\.0))
  func differences(name: String) throws {
    // CISPO's weight is detached on purpose, so its gradient is not that of its value.
    guard name != "cispo" else { return }
    let loss = try #require(Self.byName.first { $0.0 == name }?.1)
    let rollouts = Self.rollouts(reference: Self.reference)
    expectGradients(
      of: { loss(tokenLogProbs: $0[0], rollouts: rollouts).loss }, at: [Self.logProbs])
  }

  @Test("parts weighted by their weight add up to the whole", arguments: byName.map(\.0))
  func parts(name: String) throws {
    let loss = try #require(Self.byName.first { $0.0 == name }?.1)
    let whole = loss(
      tokenLogProbs: Self.logProbs, rollouts: Self.rollouts(reference: Self.reference))
    var sum = 0.0
    var weight = 0.0
    for row in 0..<2 {
      let part = loss(
        tokenLogProbs: Self.logProbs.narrowed(0, row..<row + 1),
        rollouts: Self.rollouts(reference: Self.reference, rows: row..<row + 1))
      sum += part.loss.item * part.weight
      weight += part.weight
    }
    #expect(weight == whole.weight)
    #expect(loss.weight(Self.mask) == weight)
    expectClose([sum / weight], [whole.loss.item], atol: 1e-12)
  }

  @Test("padding may hold anything, and more of it changes nothing", arguments: byName.map(\.0))
  func padding(name: String) throws {
    let loss = try #require(Self.byName.first { $0.0 == name }?.1)
    let plain = gradients(
      of: { loss(tokenLogProbs: $0[0], rollouts: Self.rollouts(reference: Self.reference)).loss },
      at: [Self.logProbs])[0]
    let mask = concatenated([Self.mask, .zeros([2, 2], elementType: .float64)], axis: 1)
    for filler in [Double.infinity, .nan, 1e300] {
      func padded(_ tensor: Tensor) -> Tensor {
        concatenated([tensor, .zeros([2, 2], elementType: .float64)], axis: 1)
          .filled(where: mask .== 0, with: filler)
      }
      let rollouts = PolicyGradientLoss.Rollouts(
        oldLogProbs: padded(Self.old), referenceLogProbs: padded(Self.reference),
        advantages: padded(Self.rollouts().advantages), mask: mask)
      let found = gradients(
        of: { loss(tokenLogProbs: $0[0], rollouts: rollouts).loss }, at: [padded(Self.logProbs)])[0]
      let rows = Tensor(found, shape: [2, 6])
      expectClose(rows.narrowed(1, 0..<4), plain, atol: 1e-12)
      #expect(rows.narrowed(1, 4..<6).doubles == [0, 0, 0, 0])
    }
  }

  @Test("without old log-probs the ratio is 1 and the gradient that of REINFORCE")
  func onPolicy() {
    for (name, loss) in Self.byName where !["kl", "plain_kl", "k2", "sapo"].contains(name) {
      var rollouts = Self.rollouts()
      rollouts.oldLogProbs = nil
      let found = gradients(
        of: { loss(tokenLogProbs: $0[0], rollouts: rollouts).loss }, at: [Self.logProbs])[0]
      let weight = loss.weight(Self.mask)
      // d/dlogp of −A log π: the same for every token but for the average, and for the sequence ratio's mean.
      let perToken: [Double] = (0..<8).map { index in
        let row = index / 4
        guard Self.mask.doubles[index] > 0 else { return 0 }
        let length = Double([4, 3][row])
        let own = loss.ratio == .sequence ? 1 / length : 1
        let share: Double
        switch loss.average {
        case .sequenceMeans: share = (loss.ratio == .token ? 1 / length : 1) * own
        case .sequenceSums: share = length * own
        case .tokens, .constantLength: share = 1
        }
        return -[1, -0.5][row] * share / weight
      }
      expectClose(found, perToken, atol: 1e-12)
      let terms = loss(tokenLogProbs: Self.logProbs, rollouts: rollouts)
      for metric in ["low_mean", "high_mean", "region_mean"] {
        #expect(terms.metrics["clip_ratio/\(metric)"]?.value.item == 0, "\(name)")
      }
    }
  }

  @Test("a sequence of one token has the same ratio at every level")
  func oneToken() {
    let rollouts = PolicyGradientLoss.Rollouts(
      oldLogProbs: Self.old.narrowed(1, 0..<1), advantages: Tensor([1, -0.5], shape: [2, 1]),
      mask: Tensor([1.0, 1], shape: [2, 1]))
    let losses = PolicyGradientLoss.Ratio.allCases.map {
      PolicyGradientLoss(ratio: $0)(
        tokenLogProbs: Self.logProbs.narrowed(1, 0..<1), rollouts: rollouts
      ).loss.item
    }
    expectClose(losses, [losses[0], losses[0], losses[0]], atol: 1e-12)
  }

  // Ratios 1.221, .905, .670, 1 with A = 1 and 1.221, .819, 1.649 with A = −.5: one above 1.2 with A > 0, none below
  // .8 with A < 0.
  @Test("clip ratios are shares of tokens")
  func clipRatios() {
    let terms = PolicyGradientLoss()(tokenLogProbs: Self.logProbs, rollouts: Self.rollouts())
    expectClose(terms.metrics["clip_ratio/high_mean"]?.value.doubles ?? [], [1.0 / 7], atol: 1e-7)
    expectClose(terms.metrics["clip_ratio/low_mean"]?.value.doubles ?? [], [0])
    let turned = PolicyGradientLoss()(
      tokenLogProbs: Self.logProbs, rollouts: Self.rollouts([-1, 0.5]))
    expectClose(turned.metrics["clip_ratio/low_mean"]?.value.doubles ?? [], [1.0 / 7], atol: 1e-7)
    expectClose(turned.metrics["clip_ratio/high_mean"]?.value.doubles ?? [], [2.0 / 7], atol: 1e-7)
    expectClose(
      turned.metrics["clip_ratio/region_mean"]?.value.doubles ?? [], [3.0 / 7], atol: 1e-7)
    #expect(terms.metrics["clip_ratio/low_mean"]?.weight == 7)
  }

  // mean(old − logp): (0 + ... ) row 0: (−.2 + .1 + .4 + 0)/4 = .075; row 1: (−.2 + .2 − .5)/3 = −.166667.
  @Test("a bound leaves out bad completions that the policy has all but forgotten")
  func offPolicy() {
    var loss = PolicyGradientLoss()
    func value(_ bound: Double?, _ advantages: [Double]) -> Double {
      loss.offPolicyBound = bound
      return loss(tokenLogProbs: Self.logProbs, rollouts: Self.rollouts(advantages)).loss.item
    }
    #expect(value(0.07, [1, -0.5]) == value(nil, [1, -0.5]))
    #expect(value(0.08, [-1, 0.5]) == value(nil, [-1, 0.5]))
    expectClose([value(0.07, [-1, 0.5])], [value(nil, [0, 0.5])], atol: 1e-12)
  }

  @Test("a row without tokens counts for nothing")
  func emptyRow() {
    for (name, loss) in Self.byName {
      var rollouts = Self.rollouts(reference: Self.reference)
      rollouts.mask = Tensor([1.0, 1, 1, 1, 0, 0, 0, 0], shape: [2, 4])
      let gradient = gradients(
        of: { loss(tokenLogProbs: $0[0], rollouts: rollouts).loss }, at: [Self.logProbs])[0]
      #expect(gradient[4...].allSatisfy { $0 == 0 }, "\(name)")
      #expect(gradient.allSatisfy { $0.isFinite }, "\(name)")
    }
  }

  @Test("a KL without a reference, or tables of other shapes, stop with a sentence")
  func errors() {
    let kl = #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ = PolicyGradientLoss(klCoefficient: 0.1)(
          tokenLogProbs: Self.logProbs, rollouts: Self.rollouts())
      }
    }
    #expect("\(String(describing: kl))".contains("needs the reference's log-probs"))
    let shapes = #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ = PolicyGradientLoss()(
          tokenLogProbs: Self.logProbs.narrowed(1, 0..<3), rollouts: Self.rollouts())
      }
    }
    #expect("\(String(describing: shapes))".contains("shapes differ"))
  }
}
