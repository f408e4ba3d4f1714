// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Objectives
import Testing

@testable import attune

@Suite("attune dpo --loss_type")
struct LossTypeTests {
  private let folder: TemporaryFolder
  private let model: String
  private let pairs: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
    pairs = try folder.write(
      (0..<8).map {
        #"{"prompt": "q \#($0)", "chosen": " yes \#($0 % 5)", "rejected": " no", "margin": 0.5, "#
          + #""margin_chosen": \#($0), "margin_rejected": [1, 0.5], "reference_response": " well", "#
          + #""gold": " yes indeed"}"#
      }.joined(separator: "\n"), "pairs.jsonl")
  }

  private func train(_ arguments: [String], pairs path: String? = nil) throws -> CommandResult {
    try attune(
      [
        "dpo", "--model_name_or_path", model, "--dataset_path", path ?? pairs, "--output_dir",
        folder.path("run"), "--max_steps", "2", "--logging_steps", "1", "--learning_rate", "0.01",
        "--per_device_train_batch_size", "4", "--threads", "1", "--overwrite_output_dir", "true",
      ] + arguments)
  }

  private func metrics() throws -> [[String: Double]] {
    try folder.text("run/metrics.jsonl").split(separator: "\n").map { line in
      let object = try #require(try JSONValue(parsing: String(line)).object)
      return Dictionary(
        uniqueKeysWithValues: object.compactMap { key, value in value.double.map { (key, $0) } })
    }
  }

  @Test(
    "every loss trains, and reports what DPO reports",
    arguments: ObjectiveTable.entries.filter(\.isPairLoss).map(\.name))
  func trains(name: String) throws {
    let result = try train(["--loss_type", name])
    #expect(result.status == 0, "\(result.errors)")
    let steps = try metrics()
    let first = try #require(steps.first)
    for metric in ["loss", "grad_norm", "rewards/margins", "rewards/accuracies", "logps/chosen"] {
      #expect(first[metric]?.isFinite == true, "\(metric)")
    }
    #expect((first["grad_norm"] ?? 0) > 0)
    #expect(steps.count >= 2 && steps[1]["loss"] != first["loss"])
  }

  @Test("losses without a reference load none: rewards are beta times the policy's own numbers")
  func referenceFree() throws {
    for name in ["simpo", "cpo", "orpo", "sft"] {
      let result = try train(["--loss_type", name] + (name == "sft" ? [] : ["--beta", "0.5"]))
      #expect(result.status == 0, "\(result.errors)")
      let first = try #require(try metrics().first)
      let reward = try #require(first["rewards/chosen"])
      let logProb = try #require(first["logps/chosen"])
      #expect(logProb < -1)
      #expect(abs(reward - (name == "sft" ? 1 : 0.5) * logProb) < 1e-4 * abs(logProb))
      let refused = try train(["--loss_type", name, "--ref_model", model])
      #expect(refused.status == 2)
      #expect(refused.errors.contains("loss_type \(name) reads no reference"))
    }
    #expect(try train(["--loss_type", "sft,ipo"]).status == 0)
    #expect(try metrics().first?["rewards/chosen"] == 0, "ipo has a reference")
  }

  @Test("a list is summed with its weights, the same in any micro-batches")
  func lists() throws {
    let mix = ["--loss_type", "sigmoid,bco_pair,sft", "--loss_weights", "0.8,0.2,1"]
    func losses(_ more: [String]) throws -> [Double] {
      let result = try train(more)
      #expect(result.status == 0, "\(result.errors)")
      return try metrics().compactMap { $0["loss"] }
    }
    let whole = try losses(mix)
    #expect(try areClose(losses(["--loss_type", "mpo"]), whole, within: 1e-6))
    let split = try losses(
      mix + ["--per_device_train_batch_size", "1", "--gradient_accumulation_steps", "4"])
    #expect(areClose(split, whole, within: 1e-5), "\(split) \(whole)")
    let first = try (
      losses(["--loss_type", "sigmoid"])[0], losses(["--loss_type", "bco_pair"])[0],
      losses(["--loss_type", "sft"])[0]
    )
    let sum = 0.8 * first.0 + 0.2 * first.1 + first.2
    #expect(areClose([whole[0]], [sum], within: 1e-5))
  }

  @Test("f_divergence_type and ld_alpha make another loss of sigmoid")
  func variants() throws {
    func losses(_ more: [String]) throws -> [Double] {
      let result = try train(more + ["--beta", "0.7"])
      #expect(result.status == 0, "\(result.errors)")
      return try metrics().compactMap { $0["loss"] }
    }
    #expect(
      try losses(["--f_divergence_type", "js_divergence"]) == losses(["--loss_type", "f_dpo_js"]))
    #expect(
      try losses(["--ld_alpha", "0.25"]) == losses(["--loss_type", "ld_dpo", "--ld_alpha", "0.25"]))
    #expect(try losses(["--ld_alpha", "0.25"]) != losses([]))
  }

  @Test(
    "settings that make no sense end with status 2 before anything is read",
    arguments: [
      (["--loss_type", "sigmoyd"], "loss_type 'sigmoyd' is unknown; did you mean 'sigmoid'?"),
      (["--loss_type", "ipo", "--beta", "-0.1"], "--beta: expected a number above 0, found -0.1"),
      (["--loss_type", "ipo,sft", "--loss_weights", "1"], "1 for 2 losses (ipo, sft)"),
      (["--loss_weights", "0"], "loss_weights: expected numbers above 0, found 0.0"),
      (["--simpo_gamma", "1"], "--simpo_gamma: no effect on sigmoid"),
      (["--loss_type", "kto"], "'attune kto --loss_type kto' trains it"),
      (["--loss_type", "list_mle"], "'attune lipo --loss_type list_mle' trains it"),
      (["--loss_type", "selm,tpo"], "different third completions"),
      (
        ["--loss_type", "ipo", "--use_weighting"], "--use_weighting: only the loss sigmoid takes it"
      ),
      (["--ld_alpha", "0.5", "--use_weighting"], "do not go together"),
      (["--loss_type", "tdpo", "--reference_free"], "tdpo measures its distance from a reference"),
      (["--loss_type", "tdpo", "--precompute_ref_log_probs"], "tdpo reads more of the reference"),
      (["--loss_type", "selm", "--precompute_ref_log_probs"], "selm reads more of the reference"),
      (["--f_divergence_type", "kl"], "--f_divergence_type: expected one of alpha_divergence"),
      (["--loss_type", "ipo", "--f_divergence_type", "forward_kl"], "only the loss sigmoid takes"),
      (
        ["--loss_type", "ld_dpo", "--precompute_ref_log_probs"],
        "ld_dpo reads more of the reference"
      ),
    ])
  func refused(arguments: [String], message: String) throws {
    let result = try train(arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  @Test("losses that sort the batch refuse weights of rows")
  func weights() throws {
    let weighted = try folder.write(
      (0..<4).map {
        #"{"prompt": "q \#($0)", "chosen": " yes", "rejected": " no", "weight": \#($0 + 1)}"#
      }.joined(separator: "\n"), "weighted.jsonl")
    let result = try train(["--loss_type", "aot"], pairs: weighted)
    #expect(result.status == 2)
    #expect(result.errors.contains("drop the column"), "\(result.errors)")
    #expect(try train(["--loss_type", "ipo"], pairs: weighted).status == 0)
  }

  @Test("odpo reads the column margin, and names the row that has none")
  func margins() throws {
    #expect(try train(["--loss_type", "odpo", "--beta", "0.1"]).status == 0)
    let first = try #require(try metrics().first?["loss"])
    // The policy still is its reference: log(1 + e^0.5).
    #expect(abs(first - 0.974077) < 1e-5)
    let bare = try folder.write(
      #"{"prompt": "q", "chosen": " yes", "rejected": " no", "margin": 1}"# + "\n"
        + #"{"prompt": "p", "chosen": " yes", "rejected": " no"}"#, "bare.jsonl")
    let result = try train(["--loss_type", "odpo"], pairs: bare)
    #expect(result.status == 3)
    #expect(result.errors.contains("bare.jsonl:2"), "\(result.errors)")
    #expect(result.errors.contains("margin"), "\(result.errors)")
  }

  // At the start all log-ratios are 0: what is left of each formula is known.
  @Test("columns of rows reach the losses that name them")
  func columns() throws {
    func firstLoss(_ name: String, _ more: [String] = []) throws -> Double {
      let result = try train(["--loss_type", name, "--shuffle_dataset", "false"] + more)
      #expect(result.status == 0, "\(result.errors)")
      return try #require(try metrics().first?["loss"])
    }
    // log(1 + exp(M / 0.5)) over M = 0 - 1.5, 1 - 1.5, 2 - 1.5, 3 - 1.5.
    let modpo = [-1.5, -0.5, 0.5, 1.5].map { log1p(exp($0 / 0.5)) }.reduce(0, +) / 4
    #expect(try areClose([firstLoss("modpo")], [modpo], within: 1e-5))
    #expect(try areClose([firstLoss("selm")], [0.693147], within: 1e-5))
    let same = ["--loss_type", "sigmoid", "--shuffle_dataset", "false"]
    #expect(try train(same).status == 0)
    let plain = try metrics().compactMap { $0["loss"] }
    #expect(try train(["--loss_type", "selm", "--selm_alpha", "0"] + same.suffix(2)).status == 0)
    #expect(try areClose(metrics().compactMap { $0["loss"] }, plain, within: 1e-6))
    #expect(try train(["--loss_type", "tdpo2", "--tdpo_alpha", "0"] + same.suffix(2)).status == 0)
    #expect(try areClose(metrics().compactMap { $0["loss"] }, plain, within: 1e-6))
    #expect(try train(["--use_weighting"] + same.suffix(2)).status == 0)
    let weighted = try metrics().compactMap { $0["loss"] }
    #expect(try train(["--loss_type", "wpo"] + same.suffix(2)).status == 0)
    #expect(try metrics().compactMap { $0["loss"] } == weighted)
    #expect(weighted[0] > 0 && abs(weighted[0] - plain[0]) > 0.01, "\(weighted)")
  }

  @Test(
    "third completions and whole distributions do not depend on micro-batches",
    arguments: ["wpo", "tdpo", "tdpo2", "selm", "xpo", "tpo", "tpo_l", "modpo"])
  func splits(name: String) throws {
    func losses(_ more: [String]) throws -> [Double] {
      let result = try train(["--loss_type", name] + more)
      #expect(result.status == 0, "\(result.errors)")
      return try metrics().compactMap { $0["loss"] }
    }
    let whole = try losses([])
    let split = try losses(
      ["--per_device_train_batch_size", "1", "--gradient_accumulation_steps", "4"])
    #expect(areClose(split, whole, within: 1e-5), "\(split) \(whole)")
  }

  @Test(
    "a row without a column that a loss reads is named",
    arguments: [
      ("selm", #""x": 1"#, "reference_response: is missing"),
      (
        "tpo", #""gold": 3"#,
        "gold: expected a completion like chosen and rejected, found the number 3"
      ),
      ("modpo", #""margin_chosen": 1"#, "margin_rejected: is missing: expected a number"),
      ("modpo", #""margin_chosen": "a", "margin_rejected": 1"#, "margin_chosen: expected a number"),
    ])
  func missing(name: String, column: String, message: String) throws {
    let bare = try folder.write(
      #"{"prompt": "q", "chosen": " yes", "rejected": " no", \#(column)}"#, "bare.jsonl")
    let result = try train(["--loss_type", name], pairs: bare)
    #expect(result.status == 3)
    #expect(result.errors.contains("bare.jsonl:1"), "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
