// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation

/// The report page of a quickstart run.
struct QuickstartReport {
  let results: QuickstartResults
  let data: QuickstartData
  let base: URL

  /// Self-contained HTML.
  func html() -> String {
    let minutes = (results.seconds / 6).rounded() / 10
    return Report(
      title: "Attune quickstart",
      lead:
        "A small language model, aligned from feedback in \(minutes) minutes: what changed, and how we know.",
      sections: [outcome, reward, curves, samples, settings],
      footer:
        "attune \(Attune.version), seed \(results.plan.seed), peak memory \(Int(results.peakMiB)) MiB. "
        + "Every figure of the table is in results.json; metrics of each stage in its metrics.jsonl."
    ).html()
  }

  private var outcome: ReportSection {
    var points: [ScatterChart.Series] = []
    for model in results.table.rows.map(\.model) {
      guard let kl = results.estimate(model, "kl"),
        let score = results.estimate(model, results.winBy),
        kl.value.isFinite
      else { continue }
      points.append(.init(name: model, points: [.init(kl.value, score.value, label: model)]))
    }
    return ReportSection(
      "Outcome",
      [
        .paragraph(
          "Data: \(data.description). Each model answered the same \(data.tests.count) held-out prompts once."
        ),
        .claims(results.claims),
        .table(results.table.resultTable(title: "Models on held-out prompts")),
        .scatter(
          ScatterChart(
            title: "KL against reward",
            xAxis: Axis("KL to the fine-tuned model", unit: "nats a completion"),
            yAxis: Axis("mean \(results.winBy) score"), series: points)),
      ])
  }

  private var reward: ReportSection {
    let byModel = results.outcomes.map { model, outcomes in
      HistogramChart.Series(name: model, values: outcomes.compactMap { $0.scores["reward"] })
    }
    let margins = results.reward.pairs.map(\.margin)
    return ReportSection(
      "Reward model",
      [
        .paragraph(
          "Trained on \(results.comparisonCount) comparisons; on \(results.reward.heldOutCount) others it prefers "
            + "the side that was preferred \(results.percent(results.reward.accuracy.value)) of the time."
        ),
        .histogram(
          HistogramChart(
            title: "Margins on held-out comparisons", subtitle: "right of zero: agreement",
            xAxis: Axis("score of the preferred side minus the other's"),
            series: [.init(name: "comparisons", values: margins)])),
        .histogram(
          HistogramChart(
            title: "Rewards of the models' completions", xAxis: Axis("reward-model score"),
            series: byModel, isWide: true)),
      ])
  }

  private var curves: ReportSection {
    let wanted: [(stage: String, metrics: [(key: String, title: String)])] = [
      ("sft", [("loss", "SFT: loss"), ("mean_token_accuracy", "SFT: token accuracy")]),
      ("reward", [("loss", "Reward model: loss"), ("accuracy", "Reward model: accuracy")]),
      ("dpo", [("loss", "DPO: loss"), ("rewards/margins", "DPO: reward margin")]),
      (
        "ppo",
        [
          ("objective/scores", "PPO: mean score"), ("objective/kl", "PPO: KL to the reference"),
          ("policy/entropy_avg", "PPO: entropy"),
          ("value/explained_variance", "PPO: explained variance"),
        ]
      ),
    ]
    var blocks: [ReportBlock] = []
    for (stage, metrics) in wanted {
      let rows = history(stage)
      for (key, title) in metrics {
        let points = rows.compactMap { row in
          row["step"].flatMap { step in row[key].map { LineChart.Point(step, $0) } }
        }
        guard points.count > 1 else { continue }
        blocks.append(
          .lines(
            LineChart(
              title: title, xAxis: Axis(stage == "ppo" ? "update" : "step"), yAxis: Axis(key),
              series: [.init(name: key, points: points)], smoothing: 0.6)))
      }
    }
    return ReportSection("Curves of every stage", blocks)
  }

  /// The numbers of a stage's metrics file.
  private func history(_ stage: String) -> [[String: Double]] {
    let file = results.plan.folder(stage).appending(path: "metrics.jsonl")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").compactMap { line in
      guard let row = try? JSONValue(parsing: String(line)), let object = row.object else {
        return nil
      }
      return Dictionary(
        object.compactMap { pair in pair.value.double.map { (pair.key, $0) } },
        uniquingKeysWith: { $1 })
    }
  }

  private var samples: ReportSection {
    ReportSection(
      "Before and after",
      [.samples(results.comparisons(3))])
  }

  private var settings: ReportSection {
    let plan = results.plan
    return ReportSection(
      "Settings",
      [
        .settings([
          .init("base model", base.lastPathComponent),
          .init("seed", "\(plan.seed)"),
          .init("SFT", "\(data.demonstrations.count) demonstrations, rate \(plan.sftRate)"),
          .init(
            "comparisons", "\(results.comparisonCount), \(plan.samplesPerPrompt) samples a prompt"),
          .init("reward model", "rate \(plan.rewardRate), \(plan.rewardEpochs) epochs"),
          .init(
            "DPO",
            "rate \(plan.dpoRate), beta \(plan.dpoBeta), label smoothing \(plan.dpoLabelSmoothing)"),
          .init(
            "PPO",
            "\(plan.ppoUpdates) updates of 64, rate \(plan.ppoRate), KL coefficient \(plan.klCoefficient)"
          ),
          .init("wall time", "\(Int(results.seconds)) s"),
          .init("peak memory", "\(Int(results.peakMiB)) MiB"),
        ])
      ])
  }
}

extension QuickstartResults {
  /// Some prompts with what SFT, DPO and PPO wrote.
  func comparisons(_ count: Int) -> [SampleComparison] {
    let shown = outcomes.filter { ["SFT", "DPO", "PPO"].contains($0.model) }
    guard let first = shown.first else { return [] }
    return first.outcomes.indices.prefix(count).map { index in
      SampleComparison(
        prompt: first.outcomes[index].prompt.text,
        completions: shown.map { model, outcomes in
          SampleComparison.Completion(
            model: model, text: outcomes[index].text.trimmingCharacters(in: .whitespaces),
            scores: outcomes[index].scores.sorted { $0.key < $1.key }.map {
              .init($0.key, $0.value)
            })
        })
    }
  }
}
