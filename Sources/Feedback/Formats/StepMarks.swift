// SPDX-License-Identifier: Apache-2.0

/// Foreign formats with marks for each step of a solution.
extension RowLayout {
  /// PRM800K: `question.problem` and, for each step, alternatives rated -1, 0 or 1, of which one
  /// was continued. Every alternative ends a solution of its own; only a rating of 1 is right.
  static let prm800K = RowLayout(
    format: "PRM800K", rowType: .stepwise, columns: ["question", "label"],
    isLikely: { $0["question"]?["problem"] != nil && $0["label"]?["steps"] != nil }
  ) { row throws(FieldError) in
    let question = try row.object("question")
    let prompt = RecordText.plain(try question.string("problem", in: "question"))
    let rest: JSONObject = ["question": .object(question.removing(["problem"]))]
    var path = MarkedSteps()
    var solutions: [MarkedSteps] = []
    let steps = try row.object("label").array("steps", in: "label")
    for (index, step) in steps.enumerated() {
      let field = "label.steps[\(index)]"
      let alternatives = step["completions"]?.array ?? []
      let continued = step["chosen_completion"]?.integer
      var next: MarkedSteps?
      for (number, alternative) in alternatives.enumerated() {
        let marked = try path.appending(alternative, field: "\(field).completions[\(number)]")
        if number == continued { next = marked } else { solutions.append(marked) }
      }
      if continued == nil, let human = step["human_completion"], !human.isNull {
        next = try path.appending(human, field: "\(field).human_completion", isRight: true)
      }
      guard let next else { break }
      path = next
      if index == steps.count - 1 { solutions.append(path) }
    }
    return solutions.map {
      Reading(
        body: .stepwise(prompt: prompt, steps: $0.steps, labels: $0.labels), extras: rest)
    }
  }

  /// Math-Shepherd: `input` with "ки" after each step; `label` is the same text with + or - there.
  static let mathShepherd = RowLayout(
    format: "Math-Shepherd", rowType: .stepwise, columns: ["input", "label"],
    isLikely: { $0["input"]?.string?.contains(stepMark) ?? false }
  ) { row throws(FieldError) in
    var chunks = split(try row.string("input"))
    let labelled = try row.string("label")
    if let last = chunks.last, last.allSatisfy(\.isWhitespace) { chunks.removeLast() }
    guard let start = firstStep(in: chunks.first ?? "") else {
      throw FieldError("input", "expected \"Step 1:\" after the question")
    }
    let prompt = String(trimmed(chunks[0][..<start]))
    var rest = labelled[...]
    var steps: [String] = []
    var labels: [Bool] = []
    for (index, chunk) in chunks.enumerated() {
      guard rest.hasPrefix(chunk), let mark = rest.dropFirst(chunk.count).first,
        mark == "+" || mark == "-"
      else { throw FieldError("label", "has no + or - after step \(index + 1)") }
      rest = rest.dropFirst(chunk.count + 1)
      steps.append(String(trimmed(index == 0 ? chunk[start...] : chunk)))
      labels.append(mark == "+")
    }
    return [Reading(body: .stepwise(prompt: .plain(prompt), steps: steps, labels: labels))]
  }

  private static let stepMark = "ки"

  private static func split(_ text: String) -> [Substring] {
    var chunks: [Substring] = []
    var start = text.startIndex
    var position = start
    while position < text.endIndex {
      if text[position...].hasPrefix(stepMark) {
        chunks.append(text[start..<position])
        position = text.index(position, offsetBy: stepMark.count)
        start = position
      } else {
        position = text.index(after: position)
      }
    }
    chunks.append(text[start...])
    return chunks
  }

  private static func firstStep(in text: Substring) -> Substring.Index? {
    var position = text.startIndex
    while let found = text[position...].firstIndex(of: "S") {
      if text[found...].hasPrefix("Step 1:") { return found }
      position = text.index(after: found)
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

/// Steps with their marks, growing.
private struct MarkedSteps {
  var steps: [String] = []
  var labels: [Bool] = []

  /// One step more: an object with `text` and `rating`, or plain text where `isRight` is given.
  func appending(_ step: JSONValue, field: String, isRight: Bool? = nil) throws(FieldError)
    -> MarkedSteps
  {
    guard let text = step["text"]?.string ?? step.string else {
      throw FieldError(field, "expected {\"text\", \"rating\"}, found \(step.kind)")
    }
    var longer = self
    longer.steps.append(text)
    longer.labels.append(isRight ?? (step["rating"]?.integer == 1))
    return longer
  }
}
