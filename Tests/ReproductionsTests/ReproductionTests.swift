// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import TestSupport
import Testing

@testable import Reproductions

/// A reproduction by its name, so that a test can be told by it.
struct Named: CustomTestStringConvertible {
  let reproduction: any Reproduction
  var breakage: Breakage?

  var testDescription: String {
    reproduction.name + (breakage.map { ", \($0.name)" } ?? "")
  }

  static var all: [Named] { ReproductionTable.all.map { Named(reproduction: $0) } }

  static var broken: [Named] {
    ReproductionTable.all.flatMap { reproduction in
      reproduction.breakages.map { Named(reproduction: reproduction, breakage: $0) }
    }
  }
}

/// Whether tests of more than five seconds are asked for.
let runsSlowTests = ProcessInfo.processInfo.environment["ATTUNE_SLOW_TESTS"] == "1"

/// Beginnings of claims that do not hold, of which the pages in `Docs/systems` say what was tried.
private let failures: [String: [String]] = [
  "selm": ["a language model: SELM with α = 0.1 asks about at least 1.2 times"],
  "lipo": ["on six free scores λ's NDCG@1 and @3"],
  "aligndistil": [
    "AlignDistil earns at least 0.2 more than DPO",
    "the policy's expected contrastive reward rises with each",
  ],
]

extension ReproductionOutcome {
  /// Claims whose verdict is not the documented one; one that holds by now is among them.
  fileprivate var surprises: [Claim] {
    claims.filter { claim in
      let fails = (failures[reproduction.name] ?? []).contains { claim.statement.hasPrefix($0) }
      return claim.verdict != (fails ? .notHeld : .held)
    }
  }
}

@Suite("Reproductions")
struct ReproductionTests {
  @Test(
    "every claim holds with the experiment's own seeds, but for those documented",
    .enabled(if: runsSlowTests),
    arguments: Named.all)
  func holds(named: Named) throws {
    for claim in try named.reproduction.run().surprises {
      Issue.record("\(named.reproduction.name): \(claim.line)")
    }
  }

  @Test(
    "every mistake makes a claim fail that holds without it", .enabled(if: runsSlowTests),
    arguments: Named.broken)
  func isSensitive(named: Named) throws {
    let outcome = try named.reproduction.run(seeds: [1], breakage: named.breakage)
    #expect(outcome.surprises.contains { $0.verdict == .notHeld })
  }

  @Test("the quickest reproduction holds, fails when its sign is flipped, and says the same twice")
  func quick() throws {
    let reproduction = MODPOReproduction()
    let outcome = try reproduction.run()
    for claim in outcome.claims { #expect(claim.verdict == .held, "\(claim.line)") }
    let again = try reproduction.run()
    #expect(outcome.parts.map(\.findings.tables) == again.parts.map(\.findings.tables))
    let broken = try reproduction.run(breakage: MODPOReproduction.marginSign)
    #expect(broken.verdict == .notHeld)
  }

  @Test("names are unique, and those of mistakes within their reproduction")
  func names() {
    #expect(Set(ReproductionTable.all.map(\.name)).count == ReproductionTable.all.count)
    for reproduction in ReproductionTable.all {
      let names = reproduction.breakages.map(\.name)
      #expect(Set(names).count == names.count && names.count >= 3)
      #expect(!reproduction.seeds.isEmpty && !reproduction.parts.isEmpty)
    }
  }

  @Test("unknown names are told together with the known ones")
  func unknown() {
    #expect(throws: ReproductionError.unknown("dpg", known: ReproductionTable.all.map(\.name))) {
      _ = try ReproductionTable.named("dpg")
    }
    #expect(throws: ReproductionError.self) {
      _ = try RAFTReproduction().breakage(named: "margin_sign")
    }
  }

  @Test("the run folder holds settings, records, results and a report that says the verdict")
  func folder() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appending(path: "run")
    let outcome = try Small(isRight: false).run(seeds: [5], breakage: Small.mistake)
    try ReproductionFolder(folder).write(outcome, version: "9.9")
    func object(_ name: String) throws -> JSONValue {
      try JSONValue(
        parsing: String(contentsOf: folder.appending(path: name), encoding: .utf8))
    }
    let settings = try object("settings.json")
    #expect(settings["broken_by"]?.string == "mistake")
    #expect(settings["steps"]?.integer == 3)
    let results = try object("results.json")
    #expect(results["verdict"]?.string == "not held")
    let records = try String(
      contentsOf: folder.appending(path: "records.jsonl"), encoding: .utf8)
    #expect(records == #"{"part": "exact", "step": 1}"# + "\n")
    let report = try String(
      contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
    #expect(report.contains("not held") && report.contains("something is wrong"))
    #expect(!report.contains("src=\"http"))
  }

  @Test("a folder that cannot be made is told with its path")
  func unwritable() throws {
    let outcome = try Small(isRight: true).run()
    #expect(outcome.verdict == .held)
    let folder = ReproductionFolder(URL(filePath: "/dev/null/reproduce"))
    #expect(throws: ReproductionError.self) { try folder.write(outcome, version: "1") }
  }
}

/// An experiment without work.
private struct Small: Reproduction {
  static let mistake = Breakage("mistake", "something is wrong")
  let isRight: Bool
  let name = "small"
  let title = "Small"
  let source = "nobody"
  let summary = "Nothing is done."
  let seeds: [UInt64] = [1]
  let settings: JSONObject = ["steps": 3]
  let breakages = [Self.mistake]
  var parts: [ReproductionPart] {
    [
      ReproductionPart("exact") { run in
        run.record(["step": 1])
        return Findings(
          tables: [ResultTable(title: "t", columns: [.init("a")], rows: [[.number(1)]])],
          claims: [Claim("it is right", held: isRight && !run.has(Self.mistake))])
      }
    ]
  }
}
