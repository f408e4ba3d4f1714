// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Testing
import Tokenizers
import Torch

@testable import Training

@Suite("Dry runs, earlier runs, names and tokenizers of jobs")
struct DryRunTests {
  enum Method: String, CaseIterable, Sendable { case pretrain, sft, reward, dpo, ppo }

  /// What the console was told.
  private final class Lines {
    var text = ""
  }

  private func run(
    _ method: Method, _ workshop: Workshop, _ settings: JobSettings
  ) throws {
    switch method {
    case .pretrain:
      let shape = LlamaConfiguration(
        vocabularyCount: 59, width: 16, hiddenWidth: 32, layerCount: 1, headCount: 2,
        maximumLength: 64)
      try PretrainJob(settings: settings, shape: shape).run(
        on: (0..<60).map { _ in "abc def gh" }, tokenizer: workshop.tokenizer())
    case .sft:
      try SFTJob(settings: settings, modelFolder: workshop.base)
        .run(on: Letters.completions(40), heldOut: Letters.completions(4))
    case .reward:
      try RewardJob(settings: settings, modelFolder: workshop.base).run(on: Letters.pairs(40))
    case .dpo:
      var job = DPOJob(settings: settings, modelFolder: workshop.base)
      job.precomputesReference = true
      try job.run(on: Letters.pairs(40))
    case .ppo:
      var job = PPOJob(settings: settings, modelFolder: workshop.base)
      job.scorers = [(LetterShare(letters: ["a"]), 1)]
      job.method.rolloutCount = 8
      job.method.sampling.maxNewTokens = 4
      job.logsCompletions = true
      try job.run(on: Letters.prompts(40))
    }
  }

  @Test(
    "a dry run takes one step, projects the whole, and writes nothing", arguments: Method.allCases)
  func dryRun(method: Method) throws {
    let workshop = try Workshop()
    let before = try workshop.bytes("base/model.safetensors")
    let told = Lines()
    var settings = workshop.settings("run", steps: 250)
    settings.isDryRun = true
    settings.announces = true
    settings.saveSteps = 1
    settings.savesFirst = true
    settings.evalSteps = 1
    settings.loadsBestAtEnd = true
    settings.targets = [.csv, .tensorboard]
    settings.console = Console(isTerminal: false, sink: { told.text += $0 })
    try run(method, workshop, settings)
    #expect(!workshop.exists("run"))
    #expect(try workshop.names("") == ["base"])
    #expect(try workshop.bytes("base/model.safetensors") == before)
    let rows = method == .ppo ? 8 : 4
    #expect(told.text.contains("dry run: one step of \(rows) rows, "), "\(told.text)")
    #expect(told.text.contains("projected: 250 steps in about "), "\(told.text)")
    #expect(told.text.contains(" MiB at most so far"))
    #expect(told.text.contains("example (⟨without loss⟩): "), "\(told.text)")
    #expect(told.text.contains("steps:     250 ("), "\(told.text)")
    #expect(told.text.contains("step 1/250"), "\(told.text)")
    #expect(!told.text.contains("step 2/250"))
  }

  @Test("the report multiplies the step and names its parts")
  func report() {
    let report = DryRunReport(
      rowCount: 32, tokenCount: 5120, stepSeconds: 1.5, peakMiB: 812.4, stepCount: 600,
      outputPath: "runs/x")
    #expect(
      report.lines == [
        "dry run: one step of 32 rows, 5120 tokens, took 1.5 s; its result is thrown away",
        "projected: 600 steps in about 15:00, without evaluation and saving",
        "memory: 812 MiB at most so far", "nothing was written to runs/x",
      ])
  }

  @Test("a dry run of a run to be resumed counts the steps that are left")
  func resumed() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 3)
    settings.saveSteps = 3
    try run(.sft, workshop, settings)
    let names = try workshop.names("run")
    let told = Lines()
    settings.optimization.maxSteps = 10
    settings.resume = .latest
    settings.isDryRun = true
    settings.console = Console(isTerminal: false, sink: { told.text += $0 })
    try run(.sft, workshop, settings)
    #expect(told.text.contains("projected: 7 steps in about "), "\(told.text)")
    #expect(try workshop.names("run") == names)
  }

  @Test("a new run keeps an earlier one's files aside, or removes them where that is asked for")
  func earlierRun() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 2)
    settings.saveSteps = 1
    settings.targets = [.csv, .tensorboard]
    try run(.sft, workshop, settings)
    try Data("mine".utf8).write(to: workshop.folder["run/notes.txt"])
    try run(.sft, workshop, settings)
    let kept = try workshop.names("run")
    #expect(kept.contains("checkpoints.1") && kept.contains("metrics.1.jsonl"), "\(kept)")

    settings.overwritesOutput = true
    settings.saveStrategy = .no
    settings.targets = []
    try run(.sft, workshop, settings)
    let left = try workshop.names("run")
    let gone = ["checkpoint", "metrics.1", "metrics.csv", "tensorboard"]
    #expect(!left.contains { name in gone.contains { name.hasPrefix($0) } }, "\(left)")
    #expect(left.contains("notes.txt") && left.contains("model.safetensors"))
    #expect(try workshop.metrics("run").filter { $0["loss"] != nil }.count == 2)
  }

  @Test("a run has a name, and its event files a folder")
  func names() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 1)
    settings.runName = "my first"
    settings.eventsFolder = workshop.folder["events"]
    settings.targets = [.tensorboard]
    try run(.sft, workshop, settings)
    let info = try String(contentsOf: workshop.folder["run/run.json"], encoding: .utf8)
    #expect(info.contains(#""run_name": "my first""#))
    let card = try String(contentsOf: workshop.folder["run/README.md"], encoding: .utf8)
    #expect(card.contains("# my first"))
    #expect(try workshop.names("events").count == 1)
    #expect(!workshop.exists("run/tensorboard"))
    settings.runName = nil
    try run(.sft, workshop, settings)
    let other = try String(contentsOf: workshop.folder["run/run.json"], encoding: .utf8)
    #expect(other.contains(#""run_name": "run""#))
  }

  @Test(
    "another tokenizer may be named if the model knows all its tokens; it is saved with the model")
  func tokenizer() throws {
    let workshop = try Workshop()
    let other = workshop.folder["tokenizer"]
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
    var text = try String(contentsOf: workshop.folder["base/tokenizer.json"], encoding: .utf8)
    // The letters a and b change places.
    let (a, b) = (try #require(TinyModel.id(of: "a")), try #require(TinyModel.id(of: "b")))
    text = text.replacing("\"a\":\(a)", with: "\"a\":\(b)")
      .replacing("\"b\":\(b)", with: "\"b\":\(a)")
    try Data(text.utf8).write(to: other.appending(path: "tokenizer.json"))
    try FileManager.default.copyItem(
      at: workshop.folder["base/tokenizer_config.json"],
      to: other.appending(path: "tokenizer_config.json"))
    var settings = workshop.settings("run", steps: 1)
    settings.tokenizerFolder = other
    for method in [Method.sft, .reward, .dpo, .ppo] {
      try run(method, workshop, settings)
      #expect(try ModelFolder(workshop.folder["run"]).tokenizer().encode("a") == [b], "\(method)")
    }
    settings.tokenizerFolder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/TRLRows")
    #expect(throws: ModelFolderError.self) { try run(.sft, workshop, settings) }
  }

  @Test("settings that contradict each other are refused before anything is written")
  func contradictions() throws {
    let workshop = try Workshop()
    let cases: [(String, (inout JobSettings) -> Void)] = [
      ("overwrite_output_dir", { ($0.overwritesOutput, $0.resume) = (true, .latest) }),
      ("eval_strategy", { ($0.saveStrategy, $0.evalStrategy) = (.best, .no) }),
      ("eval_strategy", { ($0.loadsBestAtEnd, $0.evalStrategy) = (true, .no) }),
      ("save_strategy", { ($0.loadsBestAtEnd, $0.saveStrategy) = (true, .no) }),
      ("per_device_eval_batch_size", { $0.optimization.evaluationBatchSize = -1 }),
    ]
    for (name, change) in cases {
      var settings = workshop.settings("run")
      change(&settings)
      let error = #expect(throws: TrainingError.self) { try run(.sft, workshop, settings) }
      guard case .badSetting(let found, _, _) = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect(found == name)
    }
    #expect(!workshop.exists("run"))
  }
}
