// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation

/// `attune data stats`: how much data there is, and how long it is.
struct DataStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count rows, prompts, ties and repetitions, and measure lengths.",
    discussion: """
      All rows are counted, also those that training would drop.

        attune data stats pairs.jsonl.gz --tokenizer_name_or_path models/base --max_length 512
      """)

  @OptionGroup var data: DataFileOptions
  @OptionGroup var lengths: TokenLengthOptions

  @Option(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let dataset = try data.load(DatasetOptions(emptyCompletions: .keep, identicalPairs: .keep))
    let statistics = dataset.statistics()
    let tokens = try lengths.measure(dataset.records, data.hub)
    if json {
      var object = statistics.json
      for (key, value) in tokens?.json ?? [:] { object[key] = value }
      return Output.current.json(object)
    }
    for line in [dataset.summary] + statistics.lines + (tokens?.lines ?? []) {
      Output.current.line(line)
    }
  }
}

extension DatasetStatistics {
  /// Lines for people; what is not there is left out.
  fileprivate var lines: [String] {
    var lines = ["records: \(recordCount), different prompts: \(promptCount)"]
    if duplicateCount > 0 { lines.append("repeated rows: \(duplicateCount)") }
    if tieCount > 0 { lines.append("ties: \(tieCount)") }
    if skippedCount > 0 { lines.append("skipped comparisons: \(skippedCount)") }
    if let positiveShare { lines.append("positive labels: \(percent(positiveShare))") }
    if let chosenLongerShare {
      lines.append("chosen is the longer one (of unequal pairs): \(percent(chosenLongerShare))")
    }
    for (name, lengths) in namedLengths where lengths.count > 0 {
      lines.append("\(name.replacing("_", with: " ")): \(LengthSummary(lengths).text)")
    }
    return lines
  }

  /// The same as an object.
  fileprivate var json: JSONObject {
    var object: JSONObject = [
      "records": .integer(recordCount), "prompts": .integer(promptCount),
      "duplicates": .integer(duplicateCount), "ties": .integer(tieCount),
      "skipped": .integer(skippedCount),
      "positive_share": positiveShare.map { .number($0) } ?? nil,
      "chosen_longer_share": chosenLongerShare.map { .number($0) } ?? nil,
    ]
    for (name, lengths) in namedLengths { object[name] = .object(LengthSummary(lengths).json) }
    return object
  }

  private var namedLengths: [(String, Lengths)] {
    [
      ("prompt_words", promptWords), ("prompt_characters", promptCharacters),
      ("completion_words", completionWords), ("completion_characters", completionCharacters),
    ]
  }

  private func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
}
