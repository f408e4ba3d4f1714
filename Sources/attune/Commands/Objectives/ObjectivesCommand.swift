// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Objectives

/// `attune objectives`: the catalogue of losses.
struct ObjectivesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "objectives",
    abstract: "List the preference losses, or compute one on given log-probabilities.",
    subcommands: [ObjectivesListCommand.self, ObjectivesEvaluateCommand.self],
    defaultSubcommand: ObjectivesListCommand.self)
}

/// `attune objectives list`.
struct ObjectivesListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the losses: name, formula, paper, data, and what has been checked.",
    discussion: """
      "vectors" says whether loss and gradients are compared with an independent program in the tests, \
      "reproduced" which experiment shows the paper's claim.

        attune objectives
        attune objectives --json
      """)

  @Option(help: "Print one JSON array.")
  var json = false

  @Option(help: "Print a table in Markdown.")
  var markdown = false

  func run() throws {
    if markdown { return ObjectiveTable.markdown.forEach { Output.current.line($0) } }
    if json {
      let rows = ObjectiveTable.entries.map { JSONValue.object($0.json) }
      return Output.current.line(JSONValue.array(rows).serialized())
    }
    for entry in ObjectiveTable.entries {
      Output.current.line("\(entry.name): \(entry.title)")
      for (name, text) in entry.facts { Output.current.line("  \(name): \(text)") }
    }
  }
}

extension ObjectiveEntry {
  /// What the list says about a loss, besides name and title.
  var facts: [(name: String, text: String)] {
    let options = options.map { "\($0.option.name) \($0.value.shortText)" }
    return [
      ("formula", formula), ("paper", source),
      ("data", inputs.map(\.name).joined(separator: ", ")),
      ("options", options.isEmpty ? "none" : options.joined(separator: ", ")),
      ("trained by", training),
      ("vectors", areVectorsChecked ? "checked" : "no"),
      ("reproduced", reproduction ?? "no"),
    ]
  }

  /// The command that trains it, with the columns it reads beside those of its rows.
  private var training: String {
    guard isTrainable else {
      return "none: needs \(missingInTraining.map(\.name).joined(separator: ", "))"
    }
    let more = columns.isEmpty ? "" : ", with \(columns.joined(separator: ", "))"
    return "attune \(kind.command)\(more)"
  }

  /// The same as an object.
  var json: JSONObject {
    [
      "name": .string(name), "aliases": .array(aliases.map { .string($0) }),
      "title": .string(title), "formula": .string(formula), "paper": .string(source),
      "inputs": .array(inputs.map { .string($0.name) }),
      "options": .object(
        JSONObject(options.map { ($0.option.name, JSONValue.number($0.value)) })),
      "needs_reference": .bool(needsReference), "trainable": .bool(isTrainable),
      "command": .string(kind.command), "columns": .array(columns.map { .string($0) }),
      "vectors_checked": .bool(areVectorsChecked),
      "reproduced": reproduction.map { .string($0) } ?? .bool(false),
    ]
  }
}

extension ObjectiveTable {
  /// The lines of the table in the documentation.
  static var markdown: [String] {
    let columns = [
      "name", "method", "formula of a row", "paper", "data", "options and defaults", "trained by",
      "vectors", "reproduced",
    ]
    func row(_ cells: [String]) -> String {
      // A bar would end the cell.
      "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
    }
    return [row(columns), row(columns.map { _ in "---" })]
      + entries.map { entry in
        let names = ([entry.name] + entry.aliases).map { "`\($0)`" }.joined(separator: ", ")
        let facts = Dictionary(uniqueKeysWithValues: entry.facts.map { ($0.name, $0.text) })
        let shown = ["formula", "paper", "data", "options", "trained by", "vectors", "reproduced"]
        return row([names, entry.title] + shown.map { facts[$0] ?? "" })
      }
  }
}
