// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Feedback
import Training

/// What models are evaluated on: rows of a file, or items of the village.
struct EvaluationDataOptions: ParsableArguments {
  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp("File or folder of rows; - for standard input.", valueName: "path"),
    completion: .file())
  var datasetPath: String?

  @OptionGroup var named: DatasetNameOptions

  @Option(
    name: .customLong("dataset_split"),
    help: ArgumentHelp("Split of --dataset_name.", valueName: "split"))
  var datasetSplit = "test"

  @Option(
    help: ArgumentHelp(
      "Columns of preference rows: prompt=question,chosen=best.", valueName: "map"))
  var columns: String?

  @Option(help: ArgumentHelp("In place of rows: a task of the village.", valueName: "name"))
  var task: String?

  @Option(help: "Part of the task's items.")
  var split = Split.test

  @Option(
    name: .customLong("world_seed"), help: ArgumentHelp("Seed of the village.", valueName: "seed"))
  var worldSeed: UInt64 = 7

  @Option(
    name: .customLong("max_samples"),
    help: ArgumentHelp(
      "Rows or items at most; 0 takes all rows, and 300 items.", valueName: "count"))
  var maxSamples: Int = 0

  func validate() throws {
    guard maxSamples >= 0 else {
      throw ValidationError("--max_samples: expected at least 0, found \(maxSamples)")
    }
    guard [task, datasetPath, named.name].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("give one of --dataset_path, --dataset_name and --task")
    }
    guard columns == nil || task == nil else {
      throw ValidationError("--columns: --task has no columns to rename")
    }
  }

  /// The file or folder of rows; nil for a task.
  private func path(_ hub: HubOptions) throws -> String? {
    try named.path(split: datasetSplit, hub, limit: maxSamples) ?? datasetPath
  }

  /// A prompt with what is known about it.
  struct Prompt {
    var id: String
    var text: RecordText
    /// What the row gives the chat template besides.
    var context = ChatContext()
    var reference: String?
    /// Whether `id` names an item of the village, which knows the true utility.
    var hasGold: Bool
    var columns: JSONObject
    var place: Provenance?
  }

  /// Rows for language models.
  enum Rows {
    case prompts([Prompt])
    case texts([String])
  }

  /// The rows; their first decides what they are.
  ///
  /// - Throws: ``FeedbackError``, `MillbrookError`.
  func rows(_ hub: HubOptions) throws -> Rows {
    if let task { return .prompts(try items(of: task)) }
    let input = try RowInput(path(hub))
    var rows: [RowInput.Row] = []
    while maxSamples == 0 || rows.count < maxSamples, let row = try input.next() {
      rows.append(row)
    }
    guard let first = rows.first else {
      throw FeedbackError.empty(named.name ?? datasetPath ?? "standard input")
    }
    if !first.columns.contains("prompt"), first.columns.contains("text") {
      return .texts(
        try rows.map { row in
          guard let text = row.columns["text"]?.string else {
            throw row.wrong("text", wanted: "a string")
          }
          return text
        })
    }
    return .prompts(try rows.enumerated().map { try prompt(of: $1, $0) })
  }

  private func items(of task: String) throws -> [Prompt] {
    let task = try Millbrook(seed: worldSeed).task(task)
    return (0..<(maxSamples > 0 ? maxSamples : 300)).map { index in
      let item = task.item(split, index)
      return Prompt(
        id: item.id, text: .plain(item.prompt), reference: item.reference, hasGold: true,
        columns: ["id": .string(item.id), "prompt": .string(item.prompt)])
    }
  }

  private func prompt(of row: RowInput.Row, _ index: Int) throws -> Prompt {
    guard let text = try row.text("prompt") else {
      throw row.wrong("prompt", wanted: "a string or a list of messages")
    }
    let reference = try row.text("reference") ?? row.text("completion")
    let id = row.columns["id"]?.string
    let seed = id?.split(separator: "/").first.flatMap { UInt64($0) }
    let isItem = id.flatMap { id in seed.map { (try? Millbrook(seed: $0).item(id: id)) != nil } }
    // Rows may repeat an id or have none; each row is a prompt of its own.
    return Prompt(
      id: isItem == true ? id ?? "" : "\(index)", text: text, context: try row.chatContext(),
      reference: reference?.text,
      hasGold: isItem == true, columns: row.columns, place: row.place)
  }

  /// Preference rows for reward models.
  func pairs(_ hub: HubOptions, seed: UInt64) throws -> [Record] {
    guard let path = try path(hub) else {
      throw UsageError(
        "reward models are measured on comparisons: give --dataset_path or --dataset_name; 'attune world write --kind "
          + "comparisons' makes some")
    }
    let source = DatasetSource(
      path, columns: try columns.map { try ColumnMapping(parsing: $0) } ?? ColumnMapping(),
      maxSamples: maxSamples > 0 ? maxSamples : nil)
    let data = try Dataset.load(
      [source], accepting: [.preference], method: "evaluate", seed: seed)
    Output.current.note(data.summary)
    data.report.lines.forEach(Output.current.note)
    return data.records
  }
}
