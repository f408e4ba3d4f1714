// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Evaluation
import Feedback
import Foundation
import Reproductions

/// `attune reproduce`: a paper's claim, tested by one command.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract:
      "Run the experiment behind a method's claim, with its baselines, and say whether it held.",
    discussion: """
      Prints tables and claims; each is held or not held by a margin that was fixed beforehand. Tables, \
      records, settings and a report with figures go to the run folder. A claim that does not hold is a \
      result: the status is 0.

      --break makes a mistake on purpose (--list names them), which must make a claim fail.

        attune reproduce --list
        attune reproduce online_ipo
        attune reproduce online_ipo --break flipped_preferences
        attune reproduce --all --output_dir runs/reproduce
      """)

  @Argument(help: "The method; --list shows all.")
  var name: String?

  @Option(help: "List the reproductions and the mistakes they can be run with.")
  var list: Bool = false

  @Option(help: "Run every reproduction.")
  var all: Bool = false

  @Option(help: ArgumentHelp("Seeds in place of the experiment's own.", valueName: "number"))
  var seeds: [UInt64] = []

  @Option(
    name: .customLong("break"),
    help: ArgumentHelp("A mistake to make on purpose.", valueName: "mistake"))
  var breakage: String?

  @Option(
    name: .customLong("output_dir"),
    help: ArgumentHelp("Folder in which each method gets a run folder.", valueName: "folder"))
  var outputFolder: String = "runs/reproduce"

  @Option(help: "Print one JSON object a method.")
  var json = false

  func validate() throws {
    guard [name != nil, list, all].count(where: { $0 }) == 1 else {
      throw ValidationError("give one of: the name of a method, --list, --all")
    }
    guard breakage == nil || name != nil else {
      throw ValidationError("--break: name the method whose experiment shall be broken")
    }
  }

  func run() throws {
    if list { return showList() }
    let chosen = try name.map { [try ReproductionTable.named($0)] } ?? ReproductionTable.all
    let outcomes = try chosen.map(reproduce)
    guard !json, outcomes.count > 1 else { return }
    Output.current.line(Self.summary(outcomes).textTable.text())
  }

  private func reproduce(_ reproduction: any Reproduction) throws -> ReproductionOutcome {
    let mistake = try breakage.map(reproduction.breakage(named:))
    let output = Output.current
    let outcome = try reproduction.run(
      seeds: seeds.isEmpty ? nil : seeds, breakage: mistake, progress: { output.note($0) })
    let folder = URL(filePath: outputFolder).appending(path: reproduction.name)
    try ReproductionFolder(folder).write(outcome, version: Attune.version)
    guard !json else {
      output.json(outcome.results)
      return outcome
    }
    output.line("\(reproduction.title) (\(reproduction.source))")
    output.line()
    for table in outcome.parts.flatMap(\.findings.tables) {
      output.line(table.title)
      output.line(table.textTable.text())
      output.line()
    }
    for claim in outcome.claims { output.line(claim.line) }
    let broken = mistake.map { ", with a mistake on purpose: \($0.summary)" } ?? ""
    output.line("\(reproduction.name): \(outcome.verdict.rawValue)\(broken)")
    output.line("\(Int(outcome.seconds.rounded(.up))) s; report: \(folder.path)/report.html")
    output.line()
    return outcome
  }

  private func showList() {
    for reproduction in ReproductionTable.all {
      guard !json else {
        Output.current.json(reproduction.json)
        continue
      }
      Output.current.line("\(reproduction.name): \(reproduction.title), \(reproduction.source)")
      Output.current.line("  \(reproduction.summary)")
      Output.current.line("  parts: \(reproduction.parts.map(\.name).joined(separator: ", "))")
      for breakage in reproduction.breakages {
        Output.current.line("  --break \(breakage.name): \(breakage.summary)")
      }
    }
  }

  private static func summary(_ outcomes: [ReproductionOutcome]) -> ResultTable {
    ResultTable(
      title: "Reproductions",
      columns: [
        .init("method"), .init("verdict"), .init("claims held"),
        .init("time", unit: "s", format: .decimals(0)),
      ],
      rows: outcomes.map { outcome in
        let held = outcome.claims.count { $0.verdict == .held }
        return [
          .text(outcome.reproduction.name), .text(outcome.verdict.rawValue),
          .text("\(held) of \(outcome.claims.count)"), .number(outcome.seconds),
        ]
      })
  }
}

extension Reproduction {
  /// What the list says, as an object.
  var json: JSONObject {
    [
      "name": .string(name), "title": .string(title), "paper": .string(source),
      "summary": .string(summary), "parts": .array(parts.map { .string($0.name) }),
      "breakages": .array(
        breakages.map { ["name": .string($0.name), "summary": .string($0.summary)] }),
    ]
  }
}
