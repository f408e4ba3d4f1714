// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

@Suite("attune kto and attune lipo")
struct UnpairedCommandTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
  }

  private func train(_ command: String, _ rows: [String], _ more: [String] = []) throws
    -> CommandResult
  {
    let path = try folder.write(rows.joined(separator: "\n"), "rows.jsonl")
    return try attune(
      [
        command, "--model_name_or_path", model, "--dataset_path", path, "--output_dir",
        folder.path("run"), "--max_steps", "2", "--logging_steps", "1", "--learning_rate", "0.01",
        "--per_device_train_batch_size", "4", "--threads", "1", "--overwrite_output_dir", "true",
      ] + more)
  }

  private func metrics() throws -> [[String: Double]] {
    try folder.text("run/metrics.jsonl").split(separator: "\n").map { line in
      let object = try #require(try JSONValue(parsing: String(line)).object)
      return Dictionary(
        uniqueKeysWithValues: object.compactMap { key, value in value.double.map { (key, $0) } })
    }
  }

  private let thumbs = (0..<8).map {
    #"{"prompt": "q \#($0)", "completion": " yes \#($0 % 5)", "label": \#($0 % 2 == 0)}"#
  }
  private let pairs = (0..<8).map {
    #"{"prompt": "q \#($0)", "chosen": " yes \#($0 % 5)", "rejected": " no"}"#
  }
  private let lists = (0..<8).map {
    #"{"prompt": "q \#($0)", "completions": [" no", " yes", " yes \#($0)"], "ranks": [3, 1, 2]}"#
  }

  @Test(
    "single completions train, and report what users know",
    arguments: ["kto", "apo_zero_unpaired", "bco"])
  func unpaired(name: String) throws {
    let result = try train("kto", thumbs, ["--loss_type", name])
    #expect(result.status == 0, "\(result.errors)")
    let steps = try metrics()
    let first = try #require(steps.first)
    let wanted = [
      "loss", "grad_norm", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen",
      "logps/rejected", "logits/chosen", "logits/rejected", "beta", "entropy",
    ]
    for metric in wanted + (name == "kto" ? ["kl"] : []) {
      #expect(first[metric]?.isFinite == true, "\(metric)")
    }
    #expect((first["grad_norm"] ?? 0) > 0)
    #expect(steps.count >= 2 && steps[1]["loss"] != first["loss"])
    let card = try folder.text("run/README.md")
    #expect(card.contains("kto"))
  }

  @Test("preferences and comparisons become two rows each")
  func conversion() throws {
    let result = try train("kto", pairs)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("preference -> unpaired preference"), "\(result.errors)")
    #expect(result.errors.contains("8 desirable and 8 undesirable"), "\(result.errors)")
    let comparisons = (0..<4).map {
      #"{"prompt": "q \#($0)", "completions": [" a", " b"], "preference": \#($0 % 2)}"#
    }
    let second = try train("kto", comparisons)
    #expect(second.errors.contains("4 desirable and 4 undesirable"), "\(second.errors)")
  }

  @Test("weights of the two kinds scale their losses; an imbalance is told with its remedy")
  func weights() throws {
    let result = try train(
      "kto", thumbs,
      [
        "--desirable_weight", "3", "--undesirable_weight", "1", "--per_device_train_batch_size",
        "8",
      ])
    #expect(result.status == 0, "\(result.errors)")
    // Policy and reference are equal: half of each weight, four rows of each kind in eight.
    let first = try #require(try metrics().first?["loss"])
    #expect(abs(first - 1) < 1e-6)
    #expect(result.errors.contains("desirable_weight x 4 : undesirable_weight x 4 is 3"))
    let good = try train("kto", thumbs.filter { $0.contains("true") })
    #expect(good.status == 0)
    #expect(good.errors.contains("all completions are desirable"), "\(good.errors)")
  }

  @Test(
    "lists train with every loss, and report what users know",
    arguments: [
      "lipo_lambda", "pair_logistic", "pair_hinge", "list_mle", "softmax", "info_nca", "point_mse",
      "point_sigmoid",
    ])
  func listLosses(name: String) throws {
    let result = try train("lipo", lists, ["--loss_type", name])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("labels of the lists: (K - rank) / (K - 1)"))
    let steps = try metrics()
    let first = try #require(steps.first)
    for metric in [
      "loss", "grad_norm", "rewards/chosen", "rewards/rejected", "rewards/margins",
      "rewards/accuracies", "logps/chosen", "logps/rejected", "beta", "entropy",
    ] {
      #expect(first[metric]?.isFinite == true, "\(metric)")
    }
    #expect((first["grad_norm"] ?? 0) > 0)
    #expect(steps.count >= 2 && steps[1]["loss"] != first["loss"])
  }

  @Test("lists of unlike length share a batch, lists without an order are dropped and counted")
  func raggedLists() throws {
    let rows =
      lists.prefix(3) + [
        #"{"prompt": "p", "completions": [" a", " b"], "ranks": [1, 2]}"#,
        #"{"prompt": "p", "completions": [" a", " b", " c"], "ranks": [1, 1, 1]}"#,
        #"{"prompt": "r", "completions": [" a", " b", " c", " d"], "ranks": [1, 2, 2, 4]}"#,
      ]
    let result = try train("lipo", Array(rows))
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains("1 of 6 rows dropped: all completions ranked alike"),
      "\(result.errors)")
    #expect(result.errors.contains("rows.jsonl:5"), "\(result.errors)")
    let tied = try train(
      "lipo", [#"{"prompt": "p", "completions": [" a", " b"], "ranks": [1, 1]}"#])
    #expect(tied.status != 0 && tied.errors.contains("ranked alike"), "\(tied.errors)")
    // Labels that are values teach even where they are equal.
    let valued = try train(
      "lipo", [#"{"prompt": "p", "completions": [" a", " b"], "ranks": [1, 1]}"#],
      ["--loss_type", "point_mse"])
    #expect(valued.status == 0, "\(valued.errors)")
  }

  @Test("pairs and comparisons are lists of two")
  func listsOfTwo() throws {
    let dpo = try train("dpo", pairs)
    #expect(dpo.status == 0, "\(dpo.errors)")
    let expected = try metrics().compactMap { $0["loss"] }
    let lists = try train("lipo", pairs, ["--loss_type", "pair_logistic"])
    #expect(lists.status == 0, "\(lists.errors)")
    #expect(lists.errors.contains("preference -> ranking"), "\(lists.errors)")
    #expect(try areClose(metrics().compactMap { $0["loss"] }, expected, within: 1e-6))
  }

  @Test(
    "bad rows are named with file, line and field",
    arguments: [
      ("kto", #"{"prompt": "q", "completion": " a"}"#, "rows.jsonl:9: no column 'label'"),
      (
        "kto", #"{"prompt": "q", "completion": " a", "label": "good"}"#,
        "rows.jsonl:9: label: expected true or false, found a string"
      ),
      (
        "kto", #"{"prompt": "q", "completion": " a", "label": true, "density_ratio": -1}"#,
        "rows.jsonl:9: density_ratio: expected a number above 0, found -1"
      ),
      ("lipo", #"{"prompt": "q", "completions": [" a", " b"]}"#, "rows.jsonl:9: no column 'ranks'"),
      (
        "lipo", #"{"prompt": "q", "completions": [" a"], "ranks": [1]}"#,
        "rows.jsonl:9: completions: expected at least 2, found 1"
      ),
      (
        "lipo", #"{"prompt": "q", "completions": [" a", " b"], "ranks": [1]}"#,
        "rows.jsonl:9: ranks: 1 values for 2 completions"
      ),
    ])
  func broken(command: String, row: String, message: String) throws {
    let result = try train(command, (command == "kto" ? thumbs : lists) + [row])
    #expect(result.status == 3)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test("scores that a loss cannot read, or that are missing, are named")
  func scores() throws {
    let scored = (0..<4).map {
      #"{"prompt": "q \#($0)", "completions": [" a", " b"], "scores": [4, \#($0)]}"#
    }
    let auto = try train("lipo", scored, ["--loss_type", "point_sigmoid"])
    #expect(auto.status == 0 && auto.errors.contains("(K - rank)"), "\(auto.errors)")
    let chances = try train(
      "lipo", scored, ["--loss_type", "point_sigmoid", "--list_labels", "scores"])
    #expect(chances.status == 3)
    #expect(chances.errors.contains("rows.jsonl:1: scores: expected 0.0 to 1.0"))
    #expect(
      try train("lipo", scored, ["--loss_type", "point_mse", "--list_labels", "scores"]).status == 0
    )
    let missing = try train("lipo", lists, ["--list_labels", "scores"])
    #expect(missing.status == 3 && missing.errors.contains("rows.jsonl:1: scores: is missing"))
  }

  @Test(
    "settings that make no sense end with status 2 before anything is read",
    arguments: [
      (["kto", "--beta", "0"], "--beta: expected a number above 0, found 0.0"),
      (["kto", "--beta", "-1"], "--beta: expected a number above 0, found -1.0"),
      (["kto", "--desirable_weight", "-1"], "--desirable_weight: expected a number of at least 0"),
      (["kto", "--loss_type", "bco", "--desirable_weight", "2"], "no effect on bco"),
      (["kto", "--loss_type", "sigmoid"], "'attune dpo --loss_type sigmoid' trains it"),
      (["kto", "--loss_type", "ktoo"], "loss_type 'ktoo' is unknown; did you mean 'kto'?"),
      (["lipo", "--beta", "0"], "--beta: expected a number above 0, found 0.0"),
      (["lipo", "--loss_type", "kto"], "'attune kto --loss_type kto' trains it"),
      (["lipo", "--list_labels", "stars"], "--list_labels"),
    ])
  func refused(arguments: [String], message: String) throws {
    let result = try attune(
      arguments + ["--model_name_or_path", "nowhere", "--output_dir", folder.path("none")])
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("none")))
  }

  @Test("KTO needs completions of other prompts, and says so")
  func onePrompt() throws {
    let rows = [true, false].map {
      #"{"prompt": "q", "completion": " \#($0)", "label": \#($0)}"#
    }
    let result = try train("kto", rows)
    #expect(result.status == 2)
    #expect(result.errors.contains("apo_zero_unpaired does without"), "\(result.errors)")
    #expect(try train("kto", rows, ["--loss_type", "apo_zero_unpaired"]).status == 0)
  }

  @Test("a reference without the policy's vocabulary is refused")
  func vocabulary() throws {
    let url = folder.url.appending(path: "small")
    try TinyPolicy.writeSmall(to: url)
    for (command, rows) in [("kto", thumbs), ("lipo", lists), ("dpo", pairs)] {
      let result = try train(command, rows, ["--ref_model", url.path])
      #expect(result.status == 2, "\(result.errors)")
      #expect(
        result.errors.contains("ref_model with a vocabulary of 100 tokens: expected one with"),
        "\(result.errors)")
    }
  }
}
