// SPDX-License-Identifier: Apache-2.0

/// Rows with several completions: rankings and stored comparisons.
extension RowLayout {
  static let rankingByRanks = RowLayout(
    format: nil, rowType: .ranking, columns: ["prompt", "completions", "ranks"],
    optional: ["scores"]
  ) { row throws(FieldError) in
    let (prompt, completions) = try row.promptAndCompletions()
    var ranks: [Int] = []
    for (index, value) in try row.array("ranks").enumerated() {
      guard let rank = value.integer, rank >= 1 else {
        throw FieldError("ranks[\(index)]", "expected 1 (best), 2, ..., found \(value.kind)")
      }
      ranks.append(rank)
    }
    try requireSameCount("ranks", ranks.count, as: "completions", completions.count)
    let scores = try row.optionalArray("scores")?.doubles(field: "scores")
    if let scores {
      try requireSameCount("scores", scores.count, as: "completions", completions.count)
    }
    let ranking = Ranking(prompt: prompt, completions: completions, ranks: ranks, scores: scores)
    return [Reading(body: .ranking(ranking))]
  }

  static let rankingByScores = RowLayout(
    format: nil, rowType: .ranking, columns: ["prompt", "completions", "scores"]
  ) { row throws(FieldError) in
    let (prompt, completions) = try row.promptAndCompletions()
    let scores = try row.array("scores").doubles(field: "scores")
    try requireSameCount("scores", scores.count, as: "completions", completions.count)
    let ranks = Ranking.ranks(ofScores: scores)
    let ranking = Ranking(prompt: prompt, completions: completions, ranks: ranks, scores: scores)
    return [Reading(body: .ranking(ranking))]
  }

  static let comparison = RowLayout(
    format: nil, rowType: .comparison, columns: ["prompt", "completions", "preference"]
  ) { row throws(FieldError) in
    let preference = try row.optionalDouble("preference")
    if let preference, !(0...1).contains(preference) {
      throw FieldError(
        "preference",
        "expected the probability from 0 to 1 that the first completion is better, "
          + "found \(preference)")
    }
    return [Reading(body: .comparison(try row.comparison(preference)))]
  }

  /// Judgements in words, as in `"a-is-slightly-better"`; `strength` 1 or 2 keeps the grade.
  static let gradedComparison = RowLayout(
    format: "graded comparison", rowType: .comparison,
    columns: ["prompt", "completions", "preference"],
    isLikely: { $0["preference"]?.string != nil }
  ) { row throws(FieldError) in
    let word = try row.string("preference")
    guard let (preference, strength) = grades[word] else {
      throw FieldError(
        "preference", "expected one of \(grades.keys.sorted().listed), found \"\(word)\"")
    }
    let extras: JSONObject = strength.map { ["strength": .integer($0)] } ?? [:]
    return [Reading(body: .comparison(try row.comparison(preference)), extras: extras)]
  }

  private static let grades: [String: (preference: Double, strength: Int?)] = [
    "a-is-better": (1, 2), "a-is-slightly-better": (1, 1), "tie": (0.5, nil),
    "b-is-slightly-better": (0, 1), "b-is-better": (0, 2),
    "a": (1, nil), "b": (0, nil), "first": (1, nil), "second": (0, nil),
  ]
}

extension JSONObject {
  fileprivate func promptAndCompletions() throws(FieldError) -> (RecordText, [RecordText]) {
    let completions = try array("completions").texts(field: "completions")
    guard completions.count >= 2 else {
      throw FieldError("completions", "expected at least 2, found \(completions.count)")
    }
    return RecordText.aligned(prompt: try text("prompt"), completions: completions)
  }

  fileprivate func comparison(_ preference: Double?) throws(FieldError) -> Comparison {
    let (prompt, completions) = try promptAndCompletions()
    guard completions.count == 2 else {
      throw FieldError("completions", "a comparison has 2, found \(completions.count)")
    }
    return Comparison(
      prompt: prompt, first: completions[0], second: completions[1], preference: preference)
  }
}
