// SPDX-License-Identifier: Apache-2.0

import Feedback
import Objectives

/// The rows that each command learns from, best first: the one place that says so.
enum LearningRows {
  static let pretrain: [RowType] = [.languageModelling]
  static let sft: [RowType] = [.promptCompletion, .languageModelling, .preference]
  static let reward: [RowType] = [.preference]
  static let dpo: [RowType] = [.preference]
  static let kto: [RowType] = [.unpairedPreference]
  static let lipo: [RowType] = [.ranking]
  /// Of methods that sample their own completions.
  static let prompts: [RowType] = [.promptOnly]

  /// All ways to learn from rows, losses that read further columns among them.
  static let methods: [LearningMethod] =
    [
      LearningMethod("pretrain", accepting: pretrain), LearningMethod("sft", accepting: sft),
      LearningMethod("reward", accepting: reward), LearningMethod("dpo", accepting: dpo),
    ] + lossesWithColumns + [
      LearningMethod("kto", accepting: kto), LearningMethod("lipo", accepting: lipo),
      LearningMethod("ppo, grpo, rloo, reinforce", accepting: prompts),
    ]

  /// Losses on pairs that read further columns, those of the same columns together.
  private static var lossesWithColumns: [LearningMethod] {
    var groups: [(columns: [String], names: [String])] = []
    for entry in ObjectiveTable.entries where entry.isPairLoss && !entry.columns.isEmpty {
      if let place = groups.firstIndex(where: { $0.columns == entry.columns }) {
        groups[place].names.append(entry.name)
      } else {
        groups.append((entry.columns, [entry.name]))
      }
    }
    return groups.map { columns, names in
      LearningMethod(
        "dpo --loss_type \(names.joined(separator: "|"))", accepting: dpo, columns: columns)
    }
  }
}
