// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LanguageModels
import Tokenizers
import Torch

/// `attune merge`: an adapter and its base as one model.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Add an adapter's updates to its base, and write a whole model.",
    discussion: """
      The result needs neither the adapter nor PEFT. The base is the one that adapter_config.json names, or \
      --base_model_name_or_path. A reward model's adapter becomes a whole sequence classifier.

        attune merge --model_name_or_path runs/dpo-lora --output_dir runs/dpo
      """)

  @Option(
    name: .customLong("model_name_or_path"),
    help: ArgumentHelp("Folder of the adapter, or its name on the hub.", valueName: "folder|name"))
  var adapterPath: String

  @Option(
    name: .customLong("base_model_name_or_path"),
    help: ArgumentHelp(
      "Folder or name of the base, in place of the one the adapter names.", valueName: "folder|name"
    ))
  var basePath: String?

  @Option(
    name: .customLong("output_dir"),
    help: ArgumentHelp("Folder of the merged model.", valueName: "folder"))
  var outputPath: String

  @Option(
    name: .customLong("save_dtype"), help: "Type of the weights on disk; auto keeps the base's.")
  var savedType: PrecisionOptions.WeightType = .auto

  @Option(
    name: .customLong("max_shard_size"),
    help: ArgumentHelp("Largest file of weights, such as 5GB or 500MB.", valueName: "size"))
  var shardSize: String = "5GB"

  @OptionGroup var hub: HubOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws { _ = try shardByteCount() }

  /// `5GB` in bytes.
  private func shardByteCount() throws -> Int {
    let units = ["KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000]
    let text = shardSize.uppercased()
    for (unit, factor) in units where text.hasSuffix(unit) {
      if let number = Double(text.dropLast(unit.count).trimmingCharacters(in: .whitespaces)),
        number * Double(factor) >= 1
      {
        return Int(number * Double(factor))
      }
    }
    throw ValidationError(
      "--max_shard_size: expected a number with KB, MB or GB, found \"\(shardSize)\"")
  }

  func run() throws {
    let output = URL(filePath: outputPath)
    let folder = try ModelFolder(
      hub.model(adapterPath, "--model_name_or_path"),
      base: basePath.map { try hub.model($0, "--base_model_name_or_path") })
    guard folder.adapter != nil else {
      throw UsageError(
        "--model_name_or_path \(adapterPath): it is a whole model already, with nothing to merge")
    }
    for (place, what) in [(folder.url, "adapter"), (folder.weightsURL, "base")]
    where place.standardizedFileURL == output.standardizedFileURL {
      throw UsageError("--output_dir \(outputPath): the \(what) is there; name another folder")
    }
    if let note = folder.baseNote { Output.current.note(note) }
    // Sums are made in float32; the base's own type is what goes to disk unless another is wanted.
    let type = savedType.elementType ?? folder.configuration.storedType ?? .float32
    let limit = try shardByteCount()
    let tokenizer = try tokenizer(folder)
    let count: Int
    if folder.configuration.hasLanguageHead {
      let model = try folder.mergedLanguageModel()
      try ModelFolder.save(
        model, tokenizer: tokenizer, to: output, elementType: type, shardByteLimit: limit)
      count = model.parameterCount
    } else {
      let model = try folder.mergedScalarHeadModel()
      try ModelFolder.save(
        model, tokenizer: tokenizer, to: output, elementType: type, shardByteLimit: limit)
      count = model.parameters.weightCount
    }
    Output.current.line("\(outputPath): \(count) parameters in \(type)")
  }

  /// The adapter's tokenizer or the base's; models of numbers alone have none.
  private func tokenizer(_ folder: ModelFolder) throws -> Tokenizer? {
    let places = [folder.url, folder.weightsURL]
    let hasOne = places.contains {
      FileManager.default.fileExists(atPath: $0.appending(path: "tokenizer.json").path)
    }
    return hasOne ? try folder.tokenizer() : nil
  }
}
