// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import Evaluation

/// A report with every kind of block, for tests and for looking at.
enum SampleReport {
  static func make() -> Report {
    Report(
      title: "Preference learning on Millbrook",
      lead: "Four policies from the same `sft` checkpoint, scored by the village’s own reward. "
        + "All numbers are means over three seeds with 95 % bootstrap intervals.",
      sections: [
        ReportSection("Results", [.claims(claims), .table(results), .intervals(ratings)]),
        ReportSection(
          "Training",
          [
            .lines(curve), .lines(loss), .lines(band),
            .paragraph("The smoothed lines use an exponential mean with weight 0.96."),
          ]),
        ReportSection("Reward and divergence", [.scatter(frontier), .histogram(rewards)]),
        ReportSection("Samples", [.samples(samples)]),
        ReportSection(
          "Settings",
          [
            .settings(settings), .warning("11 completions reached the length limit of 64 tokens."),
            .note("Judgements come from the simulated annotator `β = 6`, not from people."),
            .details(summary: "One distribution more", [.histogram(single)]),
          ]),
      ],
      footer: "Made by `attune reproduce dpo` 0.1.0, seed 7, 21 November 2026.")
  }

  static let claims = [
    Claim("PPO beats SFT on gold reward", held: true, evidence: "0.78 [0.75, 0.81] against 0.41"),
    Claim("DPO keeps within 4 nats of the reference", held: true, evidence: "2.9 nats a sequence"),
    Claim("Best-of-16 beats PPO", held: false, evidence: "0.71 against 0.78"),
    Claim("Holds for 3 M parameters", verdict: .notTested),
  ]

  static let results = ResultTable(
    title: "Policies compared on 400 held-out prompts",
    columns: [
      .init("policy"), .init("gold reward", best: .highest),
      .init("win rate", unit: "against SFT", best: .highest, format: .percent(1)),
      .init("KL", unit: "nats a sequence", format: .decimals(2)),
      .init("tokens"), .init("note"),
    ],
    rows: [
      [
        .text("sft"), .estimate(0.412, lower: 0.385, upper: 0.440), .missing, .number(0),
        .count(31), .text("start"),
      ],
      [
        .text("dpo"), .estimate(0.741, lower: 0.712, upper: 0.768),
        .estimate(0.713, lower: 0.668, upper: 0.757), .estimate(2.91, lower: 2.71, upper: 3.12),
        .count(34), .text("β = 0.1"),
      ],
      [
        .text("ppo"), .estimate(0.762, lower: 0.735, upper: 0.790),
        .estimate(0.741, lower: 0.698, upper: 0.782), .estimate(5.40, lower: 5.10, upper: 5.69),
        .count(38), .text(""),
      ],
      [
        .text("best of 16"), .estimate(0.709, lower: 0.684, upper: 0.731),
        .estimate(0.690, lower: 0.644, upper: 0.733), .number(1.84), .count(12_345),
        .text("bound"),
      ],
    ], caption: "Gold reward lies between 0 and 1. KL of best-of-16 is its upper bound.")

  static let ratings = IntervalChart(
    title: "Bradley-Terry ratings", subtitle: "bootstrap over prompts, 1,000 draws",
    axis: Axis("rating", unit: "Elo points"),
    rows: [
      .init("ppo", value: 1086, lower: 1062, upper: 1110),
      .init("dpo", value: 1071, lower: 1048, upper: 1095),
      .init("best of 16", value: 1012, lower: 990, upper: 1033),
      .init("sft", value: 831, lower: 801, upper: 859),
    ], reference: 1000)

  static let curve: LineChart = {
    var generator = TestGenerator(3)
    let names = ["ppo", "grpo", "rloo"]
    let series = names.enumerated().map { index, name in
      LineChart.Series(
        name: name,
        points: (0..<1500).map { step in
          let rise = 0.41 + (0.37 - 0.06 * Double(index)) * (1 - exp(-Double(step) / 320))
          return .init(Double(step) * 10, rise + 0.05 * generator.normal())
        })
    }
    return LineChart(
      title: "Gold reward while training", subtitle: "one update is 64 rollouts",
      xAxis: Axis("update"), yAxis: Axis("gold reward"), series: series, smoothing: 0.96,
      levels: [.init("SFT", at: 0.41)], isWide: true)
  }()

  static let loss = LineChart(
    title: "Loss of the reward model", xAxis: Axis("step", scale: .log),
    yAxis: Axis("loss", unit: "nats"),
    series: [
      .init(
        name: "train",
        points: (1...300).map { .init(Double($0 * 7), 0.693 * pow(Double($0), -0.16)) }),
      .init(
        name: "held out",
        points: (1...300).map { .init(Double($0 * 7), 0.07 + 0.62 * pow(Double($0), -0.14)) }),
    ], levels: [.init("ln 2", at: 0.693147)])

  static let band = LineChart(
    title: "Best-of-n over-optimisation", subtitle: "proxy and gold reward of the chosen sample",
    xAxis: Axis("n", scale: .log), yAxis: Axis("reward"),
    series: [
      .init(
        name: "proxy", points: (0...10).map { .init(pow(2, Double($0)), 0.22 * Double($0)) },
        band: (0...10).map {
          .init(pow(2, Double($0)), lower: 0.2 * Double($0), upper: 0.24 * Double($0))
        }),
      .init(
        name: "gold",
        points: (0...10).map {
          .init(pow(2, Double($0)), 0.3 * Double($0) - 0.026 * Double($0 * $0))
        },
        band: (0...10).map {
          let value = 0.3 * Double($0) - 0.026 * Double($0 * $0)
          return .init(pow(2, Double($0)), lower: value - 0.06, upper: value + 0.06)
        }),
    ])

  static let frontier = ScatterChart(
    title: "Reward against divergence", subtitle: "up and to the left is better",
    xAxis: Axis("KL to the reference", unit: "nats"), yAxis: Axis("gold reward"),
    series: [
      .init(
        name: "ppo, by KL coefficient",
        points: [
          .init(0.6, 0.50, label: "0.5"), .init(1.9, 0.63, label: "0.2"),
          .init(3.5, 0.72, label: "0.1"), .init(5.4, 0.762, label: "0.05"),
          .init(9.8, 0.70, label: "0.01"),
        ], isConnected: true),
      .init(
        name: "dpo, by β",
        points: [
          .init(0.9, 0.55, label: "0.5"), .init(2.9, 0.741, label: "0.1"),
          .init(6.8, 0.735, label: "0.03"),
        ], isConnected: true),
      .init(
        name: "best of n", points: [.init(0.64, 0.58, label: "4"), .init(1.84, 0.709, label: "16")]),
      .init(name: "sft", points: [.init(0, 0.41, label: "sft")]),
    ])

  static let rewards: HistogramChart = {
    var generator = TestGenerator(8)
    func draw(_ mean: Double, _ spread: Double, _ count: Int) -> [Double] {
      (0..<count).map { _ in mean + spread * generator.normal() }
    }
    return HistogramChart(
      title: "Gold reward of completions", xAxis: Axis("gold reward"),
      series: [
        .init(name: "sft", values: draw(0.41, 0.16, 400)),
        .init(name: "dpo", values: draw(0.74, 0.12, 380)),
        .init(name: "ppo", values: draw(0.76, 0.09, 400) + [.nan]),
      ])
  }()

  static let single = HistogramChart(
    title: "Length of completions", xAxis: Axis("length", unit: "tokens"),
    series: [.init(name: "ppo", values: (0..<500).map { Double(20 + ($0 * $0) % 45) })],
    binCount: 15)

  static let samples = [
    SampleComparison(
      prompt: "Ask the baker <Ruth> when the mill opens & why it closes early.",
      completions: [
        .init(
          model: "sft", text: "The mill opens.\nThe mill opens at nine.",
          scores: [.init("gold", 0.31), .init("proxy", 0.52)]),
        .init(
          model: "dpo",
          text:
            "Good morning, Ruth! When does the mill open, please, and why does it close early on "
            + "market days?", scores: [.init("gold", 0.88), .init("proxy", 0.91)]),
        .init(model: "ppo", text: "", scores: [.init("gold", 0), .init("proxy", -1.25)]),
      ]),
    SampleComparison(
      prompt: "水車小屋はいつ開きますか。",
      completions: [
        .init(model: "sft", text: "九時です。", scores: [.init("gold", 0.4)]),
        .init(model: "dpo", text: "おはようございます。朝の九時に開きます。", scores: [.init("gold", 0.8)]),
      ]),
  ]

  static let settings: [ReportBlock.Setting] = [
    .init("beta", "0.1", note: "pull towards the reference"),
    .init("learning_rate", "5e-7"),
    .init("per_device_train_batch_size", "16", note: "pairs an update"),
    .init("model_name_or_path", "runs/2026-11-21-sft-millbrook-0.5m/checkpoint-1200"),
  ]
}
