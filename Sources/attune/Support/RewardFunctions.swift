// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation

/// Reward functions named on the command line.
enum RewardFunctions {
  /// Reads `words:FILE`, `count:FILE` and `program:COMMAND`, with one weight each; with `acceptsNull` a program
  /// may leave completions without a score.
  ///
  /// - Throws: ``UsageError``, and errors of the files.
  static func parse(
    _ texts: [String], weights: [Double], acceptsNull: Bool = false
  ) throws -> [(scorer: any Scorer, weight: Double)] {
    guard weights.isEmpty || weights.count == texts.count else {
      throw UsageError(
        "--reward_weights: \(weights.count) weights for \(texts.count) reward functions; give one each"
      )
    }
    return try texts.enumerated().map { index, text in
      (try scorer(text, acceptsNull), weights.isEmpty ? 1 : weights[index])
    }
  }

  private static func scorer(_ text: String, _ acceptsNull: Bool) throws -> any Scorer {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else {
      throw UsageError(
        "--reward_funcs \(text): expected words:FILE, count:FILE or program:COMMAND")
    }
    switch parts[0] {
    case "words": return try words(parts[1], .share)
    case "count": return try words(parts[1], .count)
    case "program":
      return ProcessScorer(
        name: "program", command: parts[1].split(separator: " ").map(String.init),
        acceptsNull: acceptsNull)
    default:
      throw UsageError(
        "--reward_funcs: '\(parts[0])' is unknown; there are words:FILE, count:FILE and program:COMMAND"
      )
    }
  }

  private static func words(_ path: String, _ measure: WordListScorer.Measure) throws
    -> WordListScorer
  {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw UsageError("--reward_funcs: no word list at \(path) (one word a line)")
    }
    let name = URL(filePath: path).deletingPathExtension().lastPathComponent
    return try WordListScorer(
      name: name, words: text.split(whereSeparator: \.isWhitespace).map(String.init),
      measure: measure)
  }
}
