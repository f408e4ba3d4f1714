// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Objectives

/// `attune objectives evaluate`.
struct ObjectivesEvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compute a loss and its gradients on log-probabilities from a file, in float64.",
    discussion: """
      The file holds one JSON object. For losses on pairs: policy_chosen, policy_rejected, ref_chosen \
      and ref_rejected, each a list of rows, a row the log-probabilities of a completion's tokens in \
      nats; 'attune objectives' says what other losses need. Fields of other losses are left alone.

      Prints one JSON object: "loss" of the batch, "losses" of the rows, and "gradients" of the loss by \
      each number of the file, zero where a formula uses it without gradient. Rows count from 1 in \
      messages. Several losses are summed: sigmoid,sft --loss_weights 0.8,1.

        attune objectives evaluate sigmoid --input pairs.json --beta 0.5
      """)

  @Argument(help: "The loss, or several with commas.")
  var name: String

  @Option(
    help: ArgumentHelp("JSON file; - is standard input.", valueName: "file"),
    completion: .file())
  var input: String

  @Option(
    name: .customLong("loss_weights"),
    help: ArgumentHelp("How much each of several losses counts.", valueName: "number"))
  var weights: [Double] = []

  @OptionGroup var values: PairLossValues
  @OptionGroup var unpairedValues: UnpairedLossValues

  func run() throws {
    let names = name.split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let (loss, entries) = try lossErrors { try resolved(names) }
    let evaluation = try ObjectiveEvaluation(
      entries.map(\.name).joined(separator: ","), entries: entries, loss: loss, fields: fields())
    var gradients: JSONObject = [:]
    for (name, values) in evaluation.gradients { gradients[name] = values.json }
    Output.current.json([
      "loss_type": .string(entries.map(\.name).joined(separator: ",")),
      "loss": .number(evaluation.loss),
      "losses": .array(evaluation.losses.map { .number($0) }),
      "gradients": .object(gradients),
    ])
  }

  private func resolved(_ names: [String]) throws -> (ObjectiveEntry.Loss, [ObjectiveEntry]) {
    let settings = ObjectiveSettings(
      values.values.merging(unpairedValues.values) { first, _ in first })
    if names.count == 1, weights.isEmpty {
      let entry = try ObjectiveTable.entry(names[0])
      return (try entry.loss(settings), [entry])
    }
    let (objective, entries) = try ObjectiveTable.pairLoss(
      names, weights: weights, settings: settings)
    return (.pairs(objective), entries)
  }

  /// The fields of the file.
  private func fields() throws -> [String: NestedNumbers] {
    let place = input == "-" ? "standard input" : input
    let data: Data
    if input == "-" {
      data = FileHandle.standardInput.readDataToEndOfFile()
    } else {
      guard let read = FileManager.default.contents(atPath: input) else {
        throw FeedbackError.missingFile(place)
      }
      data = read
    }
    return try LossFields(data, place: place).numbers
  }
}
