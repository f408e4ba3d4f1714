// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Objectives
import Testing

@testable import attune

@Suite("attune objectives")
struct ObjectivesCommandTests {
  private let folder: TemporaryFolder
  private let rows: String

  init() throws {
    folder = try TemporaryFolder()
    rows = try folder.write(
      """
      {"policy_chosen": [[-0.5, -1.2, -0.3], [-0.9, -0.4], [-0.2, -0.7, -1.1, -0.6],
                         [-2.0, -1.5, -0.1]],
       "ref_chosen": [[-0.9, -1.9, -0.7], [-0.8, -0.2], [-0.5, -1.4, -1.3, -0.7],
                      [-2.6, -3.1, -0.9]],
       "policy_rejected": [[-0.8, -0.6, -1.5, -0.4], [-1.0, -0.4, -0.3], [-0.6, -0.9],
                           [-1.1, -0.7, -0.9, -1.6, -0.2]],
       "ref_rejected": [[-0.6, -0.9, -1.1, -0.3], [-1.1, -0.8, -0.6], [-0.8, -1.1],
                        [-0.4, -0.5, -0.8, -1.3, -0.1]],
       "margins": [0.2, 0, 0.5, 1]}
      """, "rows.json")
  }

  private func evaluate(_ name: String, _ more: [String] = [], input: String? = nil) throws
    -> CommandResult
  {
    try attune(["objectives", "evaluate", name, "--input", input ?? rows] + more)
  }

  // NumPy, float64: D = [1.9, -1.1, 0.9, 4.4]; -log sigma(D/2), and hinge, simpo with beta 2 gamma 1.
  @Test(
    "computes losses, rows and gradients",
    arguments: [
      ("sigmoid", ["--beta", "0.5"], [0.326956, 1.005492, 0.493249, 0.105083]),
      (
        "dpo", ["--beta=0.5", "--label-smoothing", "0.1"],
        [0.421956, 0.950492, 0.538249, 0.325083]
      ),
      ("hinge", ["--beta", "0.5"], [0.05, 1.55, 0.55, 0]),
      ("ipo", ["--beta", "0.5"], [0.16, 2.006944, 0.765625, 0.0784]),
      ("simpo", [], [1.09208, 1.437764, 1.171101, 1.783901]),
      ("odpo", ["--beta", "0.5"], [0.386871, 1.005492, 0.71846, 0.263282]),
      (
        "sigmoid,bco_pair,sft", ["--beta", "0.5", "--loss_weights", "0.8,0.2,1"],
        [1.250234, 1.932855, 1.429905, 0.996653]
      ),
    ])
  func evaluates(name: String, options: [String], expected: [Double]) throws {
    let result = try evaluate(name, options)
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(try result.rows.first)
    #expect(areClose(object["losses"]?.doubles ?? [], expected, within: 1e-6))
    let mean = expected.reduce(0, +) / 4
    #expect(areClose([object["loss"]?.double ?? .nan], [mean], within: 1e-6))
    let gradient = object["gradients"]?["policy_chosen"]?.array ?? []
    #expect(gradient.map { $0.doubles.count } == [3, 2, 4, 3])
  }

  @Test("gradients of DPO are those on paper, and zero at the reference")
  func gradients() throws {
    let object = try #require(try evaluate("sigmoid", ["--beta", "0.5"]).rows.first)
    let rows = object["gradients"]?["policy_chosen"]?.array ?? []
    let first = rows.map { 4 * ($0.doubles.first ?? .nan) }
    #expect(areClose(first, [-0.139442, -0.317068, -0.194680, -0.049875], within: 1e-6))
    let reference = object["gradients"]?["ref_chosen"]?.array ?? []
    #expect(reference.flatMap(\.doubles) == [Double](repeating: 0, count: 12))
  }

  /// Two pairs of one token each, with `text` as the whole of one field; nil leaves the field out.
  private func file(_ field: String, _ text: String?) throws -> String {
    var fields = ["policy_chosen", "policy_rejected", "ref_chosen", "ref_rejected"].map {
      ($0, Optional("[[-1], [-1]]"))
    }
    fields.removeAll { $0.0 == field }
    fields.append((field, text))
    let members = fields.compactMap { name, value in value.map { "\"\(name)\": \($0)" } }
    return try folder.write("{\(members.joined(separator: ", "))}", "broken.json")
  }

  @Test(
    "what cannot be computed is told with row, field and remedy",
    arguments: [
      ("ref_rejected", nil, "field 'ref_rejected' is missing; sigmoid needs policy_chosen, "),
      ("policy_chosen", "[[-1], [-Infinity]]", "row 2 of 'policy_chosen': number 1 of it is −∞"),
      ("ref_chosen", "[[-1], [NaN]]", "row 2 of 'ref_chosen': number 1 of it is nan"),
      ("ref_chosen", "[[Infinity], [-1]]", "row 1 of 'ref_chosen': number 1 of it is inf"),
      ("ref_chosen", "[[-1], [null]]", "row 2 of 'ref_chosen': expected numbers, found null"),
      ("policy_chosen", "[[-1], [\"a\"]]", "row 2 of 'policy_chosen': expected numbers"),
      (
        "policy_chosen", "[[-1], [-1, -2]]",
        "row 2 of 'ref_chosen': has length 1, the same row of 'policy_chosen' has 2"
      ),
      ("policy_chosen", "[[-1], []]", "row 2 of 'policy_chosen': is empty"),
      ("ref_chosen", "[[-1]]", "field 'ref_chosen': has 1 rows, 'policy_chosen' has 2"),
      ("policy_chosen", "[-1, -1]", "row 1 of 'policy_chosen': expected a list of numbers"),
      ("policy_chosen", "[]", "field 'policy_chosen': expected a list of rows, at least one"),
      ("policy_chosen", "-1", "field 'policy_chosen': expected a list of rows"),
      ("policy_chosn", "[[-1], [-1]]", "field 'policy_chosn' is unknown; known: "),
      ("policy_chosen", "[[-1", "broken.json"),
    ] as [(String, String?, String)])
  func refused(field: String, text: String?, message: String) throws {
    let result = try evaluate("sigmoid", input: file(field, text))
    #expect(result.status == 3, "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test("a file that is missing or holds no object is named")
  func noObject() throws {
    let list = try folder.write("[[-1]]", "list.json")
    #expect(try evaluate("sigmoid", input: list).errors.contains("expected one JSON object"))
    let missing = try evaluate("sigmoid", input: "nowhere.json")
    #expect(missing.status == 3 && missing.errors.contains("nowhere.json"))
  }

  @Test(
    "settings that make no sense end with status 2",
    arguments: [
      (["sigmoyd"], "loss_type 'sigmoyd' is unknown; did you mean 'sigmoid'?"),
      (["ipo", "--beta", "0"], "--beta: expected a number above 0, found 0.0"),
      (["ipo", "--beta", "-1"], "--beta: expected a number above 0, found -1.0"),
      (["ipo", "--simpo_gamma", "1"], "--simpo_gamma: no effect on ipo"),
      (["ipo,sft", "--loss_weights", "1"], "1 for 2 losses (ipo, sft)"),
      (["kto", "--label_smoothing", "0.1"], "--label_smoothing: no effect on kto"),
      (["exo_pair", "--label_smoothing", "0"], "expected above 0 and below 0.5, found 0.0"),
    ])
  func usage(arguments: [String], message: String) throws {
    let result = try attune(["objectives", "evaluate"] + arguments + ["--input", rows])
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test("lists of one candidate and lists of ties are told with their row")
  func lists() throws {
    for (labels, message) in [
      ("[[1, 2], [3]]", "row 2 of 'labels': has one candidate"),
      ("[[1, 2], [3, 3]]", "row 2 of 'labels': all candidates are tied"),
      ("[[1, 2], [3, 4, 5]]", "row 2 of 'labels': has length 3, the same row of 'policy' has 2"),
    ] {
      let file = try folder.write(
        #"{"policy": [[-1, -2], [-1, -3]], "ref": [[-1, -1], [-1, -1]], "labels": \#(labels)}"#,
        "lists.json")
      let result = try evaluate("list_mle", input: file)
      #expect(result.status == 3 && result.errors.contains(message), "\(result.errors)")
    }
  }

  @Test("lists every loss, as text, JSON and the page of the documentation")
  func table() throws {
    let text = try attune("objectives")
    #expect(text.status == 0, "\(text.errors)")
    let json = try attune("objectives", "--json")
    let objects = try JSONValue(parsing: json.output).array ?? []
    #expect(objects.compactMap { $0["name"]?.string } == ObjectiveTable.entries.map(\.name))
    for entry in ObjectiveTable.entries {
      #expect(text.output.contains("\(entry.name): \(entry.title)"))
    }
    let page = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Docs/objectives/Catalogue.md"),
      encoding: .utf8)
    let markdown = try attune("objectives", "list", "--markdown").output
    #expect(page.contains(markdown), "put the output of 'attune objectives --markdown' in the page")
  }

  @Test("help shows the group, and each option of a loss is an option of the command")
  func help() throws {
    #expect(try attune("objectives", "--help").output.contains("evaluate"))
    let names = Set(OptionCatalogue(ObjectivesEvaluateCommand.self).entries.map(\.name))
    let trainable: [ObjectiveEntry.Kind: Set<String>] = [
      .pairs: Set(OptionCatalogue(DPOCommand.self).entries.map(\.name)),
      .unpaired: Set(OptionCatalogue(KTOCommand.self).entries.map(\.name)),
      .lists: Set(OptionCatalogue(LiPOCommand.self).entries.map(\.name)),
    ]
    for entry in ObjectiveTable.entries {
      for (option, _) in entry.options {
        #expect(names.contains(option.name), "\(option.name)")
        #expect(trainable[entry.kind]?.contains(option.name) == true, "\(option.name)")
      }
    }
  }
}
