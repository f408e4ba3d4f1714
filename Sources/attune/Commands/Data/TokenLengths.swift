// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Tokenizers

/// With which tokenizer lengths are measured.
struct TokenLengthOptions: ParsableArguments {
  @Option(
    name: .customLong("tokenizer_name_or_path"),
    help: ArgumentHelp(
      "Folder or hub name with tokenizer.json; lengths are then also given in tokens.",
      valueName: "folder|name"),
    completion: .directory)
  var tokenizerNameOrPath: String?

  @Option(
    name: .customLong("max_length"),
    help: ArgumentHelp(
      "Count rows whose prompt and longest completion take more tokens.", valueName: "tokens"))
  var maxLength: Int?

  func validate() throws {
    if maxLength != nil, tokenizerNameOrPath == nil {
      throw ValidationError(
        "--max_length: tokens are counted with a tokenizer; name one with --tokenizer_name_or_path")
    }
    if let maxLength, maxLength < 1 {
      throw ValidationError("--max_length: expected 1 or more, found \(maxLength)")
    }
  }

  /// Lengths in tokens; nil without a tokenizer.
  ///
  /// - Throws: ``TokenizerError``.
  func measure(_ records: [Record], _ hub: HubOptions) throws -> TokenLengths? {
    guard let tokenizerNameOrPath else { return nil }
    let tokenizer = try Tokenizer(folder: hub.tokenizer(tokenizerNameOrPath))
    return TokenLengths(records, tokenizer, limit: maxLength)
  }
}

/// Lengths in tokens of the plain texts, without chat template and special tokens.
struct TokenLengths {
  /// Tokens of each prompt, ascending.
  let prompts: [Int]
  /// Tokens of each completion, ascending.
  let completions: [Int]
  /// The limit for a row, and how many rows are beyond it.
  let limit: (tokens: Int, rowsBeyond: Int, first: Provenance?)?

  init(_ records: [Record], _ tokenizer: Tokenizer, limit: Int?) {
    func count(_ text: RecordText) -> Int {
      tokenizer.encode(text.text, addSpecialTokens: false).count
    }
    var prompts: [Int] = []
    var completions: [Int] = []
    var beyond: [Provenance?] = []
    for record in records {
      let prompt = record.body.prompt.map(count)
      let texts = record.body.completions.map(count)
      prompts += prompt.map { [$0] } ?? []
      completions += texts
      if let limit, (prompt ?? 0) + (texts.max() ?? 0) > limit { beyond.append(record.provenance) }
    }
    self.prompts = prompts.sorted()
    self.completions = completions.sorted()
    self.limit = limit.map { ($0, beyond.count, beyond.first ?? nil) }
  }

  /// Lines for people.
  var lines: [String] {
    var lines = [("prompt", prompts), ("completion", completions)].filter { !$0.1.isEmpty }.map {
      "\($0.0) tokens: \(LengthSummary($0.1).text)"
    }
    if let limit {
      let place = limit.first.map { ", first at \($0)" } ?? ""
      lines.append("rows beyond \(limit.tokens) tokens: \(limit.rowsBeyond)\(place)")
    }
    return lines
  }

  /// The same as an object.
  var json: JSONObject {
    var object: JSONObject = [
      "prompt_tokens": .object(LengthSummary(prompts).json),
      "completion_tokens": .object(LengthSummary(completions).json),
    ]
    if let limit {
      object["max_length"] = .integer(limit.tokens)
      object["rows_beyond_max_length"] = .integer(limit.rowsBeyond)
    }
    return object
  }
}

/// Spread of lengths.
struct LengthSummary {
  var count, minimum, median, percentile95, maximum: Int
  var mean: Double

  /// Sums up lengths that ascend.
  init(_ sorted: [Int]) {
    count = sorted.count
    minimum = sorted.first ?? 0
    maximum = sorted.last ?? 0
    mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
    median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    percentile95 = sorted.isEmpty ? 0 : sorted[(sorted.count * 95 + 99) / 100 - 1]
  }

  /// Lengths that were summed up already.
  init(_ lengths: DatasetStatistics.Lengths) {
    count = lengths.count
    minimum = lengths.minimum
    maximum = lengths.maximum
    mean = lengths.mean
    median = lengths.median
    percentile95 = lengths.percentile95
  }

  /// `mean 12.3, median 11, 95 % 20, from 3 to 31`
  var text: String {
    "mean \(String(format: "%.1f", mean)), median \(median), 95 % \(percentile95), "
      + "from \(minimum) to \(maximum)"
  }

  /// The same as an object.
  var json: JSONObject {
    [
      "count": .integer(count), "mean": .number(mean), "median": .integer(median),
      "p95": .integer(percentile95), "min": .integer(minimum), "max": .integer(maximum),
    ]
  }
}
