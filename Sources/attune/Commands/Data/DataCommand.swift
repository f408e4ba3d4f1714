// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Feedback
import Foundation

/// `attune data`: look at data, split and convert it.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Check, measure, split and convert data; say what it is good for.",
    discussion: """
      Read are .jsonl, .ndjson, .json, .csv and .tsv, each also with .gz, and folders of them. The \
      kind of rows and the format (own rows, Alpaca, ShareGPT, HH, UltraFeedback, ...) are found out \
      from the columns.
      """,
    subcommands: [
      DataCheckCommand.self,
      DataAdviseCommand.self,
      DataStatsCommand.self,
      DataSplitCommand.self,
      DataConvertCommand.self,
    ])
}

/// Which data, and how to read it.
struct DataFileOptions: ParsableArguments {
  @Argument(help: "Files or folders of data.", completion: .file())
  var paths: [String] = []

  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp("The same as an option; a list.", valueName: "path"), completion: .file())
  var datasetPath: [String] = []

  @OptionGroup var named: DatasetNameOptions

  @Option(
    name: .customLong("dataset_split"),
    help: ArgumentHelp("Split of --dataset_name.", valueName: "split"))
  var datasetSplit = "train"

  @OptionGroup var hub: HubOptions

  @Option(
    help: ArgumentHelp(
      "Our names for the file's columns, such as prompt=question,chosen=best.",
      valueName: "ours=yours,..."))
  var columns: String?

  @Option(
    name: .customLong("row_type"),
    help: ArgumentHelp(
      "Kinds of rows that are wanted, best first: \(RowType.names.joined(separator: ", ")). "
        + "Others are converted where they can be. By default any kind.", valueName: "kind"))
  var rowType: [String] = []

  @Option(
    name: .customLong("max_samples"),
    help: ArgumentHelp("Use at most this many rows of each file.", valueName: "count"))
  var maxSamples: Int?

  @Option(help: "Seed of every random choice.")
  var seed: UInt64 = 42

  func validate() throws {
    guard !(paths + datasetPath).isEmpty || named.name != nil else {
      throw ValidationError("no data given; name a file or folder, such as pairs.jsonl")
    }
    _ = try columns.map { try ColumnMapping(parsing: $0) }
    _ = try accepting
  }

  /// The files in the order given, a data set of the hub last.
  func sources() throws -> [DatasetSource] {
    let mapping = try columns.map { try ColumnMapping(parsing: $0) } ?? ColumnMapping()
    let hubPath = try named.path(split: datasetSplit, hub, limit: maxSamples)
    return (paths + datasetPath + (hubPath.map { [$0] } ?? [])).map {
      DatasetSource($0, columns: mapping, maxSamples: maxSamples)
    }
  }

  /// The kinds of rows that are wanted.
  var accepting: [RowType] {
    get throws {
      guard !rowType.isEmpty else { return RowType.allCases }
      return try rowType.map { name in
        guard let type = RowType(name: name) else {
          let hint = Suggestion.phrase(for: name, among: RowType.names)
          throw UsageError(
            "--row_type: unknown kind '\(name)'\(hint.isEmpty ? ";" : hint) known: "
              + RowType.names.joined(separator: ", "))
        }
        return type
      }
    }
  }

  /// Loads everything.
  ///
  /// - Parameters:
  ///   - options: what to do with rows of little use.
  ///   - sources: the files where they are known already.
  /// - Returns: records of one kind.
  /// - Throws: ``FeedbackError``, ``HubNameError``.
  func load(_ options: DatasetOptions, _ sources: [DatasetSource]? = nil) throws -> Dataset {
    try Dataset.load(
      sources ?? self.sources(), accepting: accepting, method: methodName, seed: seed,
      options: options)
  }

  /// What messages call the use of the data.
  var methodName: String { rowType.isEmpty ? "any method" : "--row_type \(rowType[0])" }
}

/// What becomes of rows that are of little use.
struct RowPolicyOptions: ParsableArguments {
  @Option(
    name: .customLong("empty_completions"), help: "Rows with an empty completion: keep or drop.")
  var emptyCompletions = RowPolicy.drop

  @Option(
    name: .customLong("identical_pairs"), help: "Pairs of equal completions: keep or drop.")
  var identicalPairs = RowPolicy.drop

  @Option(help: "Rows that repeat an earlier one: keep or drop.")
  var duplicates = RowPolicy.keep

  /// The choices as the loader takes them.
  var options: DatasetOptions {
    DatasetOptions(
      emptyCompletions: emptyCompletions, identicalPairs: identicalPairs, duplicates: duplicates)
  }
}

extension RowPolicy: ExpressibleByArgument {}

extension RowType {
  /// The name on the command line: `prompt_completion`.
  var name: String { rawValue.replacing(" ", with: "_").replacing("-", with: "_") }

  /// All names.
  static var names: [String] { allCases.map(\.name) }

  /// The type of this name; blanks and dashes do for underscores.
  init?(name: String) {
    let wanted = name.lowercased().replacing(" ", with: "_").replacing("-", with: "_")
    guard let type = Self.allCases.first(where: { $0.name == wanted }) else { return nil }
    self = type
  }
}
