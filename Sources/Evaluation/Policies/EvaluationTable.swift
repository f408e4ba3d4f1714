// SPDX-License-Identifier: Apache-2.0

import LanguageModels

/// Models side by side on the same prompts.
///
/// ```swift
/// var table = EvaluationTable(baseline: "sft", scoreNames: ["gold"], winBy: "gold", seed: 1)
/// table.add("sft", sftOutcomes)
/// table.add("ppo", ppoOutcomes)
/// print(table.resultTable(title: "Held-out prompts").textTable.text())
/// ```
///
/// | metric | meaning |
/// |---|---|
/// | each score's name | mean score |
/// | `win_rate` | share of prompts on which the score `winBy` beats the baseline's, a tie ½ |
/// | `kl`, `kl_k3` | mean over sequences of ``Outcome/kl`` and ``Outcome/klK3``, nats |
/// | `rouge1`, `rouge2`, `rougeL` | mean F against the reference text, no stemming |
/// | `length_tokens`, `length_words` | mean length, the stop token included in tokens |
/// | `ended` | share that ended by itself rather than at the limit |
/// | `distinct2` | different pairs of words over all pairs |
///
/// Several samples of a prompt are averaged first: prompts are what is independent. Intervals are
/// 95 % percentile bootstraps over prompts; `ended` has Wilson's, `distinct2` none. What no outcome
/// has (a score, a reference, a divergence) has no metric.
public struct EvaluationTable: Sendable {
  /// The model the others are compared with.
  public let baseline: String
  /// Scores to report, in this order.
  public let scoreNames: [String]
  /// The score that decides who wins on a prompt.
  public let winBy: String
  let bootstrap: Bootstrap

  private var entries: [Entry] = []

  fileprivate struct Entry: Sendable {
    var model: String
    var outcomes: [Outcome]
    var metrics: [(name: String, value: Estimate)]
    var winRate: Estimate?
  }

  /// Creates an empty table.
  ///
  /// - Parameters:
  ///   - baseline: name of the model the others are compared with; it may be added at any time.
  ///   - scoreNames: names in ``Outcome/scores``.
  ///   - winBy: the score that decides; usually one of `scoreNames`.
  ///   - bootstrapDraws: resamples an interval.
  ///   - seed: of the resampling.
  public init(
    baseline: String, scoreNames: [String], winBy: String, bootstrapDraws: Int = 1000, seed: UInt64
  ) {
    self.baseline = baseline
    self.scoreNames = scoreNames
    self.winBy = winBy
    bootstrap = Bootstrap(draws: bootstrapDraws, seed: seed)
  }

  /// Adds a model, or replaces the one of this name.
  ///
  /// - Parameters:
  ///   - model: its name.
  ///   - outcomes: its completions, in any order.
  public mutating func add(_ model: String, _ outcomes: [Outcome]) {
    let entry = Entry(model: model, outcomes: outcomes, metrics: metrics(of: outcomes))
    if let known = entries.firstIndex(where: { $0.model == model }) {
      entries[known] = entry
    } else {
      entries.append(entry)
    }
    guard let base = entries.first(where: { $0.model == baseline })?.outcomes else { return }
    // A new baseline changes the win rates of all that came before it.
    for index in entries.indices
    where entries[index].model != baseline
      && (model == baseline || entries[index].model == model)
    {
      entries[index].winRate = winRate(of: entries[index].outcomes, against: base)
    }
  }

  /// The figures: models in the order they were added, metrics in the order of the table above. A
  /// model has those metrics it has data for; the baseline has no win rate.
  public var rows: [(model: String, metrics: [(name: String, value: Estimate)])] {
    entries.map { entry in
      let split = scoreNames.count { entry.has($0) }
      let win = entry.winRate.map { [(name: "win_rate", value: $0)] } ?? []
      return (entry.model, entry.metrics[..<split] + win + entry.metrics[split...])
    }
  }

  // MARK: Metrics

  private func metrics(of outcomes: [Outcome]) -> [(name: String, value: Estimate)] {
    var metrics: [(name: String, value: Estimate)] = []
    func add(_ name: String, _ value: (Outcome) -> Double?) {
      if let estimate = mean(outcomes, value) { metrics.append((name, estimate)) }
    }
    for name in scoreNames { add(name) { $0.scores[name] } }
    add("kl") { $0.kl }
    add("kl_k3") { $0.klK3 }
    let rouge = Rouge()
    for variant in [Rouge.Variant.n(1), .n(2), .longest] {
      add("\(variant)") { outcome in
        outcome.prompt.reference.map { reference in
          rouge(variant, completion: outcome.text, references: [reference]).f
        }
      }
    }
    add("length_tokens") { Double($0.ids.count) }
    add("length_words") { Double($0.wordCount) }
    if let ended = endedShare(outcomes) { metrics.append(("ended", ended)) }
    // n is 2, so nothing is out of range.
    if let distinct = try? distinctN(2, outputs: outcomes.map(\.text)) {
      metrics.append(("distinct2", distinct))
    }
    return metrics
  }

  /// Mean over prompts of a value's mean over the prompt's outcomes; nil where no outcome has it.
  private func mean(_ outcomes: [Outcome], _ value: (Outcome) -> Double?) -> Estimate? {
    let means = Self.promptMeans(outcomes.map { ($0.prompt.id, value($0)) })
    guard !means.isEmpty else { return nil }
    return Estimate(
      value: means.mean, count: means.count, interval: bootstrap.interval(ofMean: means),
      options: bootstrap.options)
  }

  private func endedShare(_ outcomes: [Outcome]) -> Estimate? {
    let means = Self.promptMeans(
      outcomes.map { ($0.prompt.id, $0.stopReason == .length ? 0 : 1) })
    guard !means.isEmpty else { return nil }
    return Estimate(
      value: means.mean, count: means.count,
      interval: try? .wilson(successes: means.reduce(0, +), count: means.count))
  }

  private func winRate(of outcomes: [Outcome], against base: [Outcome]) -> Estimate? {
    // The i-th sample of a prompt meets the baseline's i-th.
    var opponents: [String: [Double?]] = [:]
    for outcome in base { opponents[outcome.prompt.id, default: []].append(score(outcome)) }
    var met: [String: Int] = [:]
    let comparisons = outcomes.compactMap { outcome -> Comparison? in
      let id = outcome.prompt.id
      let turn = met[id, default: 0]
      met[id] = turn + 1
      guard let others = opponents[id], turn < others.count, let ours = score(outcome),
        let theirs = others[turn]
      else { return nil }
      return Comparison(prompt: id, score: ours > theirs ? 1 : ours < theirs ? 0 : 0.5)
    }
    guard var result = try? WinRate(bootstrap: bootstrap)(comparisons) else { return nil }
    result.estimate.options["score"] = winBy
    result.estimate.options["baseline"] = baseline
    return result.estimate
  }

  private func score(_ outcome: Outcome) -> Double? {
    outcome.scores[winBy].flatMap { $0.isNaN ? nil : $0 }
  }

  /// Means by prompt in order of first appearance; absent values and those that are not numbers are
  /// left out.
  private static func promptMeans(_ values: [(prompt: String, value: Double?)]) -> [Double] {
    var positions: [String: Int] = [:]
    var sums: [(total: Double, count: Int)] = []
    for (prompt, value) in values {
      guard let value, !value.isNaN else { continue }
      let position = positions[prompt, default: sums.count]
      if position == sums.count {
        positions[prompt] = position
        sums.append((0, 0))
      }
      sums[position].total += value
      sums[position].count += 1
    }
    return sums.map { $0.total / Double($0.count) }
  }
}

extension EvaluationTable.Entry {
  fileprivate func has(_ metric: String) -> Bool { metrics.contains { $0.name == metric } }
}
