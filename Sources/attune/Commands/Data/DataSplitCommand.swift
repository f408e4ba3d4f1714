// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// `attune data split`: hold rows out for testing.
struct DataSplitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Hold rows out, so that no prompt stands on both sides.",
    discussion: """
      Rows are written in the standard form; compressed where a name ends in .gz.

        attune data split pairs.jsonl --test_split_size 0.1 \\
          --train_output train.jsonl.gz --test_output test.jsonl.gz
      """)

  @OptionGroup var data: DataFileOptions
  @OptionGroup var policies: RowPolicyOptions

  @Option(
    name: .customLong("test_split_size"),
    help: ArgumentHelp("Share (0.1) or number (200) of rows to hold out.", valueName: "size"))
  var testSplitSize = "0.1"

  @Option(
    name: .customLong("train_output"),
    help: ArgumentHelp("File for the rows to train on.", valueName: "file"))
  var trainOutput: String

  @Option(
    name: .customLong("test_output"),
    help: ArgumentHelp("File for the rows held out.", valueName: "file"))
  var testOutput: String

  @Option(help: "Print the counts as one JSON object.")
  var json = false

  func validate() throws {
    _ = try size
    guard trainOutput != testOutput else {
      throw ValidationError("--train_output and --test_output name the same file '\(testOutput)'")
    }
  }

  private var size: TestSize {
    get throws {
      if let count = Int(testSplitSize) { return .count(count) }
      guard let share = Double(testSplitSize) else {
        throw ValidationError(
          "--test_split_size: expected a share such as 0.1 or a number of rows, "
            + "found \"\(testSplitSize)\"")
      }
      return .fraction(share)
    }
  }

  func run() throws {
    let dataset = try data.load(policies.options)
    let sides = try dataset.split(testSize: size, seed: data.seed)
    try JSONLinesWriter.write(sides.train.records, to: trainOutput)
    try JSONLinesWriter.write(sides.test.records, to: testOutput)
    for line in [dataset.summary] + dataset.report.lines { Output.current.note(line) }
    if json {
      Output.current.json([
        "train": .integer(sides.train.records.count), "test": .integer(sides.test.records.count),
      ])
    } else {
      Output.current.line("\(trainOutput): \(sides.train.records.count) rows")
      Output.current.line("\(testOutput): \(sides.test.records.count) rows")
    }
  }
}
