// SPDX-License-Identifier: Apache-2.0

import Environments
import Feedback
import Foundation

/// A prompt that is compared or tested, with what may be known about it.
struct QuickstartPrompt {
  var id: String
  var text: RecordText
  var reference: String?
}

/// What the pipeline learns from and is tested on: the village's digests, or somebody's own comparisons.
struct QuickstartData {
  /// What supervised fine-tuning learns from.
  var demonstrations: [Record]
  /// Prompts whose sampled completions are compared; empty where comparisons were given.
  var comparisonPrompts: [QuickstartPrompt]
  /// Comparisons that were given.
  var comparisons: [Record]
  /// Prompts for reinforcement learning.
  var prompts: [Record]
  /// Held-out prompts.
  var tests: [QuickstartPrompt]
  /// The true utility of a completion of a prompt, by its id; nil where nobody knows it.
  var gold: ((_ id: String, _ completion: String) -> Double)?
  /// One line for the report.
  var description: String
}

extension QuickstartData {
  /// The task `digest` of the village.
  static func village(_ plan: QuickstartPlan) throws -> QuickstartData {
    let village = Millbrook(seed: plan.worldSeed)
    let task = try village.task("digest")
    var next = plan.itemOffset
    func items(_ split: Split, _ count: Int) -> [TaskItem] {
      defer { next += count }
      return (next..<next + count).map { task.item(split, $0) }
    }
    func prompt(_ item: TaskItem) -> QuickstartPrompt {
      QuickstartPrompt(id: item.id, text: .plain(item.prompt), reference: item.reference)
    }
    let demonstrations = try items(.train, plan.demonstrationCount).map { item in
      Record(
        .promptCompletion(
          prompt: .plain(item.prompt),
          completion: .plain(try task.demonstration(item).completion)))
    }
    let comparisonPrompts = items(.train, plan.comparisonPromptCount).map(prompt)
    let prompts = items(.train, plan.promptCount).map { Record(.promptOnly(.plain($0.prompt))) }
    let tests = (plan.itemOffset..<plan.itemOffset + plan.testCount).map { task.item(.test, $0) }
    return QuickstartData(
      demonstrations: demonstrations, comparisonPrompts: comparisonPrompts, comparisons: [],
      prompts: prompts, tests: tests.map(prompt),
      gold: { id, completion in
        // Ids come from this village, so the item is always found.
        guard let item = try? village.item(id: id) else { return .nan }
        return task.score(item, completion).utility
      },
      description: "task digest of the synthetic village Millbrook, seed \(plan.worldSeed)")
  }

  /// Somebody's own comparisons: the chosen sides are demonstrations, a tenth of the prompts is held out.
  static func own(_ records: [Record], path: String, plan: QuickstartPlan) throws -> QuickstartData
  {
    let parts = try Dataset(records).split(testSize: .fraction(plan.heldOutShare), seed: plan.seed)
    var tests: [QuickstartPrompt] = []
    for (index, record) in parts.test.records.prefix(plan.testCount).enumerated() {
      guard case .preference(let pair) = record.body else { continue }
      tests.append(
        QuickstartPrompt(id: "test/\(index)", text: pair.prompt, reference: pair.chosen.text))
    }
    return QuickstartData(
      demonstrations: parts.train.records, comparisonPrompts: [], comparisons: records,
      prompts: parts.train.records, tests: tests, gold: nil,
      description: "\(records.count) comparisons of \(path)")
  }
}
