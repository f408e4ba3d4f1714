// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LanguageModels
import Tokenizers

/// How completions are drawn for a reader: what is not given comes from `generation_config.json`.
struct GenerationOptions: ParsableArguments {
  @Option(
    name: .customLong("max_new_tokens"),
    help: ArgumentHelp("Most tokens of a completion.", valueName: "tokens"))
  var maxNewTokens: Int = 256

  @Option(
    name: .customLong("min_new_tokens"),
    help: ArgumentHelp("Tokens before which a completion may not end.", valueName: "tokens"))
  var minNewTokens: Int = 0

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

  @Option(
    name: .customLong("top_p"),
    help: ArgumentHelp(
      "Keep the likeliest tokens of this total probability. By default the folder's, else 1.",
      valueName: "share"))
  var topP: Double?

  @Option(
    name: .customLong("top_k"),
    help: ArgumentHelp(
      "Keep this many likeliest tokens; 0 keeps all. By default the folder's, else 0.",
      valueName: "count"))
  var topK: Int?

  @Option(
    name: .customLong("min_p"), help: "Drop tokens below this share of the likeliest; 0 drops none."
  )
  var minP: Double = 0

  @Option(
    name: .customLong("repetition_penalty"), help: "Above 1 makes tokens already there less likely."
  )
  var repetitionPenalty: Double = 1

  @Option(
    help: ArgumentHelp(
      "End a completion before this text; repeat for several. \\n stands for a newline.",
      valueName: "text"))
  var stop: [String] = []

  @Option(help: "Fixes every random choice.")
  var seed: UInt64 = 42

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws {
      guard holds else { throw ValidationError(message) }
    }
    try require(maxNewTokens > 0, "--max_new_tokens: expected at least 1, found \(maxNewTokens)")
    try require(minNewTokens >= 0, "--min_new_tokens: expected at least 0, found \(minNewTokens)")
    try require(
      doSample.map { ArgumentNormalizer.truth(of: $0) != nil } ?? true,
      "--do_sample: expected true or false, found \"\(doSample ?? "")\"")
    try require(
      (temperature ?? 1) >= 0, "--temperature: expected at least 0, found \(temperature ?? 0)")
    try require(
      (topP ?? 1) > 0 && (topP ?? 1) <= 1, "--top_p: expected above 0 to 1, found \(topP ?? 0)")
    try require((topK ?? 0) >= 0, "--top_k: expected at least 0, found \(topK ?? 0)")
    try require((0..<1).contains(minP), "--min_p: expected 0 to below 1, found \(minP)")
    try require(
      repetitionPenalty > 0, "--repetition_penalty: expected above 0, found \(repetitionPenalty)")
    try require(!stop.contains(""), "--stop: expected a text, found nothing")
  }

  /// The settings.
  ///
  /// - Parameters:
  ///   - defaults: of the model's folder; nil ignores them except for the ends of text in `stops`.
  ///   - stops: tokens that end a completion.
  /// - Returns: the settings, with temperature 0 where nothing is left to chance.
  func settings(_ defaults: GenerationDefaults?, stops: Set<Int>) -> SamplingSettings {
    var settings = SamplingSettings(
      maxNewTokens: maxNewTokens, minNewTokens: minNewTokens,
      temperature: temperature ?? defaults?.temperature ?? 1, topK: topK ?? defaults?.topK ?? 0,
      topP: topP ?? defaults?.topP ?? 1, minP: minP, repetitionPenalty: repetitionPenalty,
      stopTokenIDs: stops, stopStrings: stop.map { $0.replacing("\\n", with: "\n") })
    // A temperature on the command line says more than a folder's do_sample.
    let samples =
      doSample.flatMap { ArgumentNormalizer.truth(of: $0) }
      ?? (temperature != nil ? true : defaults?.samples ?? true)
    if !samples { settings.temperature = 0 }
    return settings
  }
}
