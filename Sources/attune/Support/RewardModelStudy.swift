// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import LanguageModels
import Torch
import Training

/// Reward models measured on comparisons.
struct RewardModelStudy {
  let models: [NamedModel]
  let elementType: ElementType?
  let device: Device
  let batchSize: Int

  /// Accuracy, margins and calibration of each model.
  ///
  /// - Throws: errors of the folders, and ``EvaluationError`` where nothing can be measured.
  func results(on records: [Record]) throws -> EvaluationResults {
    var rows: [[ResultTable.Cell]] = []
    var json: [JSONValue] = []
    for named in models {
      let pairs = try scoredPairs(named, records)
      let accuracy = try RewardModelAccuracy()(pairs)
      let (predictions, outcomes) = CalibrationError.confidences(ofMargins: pairs.map(\.margin))
      let calibration = try CalibrationError()(predictions: predictions, outcomes: outcomes)
      rows.append(row(named.name, accuracy, calibration))
      json.append(.object(object(named, accuracy, calibration)))
    }
    let slices = RewardModelAccuracy.LengthSlice.allCases.map {
      ResultTable.Column($0.rawValue, best: .highest, format: .percent(1))
    }
    let table = ResultTable(
      title: "Reward models on \(records.count) comparisons",
      columns: [
        ResultTable.Column("model"),
        ResultTable.Column("accuracy", best: .highest, format: .percent(1)),
      ] + slices + [
        ResultTable.Column("margin"), ResultTable.Column("sd"),
        ResultTable.Column("ECE", best: .lowest), ResultTable.Column("ties"),
      ],
      rows: rows,
      caption: "A tie counts half; 95 % intervals by Wilson; * best, ~ not separable from it.")
    return EvaluationResults(
      tables: [table],
      json: [
        "kind": "reward models", "version": .string(Attune.version),
        "pairs": .integer(records.count), "models": .array(json),
      ])
  }

  private func scoredPairs(_ named: NamedModel, _ records: [Record]) throws -> [ScoredPair] {
    let files = try ModelFolder(named.folder)
    let model = try files.scalarHeadModel(elementType: elementType, device: device)
    let encoder = TextEncoder(try files.tokenizer(), maxLength: .max)
    var texts: [TokenRow] = []
    var pairs: [ScoredPair] = []
    for record in records {
      guard case .preference(let pair) = record.body,
        let chosen = try encoder.scored(pair.prompt, pair.chosen, ChatContext(record)).row,
        let rejected = try encoder.scored(pair.prompt, pair.rejected, ChatContext(record)).row
      else { continue }
      texts += [chosen, rejected]
      pairs.append(
        ScoredPair(
          chosen: 0, rejected: 0, chosenLength: pair.chosen.wordCount,
          rejectedLength: pair.rejected.wordCount, subset: record.extras["subset"]?.string))
    }
    let scores = rewardScores(model, texts, batchSize: batchSize, padTokenID: 0)
    for index in pairs.indices {
      pairs[index].chosen = scores[2 * index]
      pairs[index].rejected = scores[2 * index + 1]
    }
    return pairs
  }

  private func row(
    _ name: String, _ accuracy: RewardModelAccuracy.Result, _ calibration: CalibrationError.Result
  ) -> [ResultTable.Cell] {
    let slices = RewardModelAccuracy.LengthSlice.allCases.map { slice -> ResultTable.Cell in
      accuracy.byLength[slice].map { .estimate($0) } ?? .missing
    }
    return [.text(name), .estimate(accuracy.overall)] + slices + [
      .number(accuracy.marginMean), .number(accuracy.marginDeviation),
      .number(calibration.expected.value), .count(accuracy.tieCount),
    ]
  }

  private func object(
    _ named: NamedModel, _ accuracy: RewardModelAccuracy.Result,
    _ calibration: CalibrationError.Result
  ) -> JSONObject {
    let slices = accuracy.byLength.sorted { $0.key.rawValue < $1.key.rawValue }
    let subsets = accuracy.bySubset.sorted { $0.key < $1.key }
    return [
      "model": .string(named.name), "folder": .string(named.folder.path),
      "accuracy": .object(accuracy.overall.json), "ties": .integer(accuracy.tieCount),
      "by_length": .object(
        JSONObject(
          slices.map { ($0.key.rawValue.replacing(" ", with: "_"), .object($0.value.json)) })),
      "by_subset": .object(JSONObject(subsets.map { ($0.key, .object($0.value.json)) })),
      "margin_mean": JSONValue(finite: accuracy.marginMean),
      "margin_sd": JSONValue(finite: accuracy.marginDeviation),
      "calibration_error": .object(calibration.expected.json),
      "maximum_calibration_error": JSONValue(finite: calibration.maximum),
    ]
  }
}
