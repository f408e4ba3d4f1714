// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("What a job leaves behind")
struct JobResultTests {
  @Test("the output folder is a model with the run's files beside it")
  func files() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 3)
    settings.configuration = [("learning_rate", "0.01"), ("model_name_or_path", "a b")]
    settings.version = "1.2.3"
    settings.commandLine = ["attune", "sft"]
    try SFTJob(settings: settings, modelFolder: workshop.base)
      .run(on: Letters.completions(8), heldOut: Letters.completions(4, seed: 2))
    let expected = [
      "README.md", "config.json", "config.yaml", "generation_config.json", "metrics.json",
      "metrics.jsonl", "model.safetensors", "run.json", "special_tokens_map.json", "tokenizer.json",
      "tokenizer_config.json",
    ]
    let found = try workshop.names("run")
    #expect(found == expected, "\(found)")
    _ = try ModelFolder(workshop.folder["run"]).languageModel()
    _ = try ModelFolder(workshop.folder["run"]).tokenizer()
    let yaml = try String(contentsOf: workshop.folder["run/config.yaml"], encoding: .utf8)
    #expect(yaml == "learning_rate: 0.01\nmodel_name_or_path: \"a b\"\n")

    let info = try object(workshop, "run/run.json")
    #expect(info.values.contains { $0 as? String == "1.2.3" })
    let metrics = try object(workshop, "run/metrics.json")
    for name in [
      "loss", "grad_norm", "learning_rate", "eval_loss", "eval_perplexity", "train_loss",
      "train_runtime", "train_samples_per_second", "train_steps_per_second", "num_tokens",
      "mean_token_accuracy", "entropy", "step_time", "tokens_per_second", "memory/peak_mib",
      "perplexity", "shared_token_share",
    ] {
      #expect(metrics[name] is NSNumber, "\(name)")
    }
    let loss = try #require(metrics["eval_loss"] as? Double)
    let perplexity = try #require(metrics["eval_perplexity"] as? Double)
    #expect(abs(perplexity - Foundation.exp(loss)) < 1e-9)
    let losses = try workshop.metrics("run").compactMap { $0["loss"] }
    let mean = losses.reduce(0, +) / 3
    #expect(losses.count == 3)
    #expect(abs((metrics["train_loss"] as? Double ?? .nan) - mean) < 1e-12)
  }

  private func object(_ workshop: Workshop, _ path: String) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: workshop.bytes(path)) as? [String: Any])
  }

  @Test("a reward job leaves a reward model, and its metrics have the field's names")
  func rewardModel() throws {
    let workshop = try Workshop()
    try RewardJob(settings: workshop.settings("run", steps: 2), modelFolder: workshop.base)
      .run(on: Letters.pairs(8), heldOut: Letters.pairs(4, seed: 2))
    _ = try ModelFolder(workshop.folder["run"]).scalarHeadModel()
    #expect(throws: ModelFolderError.self) {
      _ = try ModelFolder(workshop.folder["run"]).languageModel()
    }
    let first = try #require(try workshop.metrics("run").first)
    let names = [
      "loss", "accuracy", "margin", "mean_reward", "min_reward", "max_reward", "chosen_rewards",
      "rejected_rewards", "grad_norm", "learning_rate", "num_tokens", "epoch", "shared_token_share",
    ]
    #expect(names.filter { first[$0] == nil } == [])
    let evaluation = try #require(
      try workshop.metrics("run").first { $0["eval_loss"] != nil })
    #expect((0...1).contains(evaluation["eval_calibration_error"] ?? -1))
  }

  @Test("a DPO job starts at ln 2 and its metrics have the field's names")
  func dpo() throws {
    let workshop = try Workshop()
    try DPOJob(settings: workshop.settings("run", steps: 2), modelFolder: workshop.base)
      .run(on: Letters.pairs(8), heldOut: Letters.pairs(4, seed: 2))
    let lines = try workshop.metrics("run")
    expectClose([lines[0]["loss"] ?? .nan], [0.693147], atol: 1e-6)
    expectClose([lines[0]["rewards/margins"] ?? .nan], [0], atol: 1e-6)
    let names = [
      "loss", "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
      "logps/chosen", "logps/rejected", "grad_norm", "learning_rate", "num_tokens", "epoch",
      "logits/chosen", "logits/rejected", "entropy", "beta", "shared_token_share",
    ]
    #expect(names.filter { lines[0][$0] == nil } == [])
    let evaluation = try #require(lines.first { $0["eval_loss"] != nil })
    #expect(evaluation["eval_rewards/accuracies"] != nil)
  }

  @Test("load_best_model_at_end leaves the weights of the best evaluation")
  func best() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 6)
    // The highest loss is asked for: that of the first steps, since the run learns.
    settings.bestMetric = "eval_loss"
    settings.greaterIsBetter = true
    settings.evalSteps = 1
    settings.saveSteps = 1
    settings.saveLimit = 1
    settings.loadsBestAtEnd = true
    try SFTJob(settings: settings, modelFolder: workshop.base)
      .run(on: Letters.completions(8), heldOut: Letters.completions(8, seed: 2))
    let losses = try workshop.metrics("run").compactMap { $0["eval_loss"] }
    #expect(losses.count == 6)
    let best = try #require(losses.indices.max { losses[$0] < losses[$1] }) + 1
    try #require(best < 6, "the last step is the one asked for, so this run shows nothing")
    #expect(
      try workshop.bytes("run/model.safetensors")
        == workshop.bytes("run/checkpoint-\(best)/model.safetensors"))
    #expect(
      try workshop.bytes("run/model.safetensors")
        != workshop.bytes("run/checkpoint-6/model.safetensors"))
    #expect(
      try workshop.names("run").filter { $0.hasPrefix("checkpoint") }
        == ["checkpoint-\(best)", "checkpoint-6"])
  }

  @Test("a new run in a used folder keeps the earlier checkpoints out of its way")
  func usedFolder() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 4)
    settings.saveSteps = 4
    settings.saveLimit = 1
    for steps in [4, 2] {
      settings.optimization.maxSteps = steps
      settings.saveSteps = steps
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(8))
    }
    #expect(CheckpointStore(outputFolder: settings.outputFolder).steps == [2])
    #expect(workshop.exists("run/checkpoints.1/checkpoint-4"))
    #expect(try workshop.metrics("run").first?["step"] == 1)
  }

  @Test("tokens come from the cache the second time, and the run is the same")
  func cache() throws {
    let workshop = try Workshop()
    var texts: [String] = []
    for name in ["one", "two"] {
      var settings = workshop.settings(name, steps: 2)
      settings.tokenCache = TokenCache(folder: workshop.folder["cache"])
      var said = ""
      settings.console = Console(isTerminal: false, sink: { said += $0 })
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(8))
      texts.append(said)
    }
    #expect(!texts[0].contains("from the cache"))
    #expect(texts[1].contains("tokens: 8 rows from the cache"))
    #expect(
      try workshop.bytes("one/model.safetensors") == workshop.bytes("two/model.safetensors"))
  }

  @Test(
    "pretraining leaves a model in the stored type and evaluates blocks no longer than max_length")
  func pretraining() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 2)
    settings.maxLength = 16
    settings.savedType = .bfloat16
    let shape = LlamaConfiguration(
      vocabularyCount: 1, width: 16, hiddenWidth: 32, layerCount: 1, headCount: 2,
      maximumLength: 16)
    let text = String(repeating: "abcd efgh ", count: 20)
    try PretrainJob(settings: settings, shape: shape)
      .run(on: [text, text], tokenizer: workshop.tokenizer(), heldOut: [text])
    let folder = try ModelFolder(workshop.folder["run"])
    #expect(folder.configuration.storedType == .bfloat16)
    #expect(try folder.languageModel().outputWeight.shape == [TinyModel.vocabularyCount, 16])
    #expect(try workshop.metrics("run").contains { $0["eval_loss"] != nil })
  }
}

@Suite("What a job refuses, and what a failure leaves")
struct JobFailureTests {
  @Test("a rate that ruins the weights ends the run; that step changes nothing, checkpoints stay")
  func notFinite() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 5)
    settings.optimization.learningRate = 1e30
    settings.optimization.schedule = .constant
    settings.savesFirst = true
    settings.saveSteps = 1
    #expect {
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(8))
    } throws: { error in
      guard case TrainingError.notFinite(let what, let step, let rows) = error else { return false }
      return ["loss", "gradient"].contains(what) && step == 2 && rows.count == 4
    }
    #expect(CheckpointStore(outputFolder: settings.outputFolder).steps == [0, 1])
    let tensors = try [workshop.base, workshop.folder["run/checkpoint-0"]].map { folder in
      try ModelFolder(folder).languageModel().parameters.map(\.tensor.floats)
    }
    #expect(tensors[0] == tensors[1])
    #expect(!workshop.exists("run/model.safetensors"))
  }

  @Test("weights and optimizer are as they were after a step whose loss is not finite")
  func unchanged() throws {
    let workshop = try Workshop()
    let model = try workshop.model()
    let optimizer = AdamW(model.parameters, learningRate: 1e30)
    let plan = StepPlan(
      microbatchSize: 4, schedule: LearningRateSchedule(.constant, base: 1e30, stepCount: 9))
    let preparation = DataPreparation(
      encoder: TextEncoder(try workshop.tokenizer(), maxLength: 64), method: "a test",
      log: { _ in })
    let rows = try preparation.supervised(Letters.completions(4))
    let run = try quietRun(steps: 9, folder: workshop.folder["run"]) { $0.saveSteps = 1 }
    var saved: [[Float]] = []
    #expect(throws: TrainingError.self) {
      try SupervisedTrainer(model: model, optimizer: optimizer, plan: plan).fit(
        rows, order: DataOrder(rowCount: 4, batchSize: 4, seed: 1, shuffles: true), run: run
      ) { _ in saved = (model.parameters + optimizer.state).map(\.tensor.floats) }
    }
    #expect(run.step == 1)
    #expect((model.parameters + optimizer.state).map(\.tensor.floats) == saved)
  }

  @Test("an output folder that cannot be made is cannotSave before any training")
  func blockedFolder() throws {
    let workshop = try Workshop()
    try Data().write(to: workshop.folder["file"])
    let settings = workshop.settings("file/run")
    #expect {
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(8))
    } throws: { error in
      guard case TrainingError.cannotSave = error else { return false }
      return true
    }
  }

  @Test(
    "a disk that fills up gives cannotSave and leaves the last checkpoint whole",
    .enabled(if: SmallDisk.isAvailable, "needs the right to mount a small disk"))
  func fullDisk() throws {
    let workshop = try Workshop()
    // The tiny model, its optimizer and their state take about 60 kB a checkpoint: one fits, four do not.
    let disk = try #require(try SmallDisk(byteCount: 200_000))
    var settings = workshop.settings("run", steps: 6)
    settings.outputFolder = disk.url.appending(path: "run")
    settings.saveSteps = 1
    #expect {
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(8))
    } throws: { error in
      guard case TrainingError.cannotSave(_, let reason) = error else { return false }
      return reason.lowercased().contains("no space")
    }
    let store = CheckpointStore(outputFolder: settings.outputFolder)
    let last = try #require(store.steps.last)
    #expect(last >= 1 && last < 6)
    _ = try ModelFolder(store.folder(step: last)).languageModel()
    #expect(try TrainerState(checkpoint: store.folder(step: last)).globalStep == last)
    let names = try FileManager.default.contentsOfDirectory(atPath: settings.outputFolder.path)
    #expect(!names.contains { $0.hasPrefix(".partial") })
  }

  @Test("no usable row is an error that counts the reasons")
  func noRows() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run")
    settings.maxLength = 3
    let record = Record(
      .promptCompletion(prompt: .plain("abcdef"), completion: .plain(" a")),
      provenance: Provenance(file: "rows.jsonl", line: 7))
    #expect {
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: [record, record])
    } throws: { error in
      guard case TrainingError.noRows(let method, let reasons) = error else { return false }
      return method == "sft"
        && reasons == ["2 of 2 rows dropped: prompt fills max_length (first: rows.jsonl:7)"]
    }
  }

  private static func changed(
    _ path: WritableKeyPath<OptimizationSettings, Double>, _ value: Double
  ) -> OptimizationSettings {
    var settings = OptimizationSettings()
    settings[keyPath: path] = value
    return settings
  }

  private static func changed(
    _ path: WritableKeyPath<OptimizationSettings, Int>, _ value: Int
  ) -> OptimizationSettings {
    var settings = OptimizationSettings()
    settings[keyPath: path] = value
    return settings
  }

  @Test("settings out of range are named")
  func ranges() throws {
    try OptimizationSettings().validate()
    let cases = [
      ("learning_rate", Self.changed(\.learningRate, 0)),
      ("learning_rate", Self.changed(\.learningRate, .infinity)),
      ("max_steps", Self.changed(\.maxSteps, 0)),
      ("num_train_epochs", Self.changed(\.epochCount, 0)),
      ("per_device_train_batch_size", Self.changed(\.microbatchSize, 0)),
      ("gradient_accumulation_steps", Self.changed(\.accumulation, 0)),
      ("adam_beta1", Self.changed(\.beta1, 1)),
      ("warmup_ratio", Self.changed(\.warmupRatio, 1.5)),
    ]
    for (name, settings) in cases {
      let error = #expect(throws: TrainingError.self) { try settings.validate() }
      guard case .badSetting(let found, _, _) = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect(found == name)
    }
  }
}
