// SPDX-License-Identifier: Apache-2.0

import Environments
import Feedback

/// The village's texts as rows.
struct WorldRows {
  let village: Millbrook
  let task: any TextTask
  let split: Split

  /// One row of a kind that needs no annotator.
  func row(_ kind: WorldKind, _ index: Int) throws -> JSONObject {
    switch kind {
    case .prompts:
      let item = task.item(split, index)
      return ["id": .string(item.id), "prompt": .string(item.prompt)]
    case .references:
      let item = task.item(split, index)
      return completed(item, item.reference)
    case .demonstrations:
      let item = task.item(split, index)
      let demonstration = try task.demonstration(item)
      var row = completed(item, demonstration.completion)
      row["writer"] = .string(demonstration.writer)
      row["faults"] = .array(demonstration.faults.map { .string($0) })
      return row
    case .documents:
      let document = Documents(of: task).document(index)
      return [
        "id": .string(document.item.id), "text": .string(document.text),
        "faults": .array(document.faults.map { .string($0) }),
      ]
    case .book:
      let sentence = village.book.sentence(split, index)
      return [
        "text": .string(sentence.text),
        "fact": [
          "subject": .string(sentence.fact.subject), "relation": .string(sentence.fact.relation),
          "object": .string(sentence.fact.object),
        ],
      ]
    case .comparisons, .rankings:
      preconditionFailure("rows of \(kind) are made by Study")
    }
  }

  /// Different completions of one item, with 0 to 3 faults each.
  ///
  /// - Returns: `count` candidates, or fewer where the task finds no more to write.
  func candidates(_ item: TaskItem, count: Int) throws -> [Candidate] {
    var random = SplitMix64(text: "\(item.id)/candidates")
    var texts: [String] = []
    for _ in 0..<8 * count where texts.count < count {
      var text = task.draft(item, using: &random)
      for _ in 0..<random.int(below: 4) {
        let fault = task.degraders[random.int(below: task.degraders.count)].name
        text = try task.degrade(item, text, kind: fault, using: &random)?.text ?? text
      }
      // A fault that drops a fact can leave nothing, which nobody would hand in.
      if text.contains(where: \.isLetter), !texts.contains(text) { texts.append(text) }
    }
    return texts.map { text in
      let score = task.score(item, text)
      return Candidate(
        .plain(text), utility: score.utility,
        aspects: score.aspects.map { AspectScore($0.name, $0.value) })
    }
  }

  private func completed(_ item: TaskItem, _ completion: String) -> JSONObject {
    [
      "id": .string(item.id), "prompt": .string(item.prompt), "completion": .string(completion),
    ]
  }
}

/// Items judged by a simulated annotator.
struct Study {
  let rows: WorldRows
  let annotator: SimulatedAnnotator
  let selection: PairSelection
  let candidateCount: Int
  let includesTruth: Bool

  /// One comparison an item.
  func comparisons(_ indices: Range<Int>) throws -> [JSONObject] {
    let pairs = try indices.map { index in
      let item = rows.task.item(rows.split, index)
      let candidates = try candidates(item)
      var random = AnnotatorRandom(path: "\(item.id)/pair")
      let choice = selection.pair(from: candidates, using: &random)
      return CandidatePair(
        prompt: .plain(item.prompt), first: candidates[choice.first],
        second: candidates[choice.second], extras: ["id": .string(item.id)])
    }
    return annotator.compare(pairs).map(row)
  }

  /// One ranking an item.
  func rankings(_ indices: Range<Int>) throws -> [JSONObject] {
    try indices.enumerated().map { position, index in
      let item = rows.task.item(rows.split, index)
      var annotation = annotator.rank(
        prompt: .plain(item.prompt), try candidates(item), index: position)
      annotation.record.extras["id"] = .string(item.id)
      return row(of: annotation)
    }
  }

  private func candidates(_ item: TaskItem) throws -> [Candidate] {
    let candidates = try rows.candidates(item, count: candidateCount)
    guard candidates.count >= 2 else {
      throw FeedbackError.option(
        name: "--task", problem: "item \(item.id) has only one completion, nothing to compare")
    }
    return candidates
  }

  private func row(of annotation: Annotation) -> JSONObject {
    var row = annotation.record.json
    guard includesTruth else { return row }
    let truth = annotation.truth
    row["truth"] = [
      "utilities": .array(truth.utilities.map { .number($0) }),
      "group": .string(truth.group), "flipped": .bool(truth.isFlipped),
      "skipped": .bool(truth.isSkipped),
      "preference": truth.preference.map { .number($0) } ?? nil,
    ]
    return row
  }
}
