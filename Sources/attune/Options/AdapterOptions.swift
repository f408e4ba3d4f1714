// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LanguageModels
import Torch

/// An adapter in place of all weights, for training.
struct AdapterOptions: ParsableArguments {
  @Option(
    name: .customLong("use_peft"),
    help: "Train a LoRA adapter on the frozen model; the result is a folder that PEFT opens too.")
  var isUsed: Bool = false

  @Option(
    name: .customLong("lora_r"), help: ArgumentHelp("Rank of the updates.", valueName: "rank"))
  var rank: Int = 16

  @Option(
    name: .customLong("lora_alpha"),
    help: ArgumentHelp("An update counts alpha / rank times.", valueName: "number"))
  var alpha: Double = 32

  @Option(
    name: .customLong("lora_dropout"),
    help: ArgumentHelp("Share of an update's inputs dropped in training.", valueName: "share"))
  var dropout: Double = 0.05

  @Option(
    name: .customLong("lora_target_modules"),
    help: ArgumentHelp(
      "Layers with an update: all-linear (but the output layer), names such as q_proj,v_proj, or one "
        + "regular expression on whole paths.", valueName: "modules"))
  var targets: [String] = ["all-linear"]

  @Option(
    name: .customLong("lora_modules_to_save"),
    help: ArgumentHelp(
      "Modules trained as a whole beside the updates, such as embed_tokens.", valueName: "modules"))
  var modulesToSave: [String] = []

  @Option(
    name: .customLong("use_rslora"), help: "Let an update count alpha / sqrt(rank) times (rsLoRA).")
  var usesRankStabilization: Bool = false

  @Option(
    name: .customLong("use_dora"),
    help: "Learn the length of each row apart from its direction (DoRA).")
  var usesDoRA: Bool = false

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws {
      guard holds else { throw ValidationError(message) }
    }
    try require(rank > 0, "--lora_r: expected at least 1, found \(rank)")
    try require(
      alpha > 0 && alpha.isFinite, "--lora_alpha: expected a number above 0, found \(alpha)")
    try require(
      (0..<1).contains(dropout), "--lora_dropout: expected 0 to below 1, found \(dropout)")
    try require(!targets.isEmpty, "--lora_target_modules: expected at least one name")
  }

  /// The adapter to train; nil trains all weights.
  var configuration: AdapterConfiguration? {
    guard isUsed else { return nil }
    var configuration = AdapterConfiguration()
    configuration.rank = rank
    configuration.alpha = alpha
    configuration.dropout = dropout
    configuration.targets = AdapterConfiguration.Targets(targets)
    configuration.modulesToSave = modulesToSave
    configuration.usesRankStabilization = usesRankStabilization
    configuration.usesDoRA = usesDoRA
    return configuration
  }
}

/// Frozen weights in few bits.
struct QuantizationOptions: ParsableArguments {
  @Option(
    name: .customLong("load_in_4bit"),
    help: "Keep frozen matrices in NF4 with double quantisation: an eighth of float32's memory.")
  var isNF4: Bool = false

  @Option(
    name: .customLong("load_in_8bit"),
    help: "Keep frozen matrices in int8: a quarter of float32's memory.")
  var isInt8: Bool = false

  func validate() throws {
    guard !isNF4 || !isInt8 else {
      throw ValidationError("--load_in_4bit and --load_in_8bit: give one of them")
    }
  }

  /// How frozen matrices are kept; nil keeps them as the folder has them.
  var quantization: Quantization? { isNF4 ? .nf4 : isInt8 ? .int8 : nil }
}
