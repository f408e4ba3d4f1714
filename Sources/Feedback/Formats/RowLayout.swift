// SPDX-License-Identifier: Apache-2.0

/// One way to write a row: which columns it needs and how they are read.
///
/// Standard rows and foreign formats are layouts alike; ``all`` lists them, the more particular
/// first, so that the first one that fits is the right one.
struct RowLayout: Sendable {
  /// What reading one row gives; some formats hold several records in a row.
  struct Reading {
    var body: RecordBody
    /// Fields inside the used columns that the body has no place for.
    var extras = JSONObject()
    var tools: [JSONValue]?
  }

  /// Name of a foreign format, nil for the project's own rows.
  let format: String?
  let rowType: RowType
  /// Columns that must be there.
  let columns: [String]
  /// Columns that are used when they are there.
  var optional: [String] = []
  /// How lists of this layout become pairs where nobody asked for something else.
  var pairs: PairExpansion = .all
  /// Tells layouts with the same columns apart by the values of a row.
  var isLikely: @Sendable (JSONObject) -> Bool = { _ in true }
  let read: @Sendable (JSONObject) throws(FieldError) -> [Reading]

  /// Whether `row` has the columns, and values that point to this layout.
  func matches(_ row: JSONObject) -> Bool {
    columns.allSatisfy(row.contains) && isLikely(row)
  }

  /// `preference {prompt, chosen, rejected}` or `Alpaca {instruction, output}`
  var shown: String { "\(format ?? rowType.rawValue) {\(columns.listed)}" }

  static let all: [RowLayout] = [
    stepwise, ultraFeedback, rankingByRanks, rankingByScores, gradedComparison, comparison,
    safetyPreference, alpacaPreference, shareGPTPreference, preference,
    safeRLHF, safeRLHFFromOne, openAIPreference, summaryComparison, hhTranscript,
    implicitPreference, shareGPTBinary, messagesBinary, helpSteer, unpairedPreference,
    scoredAspects,
    scored, promptCompletion, alpaca, prm800K, mathShepherd, messages, shareGPT,
    shareGPTSingular, text, promptOnly,
  ]
}
