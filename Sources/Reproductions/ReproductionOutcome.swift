// SPDX-License-Identifier: Apache-2.0
public import Evaluation
public import Feedback
import Synchronization

/// A finished reproduction: findings of all its parts, and the rows it recorded.
public struct ReproductionOutcome: Sendable {
  /// What was run.
  public let reproduction: any Reproduction
  /// With which seeds.
  public let seeds: [UInt64]
  /// With which mistake; nil for none.
  public let breakage: Breakage?
  /// The findings of each part, by its name.
  public let parts: [(name: String, findings: Findings)]
  /// What was recorded on the way.
  public let records: [JSONObject]
  /// Wall time.
  public let seconds: Double

  /// All claims, in order.
  public var claims: [Claim] { parts.flatMap(\.findings.claims) }

  /// Held where every claim of every part held.
  public var verdict: Claim.Verdict {
    parts.allSatisfy { $0.findings.verdict == .held } ? .held : .notHeld
  }
}

extension Reproduction {
  /// Runs all parts.
  ///
  /// - Parameters:
  ///   - seeds: nil takes the reproduction's own, which its claims are about.
  ///   - breakage: a mistake to be made on purpose; nil for none.
  ///   - progress: takes a line for the person who waits.
  /// - Returns: findings and records; nothing is written.
  /// - Throws: what an experiment throws where its world cannot be made.
  public func run(
    seeds: [UInt64]? = nil, breakage: Breakage? = nil,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> ReproductionOutcome {
    let clock = ContinuousClock()
    let started = clock.now
    let records = RecordList()
    let seeds = seeds ?? self.seeds
    let parts = try parts.map { part in
      let run = ReproductionRun(
        seeds: seeds, breakage: breakage,
        record: { row in
          var labelled: JSONObject = ["part": .string(part.name)]
          for (key, value) in row { labelled[key] = value }
          records.append(labelled)
        }, progress: progress)
      return (name: part.name, findings: try part.findings(run))
    }
    let took = (clock.now - started).components
    return ReproductionOutcome(
      reproduction: self, seeds: seeds, breakage: breakage, parts: parts, records: records.rows,
      seconds: Double(took.seconds) + Double(took.attoseconds) * 1e-18)
  }
}

/// Rows collected while an experiment runs.
private final class RecordList: Sendable {
  private let storage = Mutex<[JSONObject]>([])

  var rows: [JSONObject] { storage.withLock { $0 } }

  func append(_ row: JSONObject) { storage.withLock { $0.append(row) } }
}
