// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Feedback
import Foundation

/// `attune world score`: exact scores for completions.
struct WorldScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Add the village's exact scores to rows of completions.",
    discussion: """
      Reads rows with `id` (of the item, as 'attune world write' writes it) and `completion`, and adds \
      `gold`: aspects, utility, faulty spans and what is missing. Other columns pass through. The mean \
      utility goes to standard error.

        attune world score samples.jsonl --output scored.jsonl
      """)

  @Argument(
    help: "A file of rows, or a folder of them; standard input (JSON Lines) by default.",
    completion: .file())
  var input: String?

  @Option(help: ArgumentHelp("File to write; standard output by default.", valueName: "file"))
  var output: String?

  func run() throws {
    let rows = try RowInput(input)
    let results = try RowOutput(output)
    var judge = VillageJudge()
    while let row = try rows.next() {
      guard let id = row.columns["id"]?.string else {
        throw row.wrong("id", wanted: "an item id such as 7/digest/train/0")
      }
      guard let completion = row.columns["completion"]?.string else {
        throw row.wrong("completion", wanted: "a string")
      }
      var scored = row.columns
      do throws(MillbrookError) {
        scored["gold"] = .object(try judge.score(id: id, completion).fields.json)
      } catch {
        throw FeedbackError.field(at: row.place, field: "id", problem: error.description)
      }
      try results.write(scored)
    }
    try results.finish()
    Output.current.note(judge.summary)
  }
}

/// Scores completions of whatever village their ids name, and keeps the means.
struct VillageJudge {
  private var villages: [Substring: Millbrook] = [:]
  private var utilitySum = 0.0
  private var count = 0

  /// Scores one completion.
  mutating func score(id: String, _ completion: String) throws(MillbrookError) -> TaskScore {
    let seed = id.prefix { $0 != "/" }
    guard let number = UInt64(seed) else { throw .badItemID(id, seed: 7) }
    let village = villages[seed] ?? Millbrook(seed: number)
    villages[seed] = village
    let item = try village.item(id: id)
    let score = try village.task(item.task).score(item, completion)
    utilitySum += score.utility
    count += 1
    return score
  }

  /// The mean utility in words.
  var summary: String {
    guard count > 0 else { return "no rows" }
    return "mean utility \(String(format: "%.4f", utilitySum / Double(count))) over \(count) rows"
  }
}
