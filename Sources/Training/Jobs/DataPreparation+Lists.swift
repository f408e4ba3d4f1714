// SPDX-License-Identifier: Apache-2.0
import Feedback
import Objectives

/// Where the labels ψ of a list come from.
public enum ListLabels: String, Sendable, CaseIterable {
  /// Scores where every list has some from 0 to 1, else ranks.
  case auto
  /// (K − rank) / (K − 1): 1 for the best of K, 0 for the worst.
  case ranks
  /// The scores as they are.
  case scores

  /// ``ranks`` or ``scores``, for these rows.
  func resolved(for records: [Record]) -> ListLabels {
    guard self == .auto else { return self }
    let areScored = records.allSatisfy { record in
      guard let scores = record.body.ranking?.scores else { return false }
      return scores.allSatisfy((0...1).contains)
    }
    return areScored ? .scores : .ranks
  }
}

extension DataPreparation {
  /// Single completions for unpaired objectives.
  func unpaired(_ records: [Record]) throws -> UnpairedRows {
    var rows = UnpairedRows(maxLength: encoder.maxLength)
    var prompts = PromptNumbers()
    var weights: [Double] = []
    var ratios: [Double] = []
    try encode(records) { record in
      guard case .unpairedPreference(let prompt, let completion, let label) = record.body else {
        return Note(drop: .nothingToLearn)
      }
      let outcome = try encoder.completions([completion], of: prompt, ChatContext(record))
      if let row = outcome.row?.first {
        rows.texts.append(row)
        rows.isDesirable.append(label)
        rows.promptNumbers.append(prompts.number(of: prompt))
        weights.append(record.weight ?? 1)
        ratios.append(try densityRatio(of: record))
      }
      return Note(outcome)
    }
    rows.weights = weights.allSatisfy { $0 == 1 } ? nil : weights
    rows.densityRatios = ratios.allSatisfy { $0 == 1 } ? nil : ratios
    return rows
  }

  private func densityRatio(of record: Record) throws -> Double {
    guard let value = record.extras["density_ratio"] else { return 1 }
    guard let ratio = value.double, ratio > 0, ratio.isFinite else {
      throw error(
        in: record, "density_ratio",
        "expected a number above 0, found \(value.double.map { "\($0)" } ?? value.kind)")
    }
    return ratio
  }

  /// Lists for listwise objectives.
  ///
  /// - Parameters:
  ///   - records: ranking rows.
  ///   - objective: the loss, which says what labels it can read.
  ///   - source: ``ListLabels/ranks`` or ``ListLabels/scores``.
  /// - Returns: the lists that can be learnt from.
  /// - Throws: ``FeedbackError/field(at:field:problem:)`` for labels that are missing or out of range.
  func lists(
    _ records: [Record], for objective: any ListObjective, labels source: ListLabels
  ) throws -> ListRows {
    var rows = ListRows()
    var prompts = PromptNumbers()
    var weights: [Double] = []
    try encode(records) { record in
      guard let ranking = record.body.ranking, ranking.completions.count > 1 else {
        return Note(drop: .nothingToLearn)
      }
      let labels = try labels(ranking, in: record, for: objective, source)
      if objective.readsOrder, labels.allSatisfy({ $0 == labels[0] }) { return Note(drop: .tied) }
      let outcome = try encoder.completions(
        ranking.completions, of: ranking.prompt, ChatContext(record))
      if let candidates = outcome.row {
        rows.append(candidates, labels: labels)
        rows.promptNumbers.append(prompts.number(of: ranking.prompt))
        weights.append(record.weight ?? 1)
      }
      return Note(outcome)
    }
    rows.weights = weights.allSatisfy { $0 == 1 } ? nil : weights
    return rows
  }

  private func labels(
    _ ranking: Ranking, in record: Record, for objective: any ListObjective, _ source: ListLabels
  ) throws -> [Double] {
    guard source == .scores else { return ranking.rankLabels }
    guard let scores = ranking.scores else {
      throw error(
        in: record, "scores",
        "is missing, and list_labels scores asks for it; list_labels ranks does without")
    }
    if let range = objective.labelRange, let score = scores.first(where: { !range.contains($0) }) {
      throw error(
        in: record, "scores",
        "expected \(range.lowerBound) to \(range.upperBound), where this loss reads chances, found \(score); "
          + "scale the scores, or take list_labels ranks")
    }
    return scores
  }

  private func error(in record: Record, _ field: String, _ problem: String) -> any Error {
    guard let place = record.provenance else {
      return TrainingError.badSetting(name: "column", value: field, wanted: problem)
    }
    return FeedbackError.field(at: place, field: field, problem: problem)
  }
}

extension RecordBody {
  /// The list in the row.
  fileprivate var ranking: Ranking? {
    if case .ranking(let ranking) = self { ranking } else { nil }
  }
}

extension Ranking {
  /// (K − rank) / (K − 1), ranks counted as places: whatever numbers stand in the row, the best has 1.
  fileprivate var rankLabels: [Double] {
    let places = Ranking.ranks(ofScores: ranks.map { -Double($0) })
    return places.map { Double(ranks.count - $0) / Double(ranks.count - 1) }
  }
}
