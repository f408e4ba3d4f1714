// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Evaluation
import Feedback
import Foundation
import Torch

/// `attune quickstart`.
struct QuickstartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quickstart",
    abstract: "Align a small language model from feedback, start to finish, in minutes.",
    discussion: """
      Takes the base model that comes with the program, fine-tunes it on demonstrations of mixed quality, asks a \
      simulated annotator which of two sampled summaries is better, trains a reward model on the answers, aligns \
      the model with DPO and with PPO, and compares base, SFT, best of n, DPO and PPO on held-out prompts.

        attune quickstart
        attune quickstart --model_name_or_path my-model --dataset_path my-comparisons.jsonl
      """)

  @Option(
    name: .customLong("output_dir"),
    help: ArgumentHelp("Folder of the run.", valueName: "folder"))
  var outputFolder: String = "runs/quickstart"

  @Option(help: "Fixes data, sampling and training.")
  var seed: UInt64 = 1

  @Option(
    name: .customLong("model_name_or_path"),
    help: ArgumentHelp(
      "A language model of your own: folder or hub name.", valueName: "folder|name"))
  var modelPath: String?

  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp("Comparisons of your own: preference rows.", valueName: "file"))
  var datasetPath: String?

  @Option(
    name: .customLong("from_scratch"), help: "Pretrain the base model first (half an hour).")
  var fromScratch: Bool = false

  @OptionGroup var hub: HubOptions
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard !fromScratch || modelPath == nil else {
      throw ValidationError("--from_scratch and --model_name_or_path: give one of them")
    }
    guard datasetPath == nil || modelPath != nil else {
      throw ValidationError(
        "--dataset_path: name your model too (--model_name_or_path); the base model knows the village's words only"
      )
    }
  }

  func run() throws {
    _ = try precision.apply()
    let plan = QuickstartPlan(seed: seed, outputFolder: URL(filePath: outputFolder))
    try FileManager.default.createDirectory(
      at: plan.outputFolder, withIntermediateDirectories: true)
    let base = try baseModel(plan)
    let data = try data(plan)
    let results = try QuickstartPipeline(plan: plan, data: data, base: base).run()
    try publish(results, data, base)
  }

  private func baseModel(_ plan: QuickstartPlan) throws -> URL {
    if let modelPath { return try hub.model(modelPath, "--model_name_or_path") }
    guard fromScratch else { return try BaseModel.folder() }
    return try BaseModel.build(in: plan.folder("base"))
  }

  private func data(_ plan: QuickstartPlan) throws -> QuickstartData {
    guard let datasetPath else { return try .village(plan) }
    let dataset = try Dataset.load(
      [DatasetSource(datasetPath)], accepting: [.preference], method: "quickstart", seed: seed)
    Output.current.note(dataset.summary)
    dataset.report.lines.forEach(Output.current.note)
    return try .own(dataset.records, path: datasetPath, plan: plan)
  }

  private func publish(_ results: QuickstartResults, _ data: QuickstartData, _ base: URL) throws {
    let folder = results.plan.outputFolder
    let json = try QuickstartJSON(results).text
    try Data(json.utf8).write(to: folder.appending(path: "results.json"), options: .atomic)
    let html = QuickstartReport(results: results, data: data, base: base).html()
    try Data(html.utf8).write(to: folder.appending(path: "report.html"), options: .atomic)

    let output = Output.current
    output.line(results.table.resultTable(title: "Models on held-out prompts").textTable.text())
    output.line()
    for sample in results.comparisons(3) {
      output.line(sample.prompt)
      for completion in sample.completions {
        let scores = completion.scores.map { "\($0.name) \(String(format: "%.2f", $0.value))" }
        output.line("  \(completion.model) (\(scores.joined(separator: ", "))): \(completion.text)")
      }
      output.line()
    }
    for claim in results.claims { output.line(claim.line) }
    output.line(
      "\(Int(results.seconds)) s, peak memory \(Int(results.peakMiB)) MiB; report: \(folder.path)/report.html"
    )
  }
}
