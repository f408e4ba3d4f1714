// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
import Tokenizers
public import Torch

/// What all training jobs share besides their method: places, precision, intervals.
public struct JobSettings {
  /// Where a run continues.
  public enum Resume: Sendable, Equatable {
    /// From the start.
    case no
    /// From the newest complete checkpoint of the output folder; from the start where there is none.
    case latest
    /// From a named checkpoint.
    case folder(URL)
  }

  /// Where results go.
  public var outputFolder: URL
  /// Name of the run in `run.json` and the model card; nil takes the output folder's.
  public var runName: String?
  /// Where TensorBoard files go; nil is `tensorboard` in the output folder.
  public var eventsFolder: URL?
  /// Whether what an earlier run left in the output folder is removed instead of kept aside.
  public var overwritesOutput = false
  /// Whether the run takes one step, tells its time and memory, writes nothing and ends.
  public var isDryRun = false
  /// The tokenizer's folder; nil takes the model's own.
  public var tokenizerFolder: URL?
  /// Fixes every random choice.
  public var seed: UInt64 = 42
  /// Type of the weights in memory; nil keeps the checkpoint's.
  public var elementType: ElementType? = .float32
  /// Type of the final weights on disk; nil keeps that in memory.
  public var savedType: ElementType?
  /// Where the models are.
  public var device = Device.cpu
  /// Trains an adapter of this kind on the frozen model; nil trains all weights.
  public var adapter: AdapterConfiguration?
  /// How the weights under an adapter are kept in memory; nil keeps them as they are.
  public var quantization: Quantization?
  /// Whether an adapter's dropout is off in training too, as it always is in PPO.
  public var disablesDropout = false
  /// Optimizer, batches, schedule.
  public var optimization = OptimizationSettings()
  /// Most tokens of a row.
  public var maxLength = 1024
  /// The text of a chat template in place of the tokenizer's own; it is saved with the model. Nil keeps the
  /// tokenizer's.
  public var chatTemplate: String?
  /// Whether rows are shuffled anew each epoch.
  public var shuffles = true
  /// Whether rows of like length share a batch; the order is another then.
  public var groupsByLength = false
  /// Whether pairs of one prompt share a batch, in which each distinct completion is read once.
  public var groupsByPrompt = false
  /// Steps between log lines.
  public var loggingSteps = 10
  /// When checkpoints are written.
  public var saveStrategy = SaveStrategy.steps
  /// Steps between checkpoints, for ``SaveStrategy/steps``; nil saves none.
  public var saveSteps: Int?
  /// Most checkpoints kept.
  public var saveLimit: Int?
  /// Whether saving is tried before the first step.
  public var savesFirst = false
  /// When held-out rows are evaluated.
  public var evalStrategy = EvalStrategy.steps
  /// Steps between evaluations, for ``EvalStrategy/steps``; nil evaluates at the end only.
  public var evalSteps: Int?
  /// Metric that decides the best checkpoint.
  public var bestMetric: String?
  /// Whether more of it is better.
  public var greaterIsBetter = false
  /// Whether the final model is the best checkpoint's.
  public var loadsBestAtEnd = false
  /// Where the run continues.
  public var resume = Resume.no
  /// Files besides `metrics.jsonl`.
  public var targets: Set<ReportTarget> = []
  /// Rendered examples printed at the start.
  public var shownExampleCount = 0
  /// The resolved options, for `config.yaml`.
  public var configuration: [(name: String, value: String)] = []
  /// The base model's name on the hub, for the model card; nil for a folder.
  public var hubBase: String?
  /// The name that the result gets on the hub, for the model card; nil where it stays here.
  public var hubName: String?
  /// Names of data sets on the hub, for the model card.
  public var hubDatasets: [String] = []
  /// This program's version.
  public var version = ""
  /// How the program was called.
  public var commandLine: [String] = []
  /// Where progress goes.
  public var console = Console()
  /// Whether the start-up block is printed.
  public var announces = true
  /// Tokenised data kept between runs; nil keeps none.
  public var tokenCache: TokenCache?

  /// Whether a run shall save and end after the step in progress.
  package var isInterrupted: () -> Bool = { Interruption.isRequested }

  /// Settings for results in a folder.
  public init(outputFolder: URL) { self.outputFolder = outputFolder }

  /// The tokenizer of a job on a model: the one named or the model's own, with the chat template that was asked for.
  func tokenizer(of folder: ModelFolder) throws -> Tokenizer {
    var tokenizer = try folder.tokenizer(at: tokenizerFolder)
    if let chatTemplate { tokenizer.chatTemplateText = chatTemplate }
    return tokenizer
  }

  /// Checks what depends on several settings.
  ///
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public func validate() throws {
    try optimization.validate()
    func require(_ holds: Bool, _ name: String, _ value: String, _ wanted: String) throws {
      guard holds else {
        throw TrainingError.badSetting(name: name, value: value, wanted: wanted)
      }
    }
    try require(
      !overwritesOutput || resume == .no, "overwrite_output_dir", "with resume_from_checkpoint",
      "one of the two: a run cannot go on from what it removes")
    let needsBest = saveStrategy == .best ? "save_strategy best" : "load_best_model_at_end"
    try require(
      (saveStrategy != .best && !loadsBestAtEnd) || evalStrategy != .no, "eval_strategy",
      "no with \(needsBest)", "steps or epoch: the best is found by evaluation")
    try require(
      !loadsBestAtEnd || saveStrategy != .no, "save_strategy", "no with load_best_model_at_end",
      "steps, epoch or best: the best model is kept in a checkpoint")
  }

  /// Tags of the model card that follow from the way weights are trained.
  var tags: [String] { adapter == nil ? [] : ["lora", "peft"] }

  /// The checkpoint to continue from.
  ///
  /// - Throws: ``TrainingError/cannotResume(path:reason:)``.
  public func checkpoint() throws -> URL? {
    switch resume {
    case .no: return nil
    case .latest: return CheckpointStore(outputFolder: outputFolder).latest
    case .folder(let folder):
      let state = folder.appending(path: "trainer_state.json")
      guard FileManager.default.fileExists(atPath: state.path) else {
        throw TrainingError.cannotResume(
          path: folder.path, reason: "it is no complete checkpoint (no trainer_state.json)")
      }
      return folder
    }
  }
}
