// SPDX-License-Identifier: Apache-2.0

/// Counts and lengths of a dataset.
public struct DatasetStatistics: Sendable, Hashable {
  /// Spread of a length over texts.
  public struct Lengths: Sendable, Hashable {
    /// Number of texts.
    public var count: Int
    /// Smallest length.
    public var minimum: Int
    /// Mean length.
    public var mean: Double
    /// Middle length; the upper one of two.
    public var median: Int
    /// The length that 95 % of texts do not exceed.
    public var percentile95: Int
    /// Greatest length.
    public var maximum: Int

    init(_ lengths: [Int]) {
      let sorted = lengths.sorted()
      count = sorted.count
      minimum = sorted.first ?? 0
      maximum = sorted.last ?? 0
      mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
      median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
      // Nearest rank: the smallest length with at least 95 % of texts at or below it.
      percentile95 = sorted.isEmpty ? 0 : sorted[(sorted.count * 95 + 99) / 100 - 1]
    }
  }

  /// Number of records.
  public var recordCount: Int
  /// Number of different prompts.
  public var promptCount: Int
  /// Records that say what an earlier one says.
  public var duplicateCount: Int
  /// Comparisons at 0.5.
  public var tieCount: Int
  /// Comparisons without an answer.
  public var skippedCount: Int
  /// Share of liked completions in unpaired preferences, of right steps in stepwise rows; else nil.
  public var positiveShare: Double?
  /// Among pairs of different length in words: share in which the chosen one is longer. Far from one
  /// half, a reward model can learn length in place of quality.
  public var chosenLongerShare: Double?
  /// Words of prompts.
  public var promptWords: Lengths
  /// Unicode scalars of prompts.
  public var promptCharacters: Lengths
  /// Words of completions; of both sides of a pair.
  public var completionWords: Lengths
  /// Unicode scalars of completions.
  public var completionCharacters: Lengths
}

extension Dataset {
  /// Counts and lengths over all records.
  public func statistics() -> DatasetStatistics {
    var prompts: Set<RecordText> = []
    var rows: Set<RowIdentity> = []
    var labels: [Bool] = []
    var tally = (duplicates: 0, ties: 0, skipped: 0, longer: 0, shorter: 0)
    var words = (prompt: [Int](), completion: [Int]())
    var characters = (prompt: [Int](), completion: [Int]())
    for record in records {
      if !rows.insert(RowIdentity(record)).inserted { tally.duplicates += 1 }
      if let prompt = record.body.prompt {
        prompts.insert(prompt)
        words.prompt.append(prompt.wordCount)
        characters.prompt.append(prompt.scalarCount)
      }
      let counts = record.body.completions.map(\.wordCount)
      words.completion += counts
      characters.completion += record.body.completions.map(\.scalarCount)
      switch record.body {
      case .comparison(let comparison):
        if comparison.preference == nil { tally.skipped += 1 }
        if comparison.preference == 0.5 { tally.ties += 1 }
      case .preference, .safetyPreference:
        if counts[0] > counts[1] { tally.longer += 1 }
        if counts[0] < counts[1] { tally.shorter += 1 }
      case .unpairedPreference(_, _, let label): labels.append(label)
      case .stepwise(_, _, let marks): labels += marks
      default: break
      }
    }
    let unequal = tally.longer + tally.shorter
    return DatasetStatistics(
      recordCount: records.count, promptCount: prompts.count, duplicateCount: tally.duplicates,
      tieCount: tally.ties, skippedCount: tally.skipped,
      positiveShare: labels.isEmpty ? nil : Double(labels.count { $0 }) / Double(labels.count),
      chosenLongerShare: unequal == 0 ? nil : Double(tally.longer) / Double(unequal),
      promptWords: .init(words.prompt), promptCharacters: .init(characters.prompt),
      completionWords: .init(words.completion), completionCharacters: .init(characters.completion))
  }
}
