// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Training

@Suite("Run log alarms")
struct RunLogAlarmsTests {
  typealias Metrics = [(name: String, value: Double)]

  /// Ids and steps of the alarms that `count` logged steps set off.
  private func fired(_ count: Int, _ metrics: (Int) -> Metrics) -> [String] {
    var alarms = Alarms()
    return (1...count).flatMap { step in
      alarms.observe(metrics(step), step: step).map { "\($0.id)@\(step)" }
    }
  }

  // float32(log(2)) = 0.6931471824645996
  @Test("a DPO loss that never leaves ln 2 fires at step 10")
  func stuck() {
    #expect(
      fired(20) { _ in [("loss", 0.6931471824645996), ("rewards/margins", 0)] }
        == ["loss_stays_ln2@10"])
  }

  @Test("a DPO loss that once left ln 2, or was never there, is fine")
  func notStuck() {
    #expect(fired(20) { [("loss", $0 == 2 ? 0.69 : 0.6931472), ("rewards/margins", 0)] }.isEmpty)
    #expect(fired(20) { _ in [("loss", 0.6931), ("rewards/margins", 0)] }.isEmpty)
    #expect(fired(20) { _ in [("loss", 0.6931472)] }.isEmpty)
  }

  // Means of 10: first −102.25, newest −102.25 − 2.5 (step − 10); the fall passes 25 % at step 21.
  @Test("margins that grow while chosen texts lose a quarter of their log-probability fire")
  func displacement() {
    func metrics(_ step: Int, slope: Double) -> Metrics {
      [
        ("rewards/margins", slope * Double(step)),
        ("logps/chosen", -100 - 2.5 * (Double(step) - 4.6)),
      ]
    }
    #expect(fired(40) { metrics($0, slope: 0.1) } == ["chosen_falls@21"])
    #expect(fired(40) { metrics($0, slope: -0.1) }.isEmpty)
    #expect(
      fired(40) { [("rewards/margins", Double($0)), ("logps/chosen", -100 - 0.5 * Double($0))] }
        .isEmpty)
  }

  @Test("NaN and infinity fire at once and name every metric")
  func notFinite() {
    var alarms = Alarms()
    let found = alarms.observe(
      [("loss", 1), ("grad_norm", .infinity), ("reward", .nan)], step: 4)
    #expect(found.map(\.id) == ["not_finite"])
    #expect(found[0].text.hasPrefix("step 4: grad_norm is Infinity, reward is NaN; "))
    #expect(alarms.observe([("loss", .nan)], step: 5).isEmpty)
  }

  @Test("KL above its bound fires at the third logged step in a row")
  func highKL() {
    #expect(fired(9) { [("kl", $0 == 3 ? 1 : 1.5)] } == ["kl@6"])
    #expect(fired(9) { _ in [("objective/kl", 51)] } == ["kl@3"])
    #expect(fired(9) { _ in [("objective/kl", 50)] }.isEmpty)
  }

  @Test("the KL of preference methods is a sum and has the larger bound")
  func summedKL() {
    #expect(fired(9) { _ in [("kl", 49), ("rewards/chosen", 1)] }.isEmpty)
    #expect(fired(9) { _ in [("kl", 51), ("rewards/chosen", 1)] } == ["kl@3"])
  }

  @Test("entropy below a tenth of its start fires for sampled training only")
  func entropy() {
    func collapse(_ step: Int) -> Metrics { [("entropy", step <= 10 ? 2 : 0.1)] }
    #expect(fired(30) { collapse($0) + [("reward", 1)] } == ["entropy_collapse@20"])
    #expect(fired(30) { collapse($0) }.isEmpty)
    #expect(fired(30) { [("entropy", $0 <= 10 ? 2 : 0.3), ("reward", 1)] }.isEmpty)
  }

  @Test("a value head that explains nothing fires after 20 logged steps")
  func valueHead() {
    let name = "value/explained_variance"
    #expect(fired(30) { _ in [(name, 0)] } == ["value_head@20"])
    #expect(fired(30) { [(name, $0.isMultiple(of: 15) ? 0.1 : -1)] }.isEmpty)
  }

  @Test(
    "conditions that need three logged steps in a row",
    arguments: [
      ("completions/clipped_ratio", 1.0, 0.99, "all_cut"), ("val/num_eos_tokens", 0, 1, "all_cut"),
      ("frac_reward_zero_std", 1, 0.9, "no_reward_spread"),
      ("reward_std", 0, 0.01, "no_reward_spread"),
      ("grad_norm", 0, 1e-30, "no_gradient"),
    ])
  func repeated(name: String, bad: Double, good: Double, id: String) {
    #expect(fired(9) { _ in [(name, bad)] } == ["\(id)@3"])
    #expect(fired(9) { [(name, $0.isMultiple(of: 3) ? good : bad)] }.isEmpty)
    // Steps without the metric neither count nor interrupt.
    #expect(fired(9) { $0.isMultiple(of: 2) ? [] : [(name, bad)] } == ["\(id)@5"])
  }

  @Test("a healthy step is silent")
  func healthy() {
    #expect(
      fired(50) { step in
        [
          ("loss", 0.5), ("grad_norm", 1), ("rewards/margins", 0.1 * Double(step)),
          ("logps/chosen", -90), ("reward", 1), ("reward_std", 0.5), ("entropy", 1.5),
          ("kl", 0.02), ("completions/clipped_ratio", 0.3),
        ]
      }.isEmpty)
  }

  @Test("bounds can be moved")
  func bounds() {
    var bounds = Alarms.Bounds()
    bounds.tokenKL = 0.1
    bounds.klCount = 1
    var alarms = Alarms(bounds: bounds)
    #expect(alarms.observe([("kl", 0.2)], step: 1).map(\.id) == ["kl"])
  }
}
