// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Evaluation
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// `attune generate`: completions of prompts.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Draw completions of prompts from a model.",
    discussion: """
      Prompts come from --prompt, from rows with a column `prompt` (text or messages), or from \
      standard input: JSON Lines, or any other text as one prompt, without its last newline. One prompt gives plain text; more, \
      or --json, give JSON Lines: the row's columns and `completion`, `ids`, `log_probs` (nats, under \
      the temperature, before top_k and the like), `stop_reason` (stop, length, stop_string). With \
      --num_return_sequences each prompt gives that many rows, numbered by `sample`.

        attune generate --model_name_or_path runs/sft --prompt "Once upon a time, "
        attune generate --model_name_or_path runs/sft --dataset_path prompts.jsonl --output out.jsonl
      """)

  @OptionGroup var model: ModelOptions

  @Option(
    help: ArgumentHelp("A prompt; repeat for several. Commas are part of it.", valueName: "text"))
  var prompt: [String] = []

  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp("File or folder of rows; - for standard input.", valueName: "path"),
    completion: .file())
  var datasetPath: String?

  @OptionGroup var named: DatasetNameOptions

  @Option(
    name: .customLong("dataset_split"),
    help: ArgumentHelp("Split of --dataset_name.", valueName: "split"))
  var datasetSplit = "train"

  @Option(
    name: .customLong("max_samples"),
    help: ArgumentHelp("Use at most this many rows; 0 uses all.", valueName: "count"))
  var maxSamples: Int = 0

  @Option(
    name: .customLong("num_return_sequences"),
    help: ArgumentHelp("Completions of each prompt.", valueName: "count"))
  var sampleCount: Int = 1

  @OptionGroup var generation: GenerationOptions

  @Option(
    name: .customLong("batch_size"),
    help: ArgumentHelp("Completions drawn together.", valueName: "count"))
  var batchSize: Int = 16

  @Option(help: ArgumentHelp("File to write; standard output by default.", valueName: "file"))
  var output: String?

  @Option(help: "Print JSON Lines for a single prompt too.")
  var json = false

  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    let sources = [!prompt.isEmpty, datasetPath != nil, named.name != nil]
    guard sources.count(where: { $0 }) <= 1 else {
      throw ValidationError("--prompt, --dataset_path and --dataset_name: give one of them")
    }
    guard sampleCount > 0 else {
      throw ValidationError("--num_return_sequences: expected at least 1, found \(sampleCount)")
    }
    guard batchSize > 0 else {
      throw ValidationError("--batch_size: expected at least 1, found \(batchSize)")
    }
    guard maxSamples >= 0 else {
      throw ValidationError("--max_samples: expected at least 0, found \(maxSamples)")
    }
  }

  func run() throws {
    let source = try prompts()
    let policy = try LoadedPolicy(model.folder(), model.precision)
    let settings = generation.settings(policy.defaults, stops: policy.stopTokenIDs)
    let sampler = Sampler(policy.model, settings, batchSize: batchSize) {
      policy.tokenizer.decode($0)
    }
    let isPlain =
      !json && output == nil && datasetPath == nil && named.name == nil && source.count == 1
      && sampleCount == 1
    try withAutocast(model.precision.autocast, on: policy.model.device) {
      if isPlain, let only = source.first {
        try writePlain(only, policy, sampler)
      } else {
        try writeRows(source, policy, sampler)
      }
    }
  }

  // MARK: Prompts

  private struct Prompt {
    var text: RecordText
    var columns: JSONObject
    var place: Provenance?
  }

  private func prompts() throws -> [Prompt] {
    if !prompt.isEmpty { return prompt.map(plain) }
    if let path = try named.path(split: datasetSplit, model.hub, limit: maxSamples) ?? datasetPath {
      return try rows(RowInput(path))
    }
    guard isatty(STDIN_FILENO) == 0 else {
      throw UsageError("no prompt given; use --prompt, --dataset_path or standard input")
    }
    let data = FileHandle.standardInput.readDataToEndOfFile()
    guard let text = String(data: data, encoding: .utf8) else {
      throw FeedbackError.unreadable(file: "standard input", reason: "it is not UTF-8 text")
    }
    return try StandardInputPrompts.rows(of: text).map(prompts(of:)) ?? [
      plain(text.last == "\n" ? String(text.dropLast()) : text)
    ]
  }

  private func plain(_ text: String) -> Prompt {
    Prompt(text: .plain(text), columns: ["prompt": .string(text)])
  }

  private func rows(_ input: RowInput) throws -> [Prompt] {
    var rows: [RowInput.Row] = []
    while maxSamples == 0 || rows.count < maxSamples, let row = try input.next() {
      rows.append(row)
    }
    return try prompts(of: rows)
  }

  private func prompts(of rows: [RowInput.Row]) throws -> [Prompt] {
    let taken = maxSamples > 0 ? rows.prefix(maxSamples) : rows[...]
    guard !taken.isEmpty else {
      throw FeedbackError.empty(named.name ?? datasetPath ?? "standard input")
    }
    return try taken.map { row in
      guard let text = try row.text("prompt") else {
        throw row.wrong("prompt", wanted: "a string or a list of messages")
      }
      return Prompt(text: text, columns: row.columns, place: row.place)
    }
  }

  // MARK: Results

  private func writePlain(_ prompt: Prompt, _ policy: LoadedPolicy, _ sampler: Sampler) throws {
    let ids = try policy.encode(prompt.text, at: prompt.place)
    policy.warn(ofLength: ids.count, sampler.settings)
    var stream = TextStream(policy.tokenizer, after: ids, sampler.settings)
    _ = sampler.completions([ids], seeds: [seed(0, 0)]) { _, token in
      Output.current.write(stream.append(token))
    }
    Output.current.write(stream.finish())
    Output.current.line()
  }

  private func writeRows(_ prompts: [Prompt], _ policy: LoadedPolicy, _ sampler: Sampler) throws {
    let encoded = try prompts.map { try policy.encode($0.text, at: $0.place) }
    policy.warn(ofLength: encoded.reduce(0) { max($0, $1.count) }, sampler.settings)
    let results = try RowOutput(output)
    let draws = prompts.indices.flatMap { prompt in
      (0..<sampleCount).map { (prompt: prompt, sample: $0) }
    }
    // In parts, so that a long run shows results on the way and holds no more than it must.
    let partSize = max(batchSize * 8, 1)
    for start in stride(from: 0, to: draws.count, by: partSize) {
      let part = draws[start..<min(draws.count, start + partSize)]
      let completions = sampler.completions(
        part.map { encoded[$0.prompt] }, seeds: part.map { seed($0.prompt, $0.sample) })
      for (draw, completion) in zip(part, completions) {
        var row = prompts[draw.prompt].columns
        if sampleCount > 1 { row["sample"] = .integer(draw.sample) }
        let text = policy.tokenizer.decode(completion.ids, after: encoded[draw.prompt])
        for (name, value) in columns(completion, sampler.settings.textBeforeStop(text)) {
          row[name] = value
        }
        try results.write(row)
      }
      if output != nil || draws.count > partSize {
        Output.current.note("\(min(draws.count, start + partSize)) of \(draws.count) completions")
      }
    }
    try results.finish()
  }

  private func columns(
    _ completion: SampledCompletion, _ text: String
  ) -> JSONObject {
    [
      "completion": .string(text),
      "ids": .array(completion.ids.map { .integer($0) }),
      "log_probs": .array(completion.logProbs.map { JSONValue(shortest: $0) }),
      "stop_reason": .string(completion.stopReason.rawValue),
    ]
  }

  private func seed(_ prompt: Int, _ sample: Int) -> UInt64 {
    SplitMix(generation.seed, UInt64(prompt), UInt64(sample)).state
  }
}

/// Text on standard input: rows where the first line is a JSON object, else a prompt.
enum StandardInputPrompts {
  /// The rows of a text; nil where it is no JSON Lines.
  ///
  /// - Throws: ``FeedbackError`` for a line after the first that is no object.
  static func rows(of text: String) throws -> [RowInput.Row]? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.element.allSatisfy(\.isWhitespace) }
    guard let first = lines.first, (try? JSONValue(parsing: String(first.element)))?.object != nil
    else { return nil }
    return try lines.map { index, line in
      let place = Provenance(file: "standard input", line: index + 1)
      do {
        let value = try JSONValue(parsing: String(line))
        guard let columns = value.object else {
          throw FeedbackError.disagreement(
            at: place, rowType: "", problem: "expected an object a line, found \(value.kind)")
        }
        return RowInput.Row(columns: columns, place: place)
      } catch let error as JSONSyntaxError {
        throw FeedbackError.syntax(at: place, column: error.column, reason: error.reason)
      }
    }
  }
}
