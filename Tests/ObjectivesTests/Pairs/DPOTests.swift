// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("DPO")
struct DPOTests {
  private func pairs(_ inputs: Fixture, _ model: String) -> PairLogProbs {
    PairLogProbs(
      chosen: inputs["\(model)_chosen"].tensor, rejected: inputs["\(model)_rejected"].tensor)
  }

  @Test("matches loss, gradients and metrics made with PyTorch", arguments: ["cases", "far_cases"])
  func golden(list: String) throws {
    let fixture = try Fixture("dpo.json")
    let inputs = fixture[list == "cases" ? "inputs" : "far_inputs"]
    let reference = pairs(inputs, "reference")
    #expect(!fixture[list].list.isEmpty)
    for expected in fixture[list].list {
      let objective = DPO(
        beta: expected["beta"].number, labelSmoothing: expected["label_smoothing"].number)
      let chosen = pairs(inputs, "policy").chosen.asParameter()
      let rejected = pairs(inputs, "policy").rejected.asParameter()
      let terms = objective(
        policy: PairLogProbs(chosen: chosen, rejected: rejected), reference: reference)
      terms.loss.backward()
      expectClose(terms.loss, expected["loss"].number, atol: 1e-10)
      expectClose(chosen.grad?.doubles ?? [], expected["gradient_chosen"].numbers, atol: 1e-10)
      expectClose(rejected.grad?.doubles ?? [], expected["gradient_rejected"].numbers, atol: 1e-10)
      for name in ["chosen", "rejected", "margins", "accuracies"].map({ "rewards/\($0)" }) {
        expectClose(
          terms.metrics[name]?.value.doubles ?? [], [expected[name].number], atol: 1e-10)
      }
    }
  }

  @Test("agrees with TRL's trainer code, through sums of token log-probabilities")
  func trl() throws {
    let fixture = try Fixture("trl_preference.json")
    let expected = try #require(fixture["cases"].list.first { $0["name"].text == "sigmoid" })
    func sums(_ name: String) -> Tensor {
      Tensor(fixture["tokens"][name].list.map { $0.numbers.reduce(0, +) })
    }
    let terms = DPO(beta: fixture["beta"].number)(
      policy: PairLogProbs(chosen: sums("policy_chosen"), rejected: sums("policy_rejected")),
      reference: PairLogProbs(
        chosen: sums("reference_chosen"), rejected: sums("reference_rejected")))
    expectClose(terms.loss, expected["loss"].number, atol: 1e-10)
  }

  // D = [1.9, −1.1, 0.9, 4.4]; −(1−ε) log σ(βD) − ε log σ(−βD), β = 0.5, one pair at a time; NumPy float64.
  @Test(
    "matches each pair of the catalogue",
    arguments: [
      (0.0, [0.326956, 1.005492, 0.493249, 0.105083]),
      (0.1, [0.421956, 0.950492, 0.538249, 0.325083]),
    ])
  func pairByPair(labelSmoothing: Double, expected: [Double]) {
    let ratios = [1.9, -1.1, 0.9, 4.4]
    let losses = ratios.map { ratio in
      let zero = Tensor([0.0])
      return DPO(beta: 0.5, labelSmoothing: labelSmoothing)(
        policy: PairLogProbs(chosen: Tensor([ratio]), rejected: zero),
        reference: PairLogProbs(chosen: zero, rejected: zero)
      ).loss.item
    }
    expectClose(losses, expected, atol: 1e-6)
  }

  @Test("a policy equal to its reference scores log 2, whatever beta and smoothing")
  func atInitialisation() {
    let pairs = PairLogProbs(chosen: Tensor([-3.0, -70]), rejected: Tensor([-9.0, -1]))
    for objective in [DPO(), DPO(beta: 3, labelSmoothing: 0.4)] {
      let terms = objective(policy: pairs, reference: pairs)
      expectClose(terms.loss, 0.6931471805599453, atol: 1e-12)
      #expect(terms.metrics["rewards/accuracies"]?.value.item == 0, "ties are wrong")
    }
  }

  @Test("only differences of log-ratios matter")
  func shiftInvariance() {
    let policy = PairLogProbs(chosen: Tensor([-3.0]), rejected: Tensor([-4.0]))
    let reference = PairLogProbs(chosen: Tensor([-2.0]), rejected: Tensor([-5.0]))
    let moved = PairLogProbs(chosen: policy.chosen - 7, rejected: policy.rejected - 7)
    expectClose(
      DPO()(policy: moved, reference: reference).loss,
      DPO()(policy: policy, reference: reference).loss, atol: 1e-12)
  }

  @Test("one pair pulls the chosen up and the rejected down by beta sigma(-beta h)")
  func signs() {
    let reference = PairLogProbs(chosen: Tensor([-2.0]), rejected: Tensor([-2.0]))
    let found = gradients(
      of: {
        DPO(beta: 0.5)(
          policy: PairLogProbs(chosen: $0[0], rejected: $0[1]), reference: reference
        ).loss
      }, at: [Tensor([-1.0]), Tensor([-3.0])])
    // h = 2: 0.5 σ(−1)
    expectClose(found[0], [-0.134470710684998], atol: 1e-12)
    expectClose(found[1], [0.134470710684998], atol: 1e-12)
  }

  // Infinitely many answers of annotators with Bradley-Terry rewards r: DPO's optimum is π ∝ π_ref exp(r / β)
  // (Rafailov et al. 2023, eq. 4). With r = log 1, 3, 9, 27 the win rates are whole parts of 140.
  @Test("recovers the KL-regularised optimum of a four-armed bandit from its preferences")
  func bandit() {
    let wins = [1: 105, 2: 126, 3: 135]  // of 140, by distance in r
    var winners: [Int] = []
    var losers: [Int] = []
    for low in 0..<4 {
      for high in (low + 1)..<4 {
        let count = wins[high - low] ?? 0
        winners += [Int](repeating: high, count: count) + [Int](repeating: low, count: 140 - count)
        losers += [Int](repeating: low, count: count) + [Int](repeating: high, count: 140 - count)
      }
    }
    let prior = Tensor([0.4, 0.3, 0.2, 0.1])
    func logProbs(_ logits: Tensor) -> PairLogProbs {
      let all = logits.logSoftmax(0)
      return PairLogProbs(chosen: all.rows(Tensor(winners)), rejected: all.rows(Tensor(losers)))
    }
    let reference = logProbs(log(prior))
    let logits = log(prior).asParameter()
    let optimizer = AdamW([("logits", logits)], learningRate: 0.1)
    for _ in 0..<400 {
      optimizer.zeroGrad()
      DPO(beta: 0.5)(policy: logProbs(logits), reference: reference).loss.backward()
      optimizer.step()
    }
    // ref · exp(2 r) = 0.4, 0.3 · 9, 0.2 · 81, 0.1 · 729, normalised
    let weights = [0.4, 2.7, 16.2, 72.9]
    expectClose(logits.softmax(0), weights.map { $0 / 92.2 }, atol: 1e-4)
  }

  @Test(
    "settings outside their range are refused in words",
    arguments: [
      (0.0, 0.0, "beta must be above 0; got 0.0"), (-0.1, 0, "beta must be above 0; got -0.1"),
      (0.1, 0.5, "label smoothing must be at least 0 and below 0.5; got 0.5"),
      (0.1, -0.1, "label smoothing must be at least 0 and below 0.5; got -0.1"),
    ])
  func settings(beta: Double, labelSmoothing: Double, message: String) {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { DPO(beta: beta, labelSmoothing: labelSmoothing) }
    }
    #expect(error == .failed(operation: "DPO", message: message))
  }

  @Test("a wrong setting stops a program with the message")
  func exit() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = DPO(beta: 0)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("DPO: beta must be above 0; got 0.0"))
  }
}
