// SPDX-License-Identifier: Apache-2.0

/// One file or folder of a mixture.
public struct DatasetSource: Sendable, Hashable {
  /// A file, or a folder of shards; see ``RowReader``.
  public var path: String
  /// Those of the path's files that are read, in order, as ``SplitFiles`` names them; nil reads all.
  public var files: [String]?
  /// Names of the file's columns in terms of ours.
  public var columns: ColumnMapping
  /// Random share of the rows to use, above 0 and at most 1.
  public var fraction: Double
  /// Share in the mixture relative to the other sources, above 0; nil: all rows. Either every source
  /// has a weight or none.
  public var weight: Double?
  /// At most this many rows, the first ones (of those that `fraction` left); nil: no limit.
  public var maxSamples: Int?

  /// A source; only the path is needed.
  public init(
    _ path: String, columns: ColumnMapping = ColumnMapping(), fraction: Double = 1,
    weight: Double? = nil, maxSamples: Int? = nil
  ) {
    self.path = path
    self.columns = columns
    self.fraction = fraction
    self.weight = weight
    self.maxSamples = maxSamples
  }

  func validate() throws(FeedbackError) {
    guard fraction > 0, fraction <= 1 else {
      throw .option(
        name: "fraction", problem: "above 0 and at most 1 for \(path), found \(fraction)")
    }
    if let weight, !(weight > 0 && weight.isFinite) {
      throw .option(name: "weight", problem: "above 0 for \(path), found \(weight)")
    }
    if let maxSamples, maxSamples < 1 {
      throw .option(name: "max_samples", problem: "at least 1 for \(path), found \(maxSamples)")
    }
  }
}

/// What to do with rows that are of little use. Whatever is chosen, they are counted and reported.
public enum RowPolicy: String, Sendable, Hashable, CaseIterable {
  /// Leave them in.
  case keep
  /// Leave them out.
  case drop
}

/// Choices for loading that are the same for all sources.
public struct DatasetOptions: Sendable, Hashable {
  /// Rows in which a completion (or a text to imitate, or a prompt alone) has no words.
  public var emptyCompletions: RowPolicy
  /// Pairs whose chosen and rejected completion are the same.
  public var identicalPairs: RowPolicy
  /// Rows that say the same as an earlier one: same texts, labels, annotator and system prompt.
  public var duplicates: RowPolicy
  /// How lists become pairs; nil: as the format suggests (all pairs, for UltraFeedback the best
  /// against a random other).
  public var pairs: PairExpansion?

  /// Empty and identical rows are dropped, duplicates are kept.
  public init(
    emptyCompletions: RowPolicy = .drop, identicalPairs: RowPolicy = .drop,
    duplicates: RowPolicy = .keep, pairs: PairExpansion? = nil
  ) {
    self.emptyCompletions = emptyCompletions
    self.identicalPairs = identicalPairs
    self.duplicates = duplicates
    self.pairs = pairs
  }
}
