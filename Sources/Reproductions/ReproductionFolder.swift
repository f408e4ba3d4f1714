// SPDX-License-Identifier: Apache-2.0
import Evaluation
public import Feedback
public import Foundation

/// The run folder of a reproduction.
///
/// `settings.json` says what was run, `records.jsonl` holds what was measured on the way, `results.json` tables, claims
/// and verdict, and `report.html` the same with figures, in one file without outside parts.
public struct ReproductionFolder {
  /// Where it is.
  public let url: URL

  /// Names a folder; it is made when something is written.
  public init(_ url: URL) { self.url = url }

  /// Writes the four files, replacing those of an earlier run.
  ///
  /// - Throws: ``ReproductionError/cannotWrite(path:reason:)``.
  public func write(_ outcome: ReproductionOutcome, version: String) throws {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw ReproductionError.cannotWrite(path: url.path, reason: error.localizedDescription)
    }
    try write(JSONValue.object(outcome.settings(version: version)).serialized(), "settings.json")
    let rows = outcome.records.map { JSONValue.object($0).serialized() + "\n" }
    try write(rows.joined(), "records.jsonl")
    try write(JSONValue.object(outcome.results).serialized(), "results.json")
    try write(outcome.report(version: version).html(), "report.html")
  }

  private func write(_ text: String, _ name: String) throws {
    let file = url.appending(path: name)
    do {
      try Data((text.hasSuffix("\n") || text.isEmpty ? text : text + "\n").utf8).write(
        to: file, options: .atomic)
    } catch {
      throw ReproductionError.cannotWrite(path: file.path, reason: error.localizedDescription)
    }
  }
}

extension ReproductionOutcome {
  /// What was run, for `settings.json`.
  func settings(version: String) -> JSONObject {
    var settings: JSONObject = [
      "name": .string(reproduction.name), "version": .string(version),
      "seeds": .array(seeds.map { .integer(Int(truncatingIfNeeded: $0)) }),
      "broken_by": breakage.map { .string($0.name) } ?? .null,
    ]
    for (key, value) in reproduction.settings { settings[key] = value }
    return settings
  }

  /// Tables, claims and verdict, for `results.json` and `--json`.
  public var results: JSONObject {
    [
      "name": .string(reproduction.name), "source": .string(reproduction.source),
      "verdict": .string(verdict.rawValue),
      "broken_by": breakage.map { .string($0.name) } ?? .null,
      "seeds": .array(seeds.map { .integer(Int(truncatingIfNeeded: $0)) }),
      "seconds": .number(seconds),
      "parts": .array(
        parts.map { part in
          [
            "name": .string(part.name), "verdict": .string(part.findings.verdict.rawValue),
            "claims": .array(part.findings.claims.map { .object($0.json) }),
            "tables": .array(part.findings.tables.map { .object($0.json) }),
          ]
        }),
    ]
  }

  /// The page with tables and figures.
  func report(version: String) -> Report {
    var blocks: [ReportBlock] = []
    if let breakage {
      blocks.append(.warning("Run with a mistake on purpose: \(breakage.summary)."))
    }
    let settings = reproduction.settings.map { entry in
      ReportBlock.Setting(entry.key, entry.value.serialized())
    }
    let sections = parts.map { part in
      ReportSection(
        "In the \(part.name) world",
        blocks + [.claims(part.findings.claims)] + part.findings.tables.map { .table($0) }
          + part.findings.figures)
    }
    return Report(
      title: "\(reproduction.title): \(verdict.rawValue)", lead: reproduction.summary,
      sections: sections + [ReportSection("Settings", [.settings(settings)])],
      footer: "attune \(version), reproduce \(reproduction.name), \(reproduction.source); seeds "
        + seeds.map { "\($0)" }.joined(separator: ", "))
  }
}

extension Claim {
  var json: JSONObject {
    [
      "statement": .string(statement), "verdict": .string(verdict.rawValue),
      "evidence": evidence.map { .string($0) } ?? .null,
    ]
  }
}

extension ResultTable {
  var json: JSONObject {
    [
      "title": .string(title), "columns": .array(columns.map { .string($0.title) }),
      "rows": .array(rows.map { .array($0.map(\.json)) }),
    ]
  }
}

extension ResultTable.Cell {
  var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .number(let value): .number(value)
    case .count(let count): .integer(count)
    case .estimate(let value, let lower, let upper):
      ["value": .number(value), "lower": .number(lower), "upper": .number(upper)]
    case .missing: .null
    }
  }
}
