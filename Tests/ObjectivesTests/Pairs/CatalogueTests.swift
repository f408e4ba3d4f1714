// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import Objectives

/// Losses, gradients and names of the table against Fixtures/catalogue.json.
@Suite("The table of losses")
struct CatalogueTests {
  /// One loss with options and what PyTorch makes of it.
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var options: [String: Double]
    var loss: Double
    var losses: [Double]
    var gradients: [String: [Double]]

    var testDescription: String { "\(name) \(options)" }
  }

  static let fixture = try? JSONDecoder().decode(
    File.self,
    from: Data(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/catalogue.json")))

  struct File: Decodable {
    struct Row: Decodable {
      var name: String
      var options: [String: Double]
      var loss: Double
      var losses: [Double]
      var gradients: [String: Numbers]
    }
    var inputs: [String: Numbers]
    var cases: [Row]
  }

  /// Numbers in lists in lists.
  struct Numbers: Decodable {
    var value: NestedNumbers

    init(from decoder: any Decoder) throws {
      if var list = try? decoder.unkeyedContainer() {
        var parts: [NestedNumbers] = []
        while !list.isAtEnd { parts.append(try list.decode(Numbers.self).value) }
        value = .list(parts)
      } else {
        value = .number(try decoder.singleValueContainer().decode(Double.self))
      }
    }
  }

  static let inputs = fixture?.inputs.mapValues(\.value) ?? [:]
  static let cases = (fixture?.cases ?? []).map { row in
    Case(
      name: row.name, options: row.options, loss: row.loss, losses: row.losses,
      gradients: row.gradients.mapValues { $0.value.flat })
  }

  @Test("loss, rows and gradients agree with PyTorch", arguments: cases)
  func golden(expected: Case) throws {
    let entry = try ObjectiveTable.entry(expected.name)
    let found = try ObjectiveEvaluation(
      expected.name, entries: [entry], loss: entry.loss(ObjectiveSettings(expected.options)),
      fields: Self.inputs)
    expectClose([found.loss], [expected.loss], atol: 1e-10)
    expectClose(found.losses, expected.losses, atol: 1e-10)
    #expect(Set(found.gradients.map(\.name)) == Set(expected.gradients.keys))
    for (name, gradient) in found.gradients {
      expectClose(gradient.flat, expected.gradients[name] ?? [], atol: 1e-10)
      #expect(gradient.depth == Self.inputs[name]?.depth)
    }
  }

  @Test("says of exactly those losses that vectors are checked that the file holds")
  func checked() {
    let checked = ObjectiveTable.entries.filter(\.areVectorsChecked).map(\.name)
    #expect(Set(checked) == Set(Self.cases.map(\.name)))
    #expect(checked.count > 50)
  }

  @Test("every option has been given another value than its default")
  func options() {
    for entry in ObjectiveTable.entries {
      for (option, value) in entry.options {
        let cases = Self.cases.filter { $0.name == entry.name }
        let seen = cases.compactMap { $0.options[option.name] }
        #expect(seen.contains { $0 != value }, "\(entry.name) \(option.name)")
      }
    }
  }

  @Test("gradients agree with central differences", arguments: ObjectiveTable.entries.map(\.name))
  func centralDifferences(name: String) throws {
    let entry = try ObjectiveTable.entry(name)
    let loss = try entry.loss()
    func evaluate(_ fields: [String: NestedNumbers]) throws -> ObjectiveEvaluation {
      try ObjectiveEvaluation(name, entries: [entry], loss: loss, fields: fields)
    }
    let found = try evaluate(Self.inputs)
    // What is used without gradient does change the loss: only the policy's own fields can be compared, and of
    // those not what stands in a detached weight or reference point.
    let detached: Set = ["wpo", "bco_shift", "bco", "tdpo2"]
    for (field, gradient) in found.gradients
    where (field.hasPrefix("policy") && field != "policy_mismatched") && !detached.contains(name) {
      let numbers = try #require(Self.inputs[field])
      let step = 1e-6
      let numeric = try gradient.flat.indices.map { index in
        let sides = try [step, -step].map { change in
          var values = numbers.flat
          values[index] += change
          var rest = values[...]
          return try evaluate(Self.inputs.merging([field: numbers.refilled(&rest)]) { $1 }).loss
        }
        return (sides[0] - sides[1]) / (2 * step)
      }
      expectClose(gradient.flat, numeric, atol: 1e-8)
    }
  }

  @Test("names are unlike each other, and each leads to its own row")
  func names() throws {
    let names = ObjectiveTable.entries.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
    for entry in ObjectiveTable.entries {
      for name in [entry.name] + entry.aliases {
        #expect(try ObjectiveTable.entry(name).name == entry.name)
      }
      #expect(!entry.formula.isEmpty && !entry.source.isEmpty)
    }
    #expect(throws: ObjectiveError.self) { try ObjectiveTable.entry("sigmoyd") }
  }

  @Test(
    "the names that users bring are there and can train",
    arguments: [
      "sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "sppo_hard", "aot",
      "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm", "simpo", "cpo",
      "orpo", "kto", "wpo",
    ])
  func familiar(name: String) throws {
    #expect(try ObjectiveTable.entry(name).isTrainable)
  }

  @Test("every loss is trained by the command of its rows, and by no other")
  func commands() throws {
    for entry in ObjectiveTable.entries {
      #expect(entry.isTrainable, "\(entry.name)")
      for kind in ObjectiveEntry.Kind.allCases where kind != entry.kind {
        let error = #expect(throws: ObjectiveError.self) {
          try ObjectiveTable.loss(entry.name, on: kind)
        }
        #expect(error.map { "\($0)" }?.contains("attune \(entry.kind.command)") == true)
      }
      _ = try ObjectiveTable.loss(entry.name, on: entry.kind)
    }
    #expect(try ObjectiveTable.entry("selm").columns == ["reference_response"])
    #expect(try ObjectiveTable.entry("modpo").columns == ["margin_chosen", "margin_rejected"])
    #expect(try ObjectiveTable.entry("sigmoid").columns.isEmpty)
  }

  @Test("several losses are summed with their weights")
  func mixes() throws {
    let (objective, entries) = try ObjectiveTable.pairLoss(
      ["sigmoid", "bco_pair", "sft"], weights: [0.8, 0.2, 1],
      settings: ObjectiveSettings(["beta": 0.5]))
    let mixed = try ObjectiveEvaluation(
      "mix", entries: entries, loss: .pairs(objective), fields: Self.inputs)
    let mpo = try #require(Self.cases.first { $0.name == "mpo" })
    expectClose([mixed.loss], [mpo.loss], atol: 1e-10)
    expectClose(mixed.losses, mpo.losses, atol: 1e-10)
    #expect(objective.beta == 0.5)
  }

  @Test("what makes no sense is refused in words")
  func refused() {
    func error(_ names: [String], _ weights: [Double] = [], _ values: [String: Double] = [:])
      -> String
    {
      do {
        _ = try ObjectiveTable.pairLoss(
          names, weights: weights, settings: ObjectiveSettings(values))
        return ""
      } catch { return "\(error)" }
    }
    #expect(error(["ipoo"]).contains("loss_type 'ipoo' is unknown"))
    #expect(error(["ipo"], [1, 2]).contains("2 for 1 losses (ipo)"))
    #expect(error(["ipo", "sft"], [1, 0]).contains("expected numbers above 0, found 0.0"))
    #expect(error(["ipo"], [], ["beta": 0]) == "--beta: expected a number above 0, found 0.0")
    #expect(error(["ipo"], [], ["beta": .nan]).contains("found nan"))
    #expect(
      error(["ipo"], [], ["simpo_gamma": 1]) == "--simpo_gamma: no effect on ipo; leave it out")
    #expect(error(["exo_pair"], [], ["label_smoothing": 0]).contains("above 0 and below 0.5"))
    #expect(error(["alphapo"], [], ["alphapo_alpha": 0]).contains("other than 0"))
    #expect(
      error(["sigmoid", "kto"])
        == "loss_type 'kto' needs single completions with a label: 'attune kto --loss_type kto' trains it"
    )
    #expect(error(["lipo"]).contains("'attune lipo --loss_type lipo_lambda' trains it"))
    #expect(error(["selm", "xpo"]).isEmpty)
    #expect(
      error(["selm", "tpo"]).contains("different third completions (gold, reference_response)"))
  }
}
