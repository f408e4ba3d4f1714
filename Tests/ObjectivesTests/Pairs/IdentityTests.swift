// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import Objectives

/// What must hold on paper between losses.
@Suite("Identities between losses")
struct IdentityTests {
  private func losses(
    _ name: String, _ options: [String: Double] = [:],
    _ fields: [String: NestedNumbers] = CatalogueTests.inputs
  ) throws -> [Double] {
    let entry = try ObjectiveTable.entry(name)
    let options = name == "sft" ? options : options.merging(["beta": 0.5]) { first, _ in first }
    return try ObjectiveEvaluation(
      name, entries: [entry], loss: entry.loss(ObjectiveSettings(options)), fields: fields
    ).losses
  }

  /// The fixture with other numbers in some fields.
  private func with(_ changes: [String: NestedNumbers]) -> [String: NestedNumbers] {
    CatalogueTests.inputs.merging(changes) { $1 }
  }

  /// Rows of one token.
  private func single(_ values: [Double]) -> NestedNumbers {
    .list(values.map { .list([.number($0)]) })
  }

  /// Losses with the setting that takes them back to DPO.
  private static let backToDPO: [(name: String, option: String, value: Double)] = [
    ("cdpo", "label_smoothing", 0), ("robust", "label_smoothing", 0), ("ld_dpo", "ld_alpha", 1),
    ("r_dpo", "length_alpha", 0), ("dpop", "dpop_lambda", 0), ("rpo", "rpo_alpha", 0),
    ("selm", "selm_alpha", 0), ("xpo", "selm_alpha", 0), ("tdpo2", "tdpo_alpha", 0),
    ("f_dpo_alpha", "f_alpha_divergence_coef", 0.999999999),
  ]

  @Test("settings that make a loss DPO do", arguments: backToDPO)
  func becomesDPO(name: String, option: String, value: Double) throws {
    expectClose(try losses(name, [option: value]), try losses("sigmoid"), atol: 1e-6)
  }

  @Test("without offsets and margins ODPO and MODPO are DPO")
  func offsets() throws {
    let zeros = NestedNumbers.list([Double](repeating: 0, count: 4).map(NestedNumbers.number))
    let plain = try losses("sigmoid")
    expectClose(try losses("odpo", [:], with(["margins": zeros])), plain, atol: 1e-12)
    expectClose(
      try losses(
        "modpo", ["modpo_weight": 1], with(["margin_chosen": zeros, "margin_rejected": zeros])),
      plain, atol: 1e-12)
    // MODPO with equal margins is DPO with β/w_k.
    expectClose(
      try losses(
        "modpo", ["modpo_weight": 0.25],
        with(["margin_chosen": zeros, "margin_rejected": zeros])),
      try losses("sigmoid", ["beta": 2]), atol: 1e-12)
  }

  @Test("MODPO matches its worked examples")
  func modpo() throws {
    // β .1, a 2, r −1: z = (.3 − w₋(R_w − R_l)) / w_k
    let examples: [(Double, Double, Double)] = [
      // w₋(R_w − R_l): .4 · (.5 − 1.5), nothing, .3 · 1 + .2 · −2
      (0.6, -0.4, 0.271098), (1, 0, 0.554355), (0.5, -0.1, 0.371101),
    ]
    for (weight, margin, expected) in examples {
      var pairs = PairInputs(
        policy: PairLogProbs(chosen: Tensor([2.0]), rejected: Tensor([-1.0])),
        reference: PairLogProbs(chosen: Tensor([0.0]), rejected: Tensor([0.0])))
      pairs.otherMargins = Tensor([margin])
      expectClose(MODPO(beta: 0.1, weight: weight)(pairs).loss, expected, atol: 1e-6)
    }
  }

  @Test("SELM matches its worked examples")
  func selm() {
    let examples: [(Double, Double)] = [(0, 0.602653), (0.001, 0.602573), (0.1, 0.594653)]
    for (alpha, expected) in examples {
      var pairs = PairInputs(
        policy: PairLogProbs(chosen: Tensor([1.5]), rejected: Tensor([-0.4])),
        reference: PairLogProbs(chosen: Tensor([0.0]), rejected: Tensor([0.0])))
      pairs.third = ThirdCompletion(
        policy: Tensor([-0.8]), reference: Tensor([0.0]), tokenCounts: Tensor([1.0]))
      expectClose(SELM(beta: 0.1, alpha: alpha)(pairs).loss, expected, atol: 1e-6)
    }
  }

  @Test("on completions of one token, means are sums")
  func oneToken() throws {
    let fields = with([
      "policy_chosen": single([-1, -2, -0.5]), "ref_chosen": single([-1.5, -1, -0.7]),
      "policy_rejected": single([-2, -0.5, -3]), "ref_rejected": single([-1, -1, -1]),
    ])
    expectClose(try losses("sigmoid_norm", [:], fields), try losses("sigmoid", [:], fields))
    expectClose(try losses("ipo", [:], fields), try losses("ipo_sum", [:], fields))
    expectClose(
      try losses("simpo", ["simpo_gamma": 0], fields), try losses("cpo", ["cpo_alpha": 0], fields))
    expectClose(try losses("ld_dpo", ["ld_alpha": 0.3], fields), try losses("sigmoid", [:], fields))
  }

  @Test("AOT of one pair is DPO", arguments: ["aot", "aot_unpaired"])
  func alone(name: String) throws {
    let fields = CatalogueTests.inputs.mapValues {
      NestedNumbers.list([$0.elements?[1] ?? .list([])])
    }
    expectClose(try losses(name, [:], fields), try losses("sigmoid", [:], fields), atol: 1e-12)
  }

  @Test("Cal-DPO less SPPO is DPO with beta 1; CPO-SimPO and MPO are their parts")
  func sums() throws {
    let rest = zip(try losses("cal_dpo"), try losses("sppo_hard")).map { $0 - $1 }
    expectClose(rest, try losses("sigmoid", ["beta": 1]), atol: 1e-12)
    let likelihood = try losses("sft")
    let simpo = zip(try losses("simpo"), likelihood).map(+)
    expectClose(try losses("cpo_simpo"), simpo, atol: 1e-12)
  }

  @Test("AlphaPO with alpha near 0 is SimPO")
  func alphaPO() throws {
    expectClose(try losses("alphapo", ["alphapo_alpha": 1e-7]), try losses("simpo"), atol: 1e-6)
  }

  @Test("a policy equal to its reference scores what the formula says without any log-ratio")
  func atInitialisation() throws {
    let fields = with([
      "ref_chosen": CatalogueTests.inputs["policy_chosen"] ?? .list([]),
      "ref_rejected": CatalogueTests.inputs["policy_rejected"] ?? .list([]),
      "ref_mismatched": CatalogueTests.inputs["policy_mismatched"] ?? .list([]),
    ])
    let ln2 = 0.6931471805599453
    let expected: [String: Double] = [
      "sigmoid": ln2, "cdpo": ln2, "robust": ln2, "sigmoid_norm": ln2, "aot": ln2,
      "aot_unpaired": ln2, "ld_dpo": ln2, "dpop": ln2, "f_dpo_forward_kl": ln2, "f_dpo_js": ln2,
      "f_dpo_alpha": ln2,
      "hinge": 1, "ipo": 1, "ipo_sum": 1, "nca_pair": 2 * ln2, "bco_pair": 2 * ln2,
      "bco_shift": 2 * ln2, "sppo_hard": 2, "apo_zero": 1, "apo_down": 1, "kto_pair": 0.5,
      "kto": 0.5, "apo_zero_unpaired": 0.5,
    ]
    for (name, value) in expected {
      for loss in try losses(name, [:], fields) { expectClose([loss], [value], atol: 1e-9) }
    }
  }

  @Test("DPO's, IPO's and the hinge's gradients are the ones on paper")
  func gradients() throws {
    func gradient(_ name: String) throws -> [Double] {
      let entry = try ObjectiveTable.entry(name)
      let found = try ObjectiveEvaluation(
        name, entries: [entry], loss: entry.loss(ObjectiveSettings(["beta": 0.5])),
        fields: CatalogueTests.inputs)
      let rows = found.gradients.first { $0.name == "policy_chosen" }?.values.elements ?? []
      // Of the mean over four pairs; each token of a row has the gradient of their sum.
      return rows.map { 4 * ($0.flat.first ?? .nan) }
    }
    expectClose(
      try gradient("sigmoid"), [-0.139442, -0.317068, -0.194680, -0.049875], atol: 1e-6)
    expectClose(try gradient("ipo_sum"), [1.8, -4.2, -0.2, 6.8], atol: 1e-9)
    #expect(try gradient("hinge")[3] == 0)
  }

  @Test("with two candidates the list losses are pair losses")
  func lists() throws {
    // s = −0.3 with β = 1.
    let fields: [String: NestedNumbers] = [
      "policy": .list([.list([.number(-0.8), .number(-0.5)])]),
      "ref": .list([.list([.number(-1), .number(-1)])]),
      "labels": .list([.list([.number(0.9), .number(0.4)])]),
    ]
    for name in ["pair_logistic", "list_mle"] {
      expectClose(try losses(name, ["beta": 1], fields), [0.854355], atol: 1e-6)
    }
    expectClose(try losses("pair_hinge", ["beta": 1], fields), [1.3], atol: 1e-9)
    expectClose(try losses("lipo_lambda", ["beta": 1], fields), [0.291018 * 0.854355], atol: 1e-6)
  }

  @Test("list losses do not depend on the order of candidates, most not on a common shift")
  func listSymmetry() throws {
    func fields(_ order: [Int], shift: Double) -> [String: NestedNumbers] {
      func list(_ values: [Double]) -> NestedNumbers {
        .list([.list(order.map { .number(values[$0]) })])
      }
      return [
        "policy": list([-0.8 + shift, -0.5 + shift, -1.3 + shift, -0.9 + shift]),
        "ref": list([-1, -1, -1, -1]), "labels": list([0.9, 0.4, 0.6, 0.1]),
      ]
    }
    let plain = fields([0, 1, 2, 3], shift: 0)
    for entry in ObjectiveTable.entries where entry.inputs.contains(.policyList) {
      let value = try losses(entry.name, ["beta": 1], plain)
      expectClose(try losses(entry.name, ["beta": 1], fields([2, 0, 3, 1], shift: 0)), value)
      guard !entry.name.hasPrefix("point") else { continue }
      expectClose(try losses(entry.name, ["beta": 1], fields([0, 1, 2, 3], shift: 0.7)), value)
    }
  }
}
