// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LanguageModels

/// How completions are drawn for a reader: what is not given comes from `generation_config.json`.
struct GenerationOptions: ParsableArguments {
  @Option(
    name: .customLong("generation_config"),
    help: ArgumentHelp(
      "File to use in place of the folder's generation_config.json; options given here go first.",
      valueName: "file"), completion: .file())
  var generationConfig: String?

  @Option(
    name: .customLong("max_new_tokens"),
    help: ArgumentHelp(
      "Most tokens of a completion. By default the folder's, else 256.", valueName: "tokens"))
  var maxNewTokens: Int?

  @Option(
    name: .customLong("min_new_tokens"),
    help: ArgumentHelp("Tokens before which a completion may not end.", valueName: "tokens"))
  var minNewTokens: Int?

  @Option(
    name: .customLong("max_length"),
    help: ArgumentHelp(
      "Most tokens of prompt and completion; --max_new_tokens goes before it.", valueName: "tokens")
  )
  var maxLength: Int?

  @Option(
    name: .customLong("min_length"),
    help: ArgumentHelp(
      "Tokens of prompt and completion before which a completion may not end.",
      valueName: "tokens"))
  var minLength: Int?

  @Option(
    name: .customLong("do_sample"),
    help: ArgumentHelp(
      "false takes the likeliest token always. By default what the model's folder says, else true.",
      valueName: "true|false"))
  var doSample: String?

  @Option(
    help: ArgumentHelp(
      "Divides the logits; 0 takes the likeliest token always. By default the folder's, else 1.",
      valueName: "number"))
  var temperature: Double?

  @OptionGroup(title: "Tokens that may be drawn") var truncation: TruncationOptions
  @OptionGroup(title: "Penalties and bans") var penalties: PenaltyOptions

  @Option(
    name: [.customLong("stop"), .customLong("stop_strings")],
    help: ArgumentHelp(
      "End a completion before this text; repeat for several. \\n stands for a newline.",
      valueName: "text"))
  var stop: [String] = []

  @Option(
    name: .customLong("eos_token_id"),
    help: ArgumentHelp(
      "Token ids that end a completion, in place of the model's own.", valueName: "ids"))
  var eosTokenIDs: [Int] = []

  @Option(help: "Fixes every random choice.")
  var seed: UInt64 = 42

  /// Most tokens of a completion where nobody says otherwise.
  static let standardMaxNewTokens = 256

  func validate() throws {
    guard doSample.map({ ArgumentNormalizer.truth(of: $0) != nil }) ?? true else {
      throw ValidationError("--do_sample: expected true or false, found \"\(doSample ?? "")\"")
    }
    guard !stop.contains("") else {
      throw ValidationError("--stop: expected a text, found nothing")
    }
    do {
      try given().settings().validate()
    } catch GenerationError.badSetting(let option, let problem) {
      throw ValidationError("--\(option): \(problem)")
    } catch ModelFolderError.badConfiguration(_, let field, let reason) {
      throw ValidationError("--\(field): \(reason)")
    }
  }

  /// What the command line says.
  private func given() throws -> GenerationDefaults {
    var values = try penalties.values()
    truncation.apply(to: &values)
    values.maxNewTokens = maxNewTokens
    values.minNewTokens = minNewTokens
    values.maxLength = maxLength
    values.minLength = minLength
    values.temperature = temperature
    // A temperature on the command line says more than a folder's do_sample.
    values.samples =
      doSample.flatMap { ArgumentNormalizer.truth(of: $0) } ?? (temperature != nil ? true : nil)
    values.stopStrings = stop.isEmpty ? nil : stop.map { $0.replacing("\\n", with: "\n") }
    values.eosTokenIDs = eosTokenIDs
    return values
  }

  /// What command line, `--generation_config` and folder say together, in that order.
  ///
  /// - Parameter folder: of the model; nil ignores it.
  /// - Returns: the values; with ``standardMaxNewTokens`` where nobody says how long.
  /// - Throws: ``UsageError`` or ``ModelFolderError`` for a file that cannot be used.
  func values(_ folder: GenerationDefaults?) throws -> GenerationDefaults {
    var values = try given()
    if let generationConfig {
      guard FileManager.default.fileExists(atPath: generationConfig) else {
        throw UsageError("--generation_config: no file '\(generationConfig)'")
      }
      values = values.orElse(try GenerationDefaults(file: URL(filePath: generationConfig)))
    } else if let folder {
      values = values.orElse(folder)
    }
    if values.maxNewTokens == nil, values.maxLength == nil {
      values.maxNewTokens = Self.standardMaxNewTokens
    }
    return values
  }

  /// The settings.
  ///
  /// - Parameters:
  ///   - folder: what the model's folder says; nil ignores it except for the ends of text in `stops`.
  ///   - stops: tokens that end a completion, unless the command line names others.
  /// - Returns: the settings, with temperature 0 where nothing is left to chance.
  /// - Throws: as ``values(_:)``.
  func settings(_ folder: GenerationDefaults?, stops: Set<Int>) throws -> SamplingSettings {
    settings(of: try values(folder), stops: stops)
  }

  /// The settings of values that ``values(_:)`` gave.
  func settings(of values: GenerationDefaults, stops: Set<Int>) -> SamplingSettings {
    if !values.ineffective.isEmpty {
      Output.current.note(
        "generation_config.json: \(values.ineffective.joined(separator: ", ")): not supported, "
          + "and without effect here")
    }
    return values.settings(stops: eosTokenIDs.isEmpty ? stops : [])
  }
}
