// SPDX-License-Identifier: Apache-2.0
public import Evaluation
public import Feedback

/// An experiment that shows what a paper claims, with its baselines, in a world where the truth is known.
///
/// One file a method describes it; ``ReproductionTable`` lists them. A new one is a type that conforms and a row of the
/// table.
public protocol Reproduction: Sendable {
  /// The name on the command line: the stem of the method's files, lower case with underscores.
  var name: String { get }
  /// The method's name as people write it.
  var title: String { get }
  /// Authors, year and arXiv number.
  var source: String { get }
  /// What is done and what must come out, in one or two sentences.
  var summary: String { get }
  /// The seeds it is run with unless told otherwise; the claims are about these.
  var seeds: [UInt64] { get }
  /// The numbers that make the experiment, for `settings.json`.
  var settings: JSONObject { get }
  /// Mistakes that it can be run with, each of which must make a claim fail.
  var breakages: [Breakage] { get }
  /// The experiments, in order.
  var parts: [ReproductionPart] { get }
}

/// One experiment of a reproduction, in a world of its own.
public struct ReproductionPart: Sendable {
  /// What kind of world: `exact` is one that can be summed over.
  public var name: String
  /// Runs it.
  public var findings: @Sendable (ReproductionRun) throws -> Findings

  /// Creates a part.
  public init(_ name: String, findings: @escaping @Sendable (ReproductionRun) throws -> Findings) {
    self.name = name
    self.findings = findings
  }
}

/// A mistake that somebody could make in an implementation, built in on purpose.
public struct Breakage: Sendable, Hashable {
  /// The name on the command line.
  public var name: String
  /// What is wrong with the implementation, in a few words.
  public var summary: String

  /// Creates a mistake.
  public init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// What an experiment found.
public struct Findings: Sendable {
  /// The measured numbers, baselines included.
  public var tables: [ResultTable]
  /// What was to be shown, and whether it was.
  public var claims: [Claim]
  /// Charts for the report.
  public var figures: [ReportBlock]

  /// Collects the results of one part.
  public init(tables: [ResultTable], claims: [Claim], figures: [ReportBlock] = []) {
    self.tables = tables
    self.claims = claims
    self.figures = figures
  }

  /// Held where every claim that was tested held.
  public var verdict: Claim.Verdict {
    claims.contains { $0.verdict == .notHeld } ? .notHeld : .held
  }
}

/// What an experiment may know of the run it is part of.
public struct ReproductionRun: Sendable {
  /// Every random number follows from one of these.
  public var seeds: [UInt64]
  /// The mistake to be made; nil for none.
  public var breakage: Breakage?
  /// Takes one row of `records.jsonl`.
  public var record: @Sendable (JSONObject) -> Void
  /// Tells the person who waits what is being done.
  public var progress: @Sendable (String) -> Void

  /// Creates a run.
  public init(
    seeds: [UInt64], breakage: Breakage? = nil,
    record: @escaping @Sendable (JSONObject) -> Void = { _ in },
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.seeds = seeds
    self.breakage = breakage
    self.record = record
    self.progress = progress
  }

  /// Whether this mistake is to be made.
  public func has(_ breakage: Breakage) -> Bool { self.breakage == breakage }
}
