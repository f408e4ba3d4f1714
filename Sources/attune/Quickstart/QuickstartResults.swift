// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Foundation

/// How good the reward model is on comparisons it did not see.
struct RewardResult {
  var accuracy: Estimate
  var heldOutCount: Int
  /// Share of the same comparisons with which the exact score agrees: what the annotator's noise leaves to any
  /// scorer. Nil where nobody knows the truth.
  var goldAccuracy: Double?
  var pairs: [ScoredPair]
  /// Mean score of completions the fine-tuned model samples.
  var sampleMean: Double
}

/// Everything the quickstart found out.
struct QuickstartResults {
  let plan: QuickstartPlan
  var comparisonCount = 0
  var reward = RewardResult(
    accuracy: Estimate(value: .nan, count: 0), heldOutCount: 0, pairs: [], sampleMean: 0)
  var outcomes: [(model: String, outcomes: [Outcome])] = []
  var table = EvaluationTable(baseline: "SFT", scoreNames: [], winBy: "gold", seed: 0)
  var winBy = "gold"
  var seconds = 0.0
  var peakMiB = 0.0

  init(plan: QuickstartPlan) { self.plan = plan }

  /// Makes the table once all outcomes are there.
  mutating func finish(hasGold: Bool) {
    winBy = hasGold ? "gold" : "reward"
    table = EvaluationTable(
      baseline: "SFT", scoreNames: hasGold ? ["gold", "reward"] : ["reward"], winBy: winBy,
      seed: plan.seed)
    let order = ["base", "SFT", "best of \(plan.bestOf)", "DPO", "PPO"]
    let byName = Dictionary(outcomes.map { ($0.model, $0.outcomes) }, uniquingKeysWith: { $1 })
    // The baseline comes first, since the others are compared with it.
    for name in ["SFT"] + order.filter({ $0 != "SFT" }) {
      if let found = byName[name] { table.add(name, found) }
    }
  }

  /// The value of a metric of a model.
  func estimate(_ model: String, _ metric: String) -> Estimate? {
    table.rows.first { $0.model == model }?.metrics.first { $0.name == metric }?.value
  }

  /// What the quickstart promises, and whether it came out.
  var claims: [Claim] {
    var claims = [
      Claim(
        "the reward model agrees with at least 75 % of held-out comparisons",
        held: reward.accuracy.value >= 0.75,
        evidence: "\(percent(reward.accuracy.value)) of \(reward.heldOutCount)"
          + (reward.goldAccuracy.map { "; the exact score agrees with \(percent($0))" } ?? ""))
    ]
    for model in ["DPO", "PPO"] {
      guard let win = estimate(model, "win_rate") else { continue }
      let lower = win.interval?.lower ?? 0
      claims.append(
        Claim(
          "\(model) wins against SFT on at least 65 % of prompts by \(winBy), interval above 50 %",
          held: win.value >= 0.65 && lower > 0.5,
          evidence:
            "\(percent(win.value)), interval from \(percent(lower)) to \(percent(win.interval?.upper ?? 1))"
        ))
    }
    return claims
  }

  func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}
