// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Foundation

/// `results.json`: every figure of the table by model and metric, the reward model, the claims.
struct QuickstartJSON {
  let text: String

  init(_ results: QuickstartResults) throws {
    let models = results.table.rows.map { row in
      (row.model, Dictionary(row.metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }
    let document = Document(
      version: Attune.version, seed: results.plan.seed, seconds: results.seconds,
      peakMemoryMiB: results.peakMiB, rewardModelAccuracy: results.reward.accuracy,
      exactScoreAccuracy: results.reward.goldAccuracy,
      comparisonCount: results.comparisonCount,
      models: Dictionary(models, uniquingKeysWith: { $1 }),
      claims: results.claims.map {
        Document.Claim(statement: $0.statement, verdict: $0.verdict, evidence: $0.evidence)
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    text = String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }

  private struct Document: Encodable {
    struct Claim: Encodable {
      var statement: String
      var verdict: Evaluation.Claim.Verdict
      var evidence: String?
    }
    var version: String
    var seed: UInt64
    var seconds: Double
    var peakMemoryMiB: Double
    var rewardModelAccuracy: Estimate
    var exactScoreAccuracy: Double?
    var comparisonCount: Int
    var models: [String: [String: Estimate]]
    var claims: [Claim]

    enum CodingKeys: String, CodingKey {
      case version, seed, seconds, models, claims
      case peakMemoryMiB = "peak_memory_mib"
      case rewardModelAccuracy = "reward_model_accuracy"
      case exactScoreAccuracy = "exact_score_accuracy"
      case comparisonCount = "comparison_count"
    }
  }
}
