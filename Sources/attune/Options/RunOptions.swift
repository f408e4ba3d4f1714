// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Torch
import Training

/// Where a run goes, how often it logs, evaluates and saves, and how it continues.
struct RunOptions: ParsableArguments {
  @Option(
    name: .customLong("output_dir"),
    help: ArgumentHelp("Folder of the run: model, checkpoints, metrics.", valueName: "folder"))
  var outputFolder: String

  @Option(
    name: .customLong("overwrite_output_dir"),
    help:
      "Remove checkpoints, metrics and completions of an earlier run from output_dir; otherwise they are kept aside."
  )
  var overwritesOutput: Bool = false

  @Option(
    name: .customLong("run_name"),
    help: ArgumentHelp(
      "Name of the run in run.json and the model card; by default that of output_dir.",
      valueName: "name"))
  var runName: String?

  @Option(
    name: .customLong("dry_run"),
    help:
      "Load everything, show an example, take one step, tell its time and memory, write nothing, and end."
  )
  var isDryRun: Bool = false

  @Option(help: "Fixes every random choice.")
  var seed: UInt64 = 42

  @Option(
    name: .customLong("logging_steps"),
    help: ArgumentHelp("Steps between log lines.", valueName: "steps"))
  var loggingSteps: Int = 10

  @Option(
    name: .customLong("report_to"),
    help: ArgumentHelp("Besides metrics.jsonl: tensorboard, csv, or none.", valueName: "targets"))
  var targets: [String] = []

  @Option(
    name: .customLong("logging_dir"),
    help: ArgumentHelp(
      "Folder of the TensorBoard files; by default output_dir/tensorboard. Naming one turns them on.",
      valueName: "folder"))
  var eventsPath: String?

  @Option(
    name: .customLong("save_strategy"),
    help:
      "When checkpoints are written: no (the final model only), every save_steps, every epoch, or at each best evaluation."
  )
  var saveStrategy: SaveStrategy = .steps

  @Option(
    name: .customLong("save_steps"),
    help: ArgumentHelp(
      "Steps between checkpoints; 0 saves the final model only.", valueName: "steps"))
  var saveSteps: Int = 500

  @Option(
    name: .customLong("save_total_limit"),
    help: ArgumentHelp("Checkpoints kept; 0 keeps all.", valueName: "count"))
  var saveLimit: Int = 0

  @Option(
    name: .customLong("save_first"),
    help: "Save once before the first step, to know that saving works.")
  var savesFirst: Bool = false

  @Option(
    name: .customLong("eval_strategy"),
    help:
      "When held-out rows are evaluated: no (never), every eval_steps, or every epoch; always at the end as well, but for no."
  )
  var evalStrategy: EvalStrategy = .steps

  @Option(
    name: .customLong("eval_steps"),
    help: ArgumentHelp("Steps between evaluations; 0 evaluates at the end.", valueName: "steps"))
  var evalSteps: Int = 0

  @Option(
    name: .customLong("load_best_model_at_end"), help: "Keep the model that was best by the metric."
  )
  var loadsBest: Bool = false

  @Option(
    name: .customLong("metric_for_best_model"),
    help: ArgumentHelp("Evaluation metric that decides.", valueName: "name"))
  var bestMetric: String = "loss"

  @Option(name: .customLong("greater_is_better"), help: "Whether more of that metric is better.")
  var greaterIsBetter: Bool = false

  @Option(
    name: .customLong("resume_from_checkpoint"),
    help: ArgumentHelp(
      "true continues from the newest complete checkpoint of output_dir; or a checkpoint's folder.",
      valueName: "true|folder"))
  var resume: String = "false"

  @Option(
    name: .customLong("save_dtype"),
    help: "Type of the final weights on disk; auto keeps that in memory.")
  var savedType: PrecisionOptions.WeightType = .auto

  @Option(help: "Print warnings only.")
  var quiet: Bool = false

  @OptionGroup var push: PushToHubOptions
}

/// Batches, optimizer and schedule; the learning rate stands in each command.
struct OptimizationOptions: ParsableArguments {
  @Option(
    name: .customLong("per_device_train_batch_size"),
    help: ArgumentHelp("Rows (or pairs) of a forward pass.", valueName: "rows"))
  var microbatchSize: Int = 8

  @Option(
    name: .customLong("per_device_eval_batch_size"),
    help: ArgumentHelp(
      "Rows (or pairs) of a forward pass in evaluation; 0 takes per_device_train_batch_size.",
      valueName: "rows"))
  var evaluationBatchSize: Int = 0

  @Option(
    name: .customLong("gradient_accumulation_steps"),
    help: ArgumentHelp("Forward passes of an optimizer step.", valueName: "count"))
  var accumulation: Int = 1

  @Option(
    name: .customLong("token_budget"),
    help: ArgumentHelp(
      "Most tokens of a forward pass in training; a step's rows, which stay the same, take as many passes as that needs. 0 counts rows.",
      valueName: "tokens"))
  var tokenBudget: Int = 0

  @Option(
    name: .customLong("num_train_epochs"),
    help: ArgumentHelp("Passes over the data.", valueName: "epochs"))
  var epochCount: Double = 3

  @Option(
    name: .customLong("max_steps"),
    help: ArgumentHelp("Optimizer steps; -1 leaves it to num_train_epochs.", valueName: "steps"))
  var maxSteps: Int = -1

  @Option(
    name: .customLong("lr_scheduler_type"),
    help: "Course of the learning rate.")
  var schedule: LearningRateSchedule.Kind = .linear

  @Option(
    name: .customLong("warmup_steps"),
    help: ArgumentHelp("Steps over which the rate rises from 0.", valueName: "steps"))
  var warmupSteps: Int = 0

  @Option(
    name: .customLong("warmup_ratio"),
    help: ArgumentHelp("The same as a share of all steps.", valueName: "share"))
  var warmupRatio: Double = 0

  @Option(
    name: .customLong("min_lr_ratio"),
    help: ArgumentHelp(
      "End of cosine_with_min_lr and wsd, as a share of the rate.", valueName: "share"))
  var minimumRateShare: Double = 0.1

  @Option(help: "The optimizer.")
  var optim: OptimizationSettings.Algorithm = .adamw

  @Option(name: .customLong("weight_decay"), help: "Decay of matrices; vectors are spared.")
  var weightDecay: Double = 0

  @Option(name: .customLong("adam_beta1"), help: "Decay of the first moment.")
  var beta1: Double = 0.9

  @Option(name: .customLong("adam_beta2"), help: "Decay of the second moment.")
  var beta2: Double = 0.999

  @Option(name: .customLong("adam_epsilon"), help: "Added to the denominator.")
  var epsilon: Double = 1e-8

  @Option(
    name: .customLong("adam_epsilon_hat"), help: "Give epsilon its place in the original Adam.")
  var usesEpsilonHat: Bool = false

  @Option(
    name: .customLong("max_grad_norm"),
    help: ArgumentHelp("Bound of the gradient norm; 0 does not clip.", valueName: "norm"))
  var maxGradNorm: Double = 1

  @Option(
    name: .customLong("gradient_checkpointing"),
    help: "Compute activations again in the backward pass: less memory, a third more time.")
  var checkpointsActivations: Bool = false

  @Option(
    name: .customLong("disable_dropout"),
    help: ArgumentHelp(
      "Leave out an adapter's dropout in training; by default false in sft, true in reward and dpo. Weights trained whole never have any.",
      valueName: "true|false"))
  var disablesDropout: Bool?
}
