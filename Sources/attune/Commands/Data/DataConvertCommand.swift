// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// `attune data convert`: any format to the project's own rows.
struct DataConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write data of any known format as JSON Lines of standard rows.",
    discussion: """
      With --row_type, rows become rows of that kind where they can: rankings and comparisons become \
      preferences. Columns that no row type knows are kept.

        attune data convert ultrafeedback.jsonl --row_type preference --output pairs.jsonl.gz
      """)

  @OptionGroup var data: DataFileOptions
  @OptionGroup var policies: RowPolicyOptions

  @Option(
    help: ArgumentHelp(
      "File to write, compressed where its name ends in .gz; standard output by default.",
      valueName: "file"))
  var output: String?

  func run() throws {
    let dataset = try data.load(policies.options)
    let rows = try RowOutput(output)
    for record in dataset.records { try rows.write(record.json) }
    try rows.finish()
    for line in [dataset.summary] + dataset.report.lines { Output.current.note(line) }
  }
}
