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
      --num_return_sequences each prompt gives that many rows, numbered by `sample`; with --num_beams \
      they are the best that beam search finds, with their `score`. What no option says comes from the \
      folder's generation_config.json.

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
    help: ArgumentHelp(
      "Completions of each prompt. By default the folder's, else 1.", valueName: "count"))
  var sampleCount: Int?

  @OptionGroup var generation: GenerationOptions
  @OptionGroup(title: "Beam search and log-probabilities") var search: SearchOptions

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
    guard (sampleCount ?? 1) > 0 else {
      throw ValidationError(
        "--num_return_sequences: expected at least 1, found \(sampleCount ?? 0)")
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
    let policy = try LoadedPolicy(
      model.folder(), model.precision, quantization: model.quantization.quantization,
      chatTemplate: model.chatTemplate())
    let writer = try writer(policy)
    let isPlain =
      !json && output == nil && datasetPath == nil && named.name == nil && source.count == 1
      && writer.sampleCount == 1
    try withAutocast(model.precision.autocast, on: policy.model.device) {
      if isPlain, let only = source.first {
        try writePlain(only, policy, writer)
      } else {
        try writeRows(source, policy, writer)
      }
    }
  }

  /// What writes completions, by the options and the folder.
  private func writer(_ policy: LoadedPolicy) throws -> CompletionWriter {
    var values = try generation.values(policy.defaults)
    search.apply(to: &values)
    var settings = generation.settings(of: values, stops: policy.stopTokenIDs)
    settings.alternativeCount = search.alternativeCount
    do {
      try settings.validate(vocabularyCount: policy.model.outputWeight.size(0))
    } catch GenerationError.badSetting(let option, let problem) {
      throw UsageError("--\(option): \(problem)")
    }
    let writer = CompletionWriter(
      policy: policy, settings: settings, values: values,
      sampleCount: sampleCount ?? values.returnCount ?? 1, batchSize: batchSize,
      seed: generation.seed)
    guard writer.beamCount == 1 || writer.sampleCount <= writer.beamCount else {
      throw UsageError(
        "--num_return_sequences: expected at most --num_beams \(writer.beamCount), found "
          + "\(writer.sampleCount)")
    }
    return writer
  }

  // MARK: Prompts

  private struct Prompt {
    var text: RecordText
    var context = ChatContext()
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
      return Prompt(
        text: text, context: try row.chatContext(), columns: row.columns, place: row.place)
    }
  }

  // MARK: Results

  private func writePlain(
    _ prompt: Prompt, _ policy: LoadedPolicy, _ writer: CompletionWriter
  ) throws {
    let ids = try policy.encode(prompt.text, prompt.context, at: prompt.place)
    try writer.check([ids])
    var stream = TextStream(policy.tokenizer, after: ids, writer.settings)
    writer.stream(ids) { Output.current.write(stream.append($0)) }
    Output.current.write(stream.finish())
    Output.current.line()
  }

  private func writeRows(
    _ prompts: [Prompt], _ policy: LoadedPolicy, _ writer: CompletionWriter
  ) throws {
    let encoded = try prompts.map { try policy.encode($0.text, $0.context, at: $0.place) }
    try writer.check(encoded)
    let results = try RowOutput(output)
    // In parts, so that a long run shows results on the way and holds no more than it must.
    let partSize = max(1, batchSize * 8 / writer.sampleCount)
    for start in stride(from: 0, to: prompts.count, by: partSize) {
      let part = start..<min(prompts.count, start + partSize)
      for (prompt, sample, columns) in writer.rows(Array(encoded[part]), first: start) {
        var row = prompts[prompt].columns
        if writer.sampleCount > 1 { row["sample"] = .integer(sample) }
        for (name, value) in columns { row[name] = value }
        try results.write(row)
      }
      if output != nil || prompts.count > partSize {
        Output.current.note(
          "\(part.upperBound * writer.sampleCount) of \(prompts.count * writer.sampleCount) completions"
        )
      }
    }
    try results.finish()
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
