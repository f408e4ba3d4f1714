// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Bradley-Terry")
struct BradleyTerryTests {
  let chosen = Tensor([1.2, 0.3, -0.5])
  let rejected = Tensor([0.2, 0.8, -1.5])
  let margin = Tensor([1.0, 0, 0.5])

  @Test("matches losses and gradients made with PyTorch, option by option")
  func golden() throws {
    let fixture = try Fixture("reward_model.json")
    let inputs = fixture["inputs"]
    #expect(fixture["cases"].list.count >= 6)
    for expected in fixture["cases"].list {
      let options = expected["options"]
      let objective = BradleyTerry(
        labelSmoothing: options["label_smoothing"].optionalNumber ?? 0,
        centerRewardsCoefficient: options["center_coefficient"].optionalNumber ?? 0,
        l2Coefficient: options["l2_coefficient"].optionalNumber ?? 0)
      let winner = inputs["chosen"].tensor.asParameter()
      let loser = inputs["rejected"].tensor.asParameter()
      let terms = objective(
        chosen: winner, rejected: loser,
        margin: options["margin"].isTrue ? inputs["margin"].tensor : nil)
      terms.loss.backward()
      expectClose(terms.loss, expected["loss"].number, atol: 1e-10)
      expectClose(winner.grad?.doubles ?? [], expected["gradient_chosen"].numbers, atol: 1e-10)
      expectClose(loser.grad?.doubles ?? [], expected["gradient_rejected"].numbers, atol: 1e-10)
      #expect(terms.weight == 3)
    }
  }

  @Test("reports accuracy, margin and mean scores over the right number of items")
  func metrics() throws {
    let expected = try Fixture("reward_model.json")["metrics"]
    let metrics = BradleyTerry()(chosen: chosen, rejected: rejected).metrics
    for name in ["accuracy", "margin", "mean_reward"] {
      expectClose(metrics[name]?.value.doubles ?? [], [expected[name].number], atol: 1e-12)
    }
    expectClose(metrics["chosen_rewards"]?.value.doubles ?? [], [1.0 / 3], atol: 1e-12)
    expectClose(metrics["rejected_rewards"]?.value.doubles ?? [], [-0.5 / 3], atol: 1e-12)
    #expect(metrics["accuracy"]?.weight == 3)
    #expect(metrics["mean_reward"]?.weight == 6)
  }

  @Test("equal scores lose the pair, cost log 2 and are a tie counted wrong")
  func ties() {
    let terms = BradleyTerry()(chosen: chosen, rejected: chosen)
    expectClose(terms.loss, 0.6931471805599453, atol: 1e-12)
    #expect(terms.metrics["accuracy"]?.value.item == 0)
  }

  @Test("scores hundreds apart stay finite and exact")
  func far() throws {
    let far = try Fixture("reward_model.json")["far"]
    let found = BradleyTerry()(chosen: far["chosen"].tensor, rejected: far["rejected"].tensor)
    expectClose(found.loss, far["loss"].number, atol: 1e-9)
  }

  @Test("shifting all scores changes nothing unless centring or the squares are on")
  func shifts() {
    func loss(_ objective: BradleyTerry, _ shift: Double) -> Double {
      objective(chosen: chosen + shift, rejected: rejected + shift).loss.item
    }
    expectClose([loss(BradleyTerry(), 5)], [loss(BradleyTerry(), 0)], atol: 1e-12)
    let centred = BradleyTerry(centerRewardsCoefficient: 0.01)
    #expect(loss(centred, 5) > loss(centred, 0) + 0.5)
    let small = BradleyTerry(l2Coefficient: 0.01)
    #expect(loss(small, 5) > loss(small, 0) + 0.1)
  }

  @Test("the gradient agrees with central differences with everything on")
  func gradient() {
    let objective = BradleyTerry(
      labelSmoothing: 0.1, centerRewardsCoefficient: 0.02, l2Coefficient: 0.01)
    expectGradients(
      of: { objective(chosen: $0[0], rejected: $0[1], margin: margin).loss },
      at: [chosen, rejected])
  }

  @Test("bfloat16 scores are compared in float32")
  func narrowTypes() {
    let terms = BradleyTerry()(chosen: chosen.to(.bfloat16), rejected: rejected.to(.bfloat16))
    #expect(terms.loss.elementType == .float32)
    expectClose(terms.loss, 0.5335334530721841, atol: 3e-3)
  }

  @Test("settings and shapes that cannot be are refused in words")
  func errors() {
    func message(_ body: () throws -> Terms?) -> String {
      let error = #expect(throws: TensorError.self) { try withTensorErrors { try body() } }
      return error?.description ?? ""
    }
    #expect(
      message {
        _ = BradleyTerry(labelSmoothing: 0.5)
        return nil
      }.contains("label smoothing must be at least 0 and below 0.5; got 0.5"))
    #expect(
      message {
        _ = BradleyTerry(l2Coefficient: -1)
        return nil
      }.contains("penalty coefficients must be at least 0"))
    #expect(
      message { BradleyTerry()(chosen: chosen, rejected: Tensor([1.0])) }
        .contains("chosen [3], rejected [1]"))
    #expect(
      message { BradleyTerry()(chosen: chosen, rejected: rejected, margin: Tensor([1.0])) }
        .contains("margin [1]"))
  }
}
