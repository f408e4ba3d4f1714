// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation

/// Which rows a method learns from, and which are held out.
struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp(
      "File, folder or quoted pattern (data/train-*.jsonl) of rows (JSON Lines, JSON, CSV, TSV; gzip by name). Repeat to mix several.",
      valueName: "path"))
  var paths: [String] = []

  @OptionGroup var named: DatasetNameOptions

  @Option(
    name: .customLong("dataset_train_split"),
    help: ArgumentHelp(
      "Split to learn from: of --dataset_name, or of files named by split (train.jsonl, test-1.jsonl).",
      valueName: "split"))
  var trainSplit: String = SplitFiles.defaultTrain

  @Option(
    name: .customLong("dataset_test_split"),
    help: ArgumentHelp(
      "Split for evaluation: of --dataset_name, or of files named by split, where test is the default if there is one.",
      valueName: "split"))
  var testSplit: String?

  @Option(
    name: .customLong("columns"),
    help: ArgumentHelp("Column names of the data: prompt=question,chosen=best.", valueName: "map"))
  var columns: String?

  @Option(
    name: .customLong("max_samples"),
    help: ArgumentHelp("Rows taken of each file, from the first; 0 takes all.", valueName: "count"))
  var maxSamples: Int = 0

  @Option(
    name: .customLong("eval_dataset_path"),
    help: ArgumentHelp("Rows for evaluation.", valueName: "path"))
  var evalPaths: [String] = []

  @Option(
    name: .customLong("test_split_size"),
    help: ArgumentHelp(
      "Rows held out for evaluation: a share below 1, or a count. Grouped by prompt; 0 holds out none.",
      valueName: "share|count"))
  var testSplitSize: Double = 0

  @Option(
    name: .customLong("shuffle_dataset"), help: "Take rows in a new order each epoch.")
  var shuffles: Bool = true

  @Option(
    name: .customLong("group_by_length"),
    help: "Let rows of like length share a batch: another order; nothing is padded either way.")
  var groupsByLength: Bool = false

  @Option(
    name: .customLong("max_length"),
    help: ArgumentHelp("Most tokens of a row; longer rows lose their end.", valueName: "tokens"))
  var maxLength: Int = 1024

  @Option(
    name: .customLong("show_examples"),
    help: ArgumentHelp(
      "Print this many rendered examples, tokens without loss in brackets.", valueName: "count"))
  var shownExampleCount: Int = 0

  func validate() throws {
    guard paths.isEmpty || named.name == nil else {
      throw ValidationError("--dataset_path and --dataset_name: give one of them")
    }
    guard testSplit == nil || (evalPaths.isEmpty && testSplitSize == 0) else {
      throw ValidationError(
        "--dataset_test_split, --eval_dataset_path and --test_split_size: give one of them")
    }
  }

  /// The data in words: paths, or the name of a data set.
  var sourceNames: [String] { named.name.map { [$0] } ?? paths }

  /// Loads the data, tells about it, and splits it.
  ///
  /// - Parameters:
  ///   - hub: how the hub is asked.
  ///   - accepting: row types the method learns from, best first.
  ///   - method: its name in messages.
  ///   - seed: of the split.
  ///   - note: takes lines for the user.
  /// - Returns: records to train on and records held out.
  /// - Throws: ``UsageError`` without data; errors of the data.
  func load(
    _ hub: HubOptions, accepting: [RowType], method: String, seed: UInt64, note: (String) -> Void
  ) throws -> (train: [Record], test: [Record]) {
    let files = try files(hub, method, note)
    let data = try dataset(files.train, accepting, method, seed, note)
    let held = evalPaths.isEmpty ? files.test : evalPaths.map { DatasetSource($0) }
    if !held.isEmpty {
      return (data.records, try dataset(held, accepting, method, seed, note).records)
    }
    guard testSplitSize > 0 else { return (data.records, []) }
    let size: TestSize = testSplitSize < 1 ? .fraction(testSplitSize) : .count(Int(testSplitSize))
    let parts = try data.split(testSize: size, seed: seed)
    note("held out: \(parts.test.records.count) rows")
    return (parts.train.records, parts.test.records)
  }

  /// What to learn from and what to hold out, as far as names tell.
  private func files(
    _ hub: HubOptions, _ method: String, _ note: (String) -> Void
  ) throws -> (train: [DatasetSource], test: [DatasetSource]) {
    let limit = maxSamples > 0 ? maxSamples : nil
    if let train = try named.path(split: trainSplit, hub, limit: limit) {
      let test = try testSplit.flatMap { try named.path(split: $0, hub, limit: limit) }
      return ([DatasetSource(train)], test.map { [DatasetSource($0)] } ?? [])
    }
    guard !paths.isEmpty else {
      throw UsageError(
        "missing --dataset_path or --dataset_name: the rows \(method) learns from; "
          + "'attune world write --help' makes some to try")
    }
    let files = try SplitFiles(
      paths, train: trainSplit, test: testSplit, holdsOut: evalPaths.isEmpty && testSplitSize == 0)
    files.lines.forEach(note)
    return (files.train, files.test)
  }

  private func dataset(
    _ files: [DatasetSource], _ accepting: [RowType], _ method: String, _ seed: UInt64,
    _ note: (String) -> Void
  ) throws -> Dataset {
    let mapping = try columns.map { try ColumnMapping(parsing: $0) } ?? ColumnMapping()
    let sources = files.map { file in
      var source = file
      source.columns = mapping
      source.maxSamples = maxSamples > 0 ? maxSamples : nil
      return source
    }
    let data = try Dataset.load(sources, accepting: accepting, method: method, seed: seed)
    note(data.summary)
    data.report.lines.forEach(note)
    return data
  }
}
