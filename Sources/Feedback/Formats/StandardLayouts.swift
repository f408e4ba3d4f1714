// SPDX-License-Identifier: Apache-2.0

/// The project's own rows; see ``RowType``.
extension RowLayout {
  static let text = RowLayout(format: nil, rowType: .languageModelling, columns: ["text"]) {
    row throws(FieldError) in
    [Reading(body: .languageModelling(.plain(try row.string("text"))))]
  }

  static let messages = RowLayout(format: nil, rowType: .languageModelling, columns: ["messages"]) {
    row throws(FieldError) in
    let messages = try row.array("messages").messages(field: "messages")
    return [Reading(body: .languageModelling(.messages(messages)))]
  }

  static let promptOnly = RowLayout(format: nil, rowType: .promptOnly, columns: ["prompt"]) {
    row throws(FieldError) in
    [Reading(body: .promptOnly(try row.text("prompt")))]
  }

  static let promptCompletion = RowLayout(
    format: nil, rowType: .promptCompletion, columns: ["prompt", "completion"]
  ) { row throws(FieldError) in
    let (prompt, completion) = try row.promptAndCompletion()
    return [Reading(body: .promptCompletion(prompt: prompt, completion: completion))]
  }

  static let preference = RowLayout(
    format: nil, rowType: .preference, columns: ["prompt", "chosen", "rejected"]
  ) { row throws(FieldError) in
    [Reading(body: .preference(try row.explicitPair()))]
  }

  static let implicitPreference = RowLayout(
    format: nil, rowType: .preference, columns: ["chosen", "rejected"],
    // A column that may be the prompt under another name must be named, not passed over.
    isLikely: { row in
      !row.contains("prompt")
        && !(ColumnSuggestion.synonyms["prompt"] ?? []).contains(where: row.contains)
    }
  ) { row throws(FieldError) in
    let chosen = try row.text("chosen")
    let rejected = try row.text("rejected")
    return [Reading(body: .preference(try PreferencePair.implicit(chosen, rejected)))]
  }

  static let unpairedPreference = RowLayout(
    format: nil, rowType: .unpairedPreference, columns: ["prompt", "completion", "label"]
  ) { row throws(FieldError) in
    let (prompt, completion) = try row.promptAndCompletion()
    let label = try row.bool("label")
    return [
      Reading(body: .unpairedPreference(prompt: prompt, completion: completion, label: label))
    ]
  }

  static let stepwise = RowLayout(
    format: nil, rowType: .stepwise, columns: ["prompt", "completions", "labels"]
  ) { row throws(FieldError) in
    let steps = try row.array("completions").strings(field: "completions")
    var labels: [Bool] = []
    for (index, value) in try row.array("labels").enumerated() {
      guard let label = value.truth else {
        throw FieldError("labels[\(index)]", "expected true or false, found \(value.kind)")
      }
      labels.append(label)
    }
    try requireSameCount("labels", labels.count, as: "completions", steps.count)
    return [Reading(body: .stepwise(prompt: try row.text("prompt"), steps: steps, labels: labels))]
  }

  static let scored = RowLayout(
    format: nil, rowType: .scored, columns: ["prompt", "completion", "score"]
  ) { row throws(FieldError) in
    let (prompt, completion) = try row.promptAndCompletion()
    let score = Scores.single(try row.double("score"))
    return [Reading(body: .scored(prompt: prompt, completion: completion, scores: score))]
  }

  static let scoredAspects = RowLayout(
    format: nil, rowType: .scored, columns: ["prompt", "completion", "scores"]
  ) { row throws(FieldError) in
    let (prompt, completion) = try row.promptAndCompletion()
    let scores = Scores.aspects(try row.object("scores").aspects(field: "scores"))
    return [Reading(body: .scored(prompt: prompt, completion: completion, scores: scores))]
  }

  static let safetyPreference = RowLayout(
    format: nil, rowType: .safetyPreference, columns: ["prompt", "chosen", "rejected"],
    optional: [
      "safer", "is_chosen_safe", "is_rejected_safe", "severity_chosen", "severity_rejected",
      "safety_confidence",
    ],
    isLikely: {
      $0.contains("safer") || ($0.contains("is_chosen_safe") && $0.contains("is_rejected_safe"))
    }
  ) { row throws(FieldError) in
    var marks = SafetyMarks()
    if let name = try row.optionalString("safer") {
      guard let side = SafetyMarks.Side(rawValue: name) else {
        throw FieldError("safer", "expected \"chosen\" or \"rejected\", found \"\(name)\"")
      }
      marks.safer = side
    }
    marks.isChosenSafe = try row.optionalBool("is_chosen_safe")
    marks.isRejectedSafe = try row.optionalBool("is_rejected_safe")
    marks.severityChosen = try row.optionalDouble("severity_chosen")
    marks.severityRejected = try row.optionalDouble("severity_rejected")
    marks.confidence = try row.optionalDouble("safety_confidence")
    return [Reading(body: .safetyPreference(try row.explicitPair(), marks))]
  }

  static func requireSameCount(_ field: String, _ count: Int, as other: String, _ wanted: Int)
    throws(FieldError)
  {
    guard count == wanted else {
      throw FieldError(field, "\(count) values for \(wanted) \(other); there must be as many")
    }
  }
}

extension JSONObject {
  func promptAndCompletion() throws(FieldError) -> (RecordText, RecordText) {
    let (prompt, completions) = RecordText.aligned(
      prompt: try text("prompt"), completions: [try text("completion")])
    return (prompt, completions[0])
  }

  func explicitPair() throws(FieldError) -> PreferencePair {
    let (prompt, sides) = RecordText.aligned(
      prompt: try text("prompt"), completions: [try text("chosen"), try text("rejected")])
    return PreferencePair(prompt: prompt, chosen: sides[0], rejected: sides[1])
  }
}

extension PreferencePair {
  /// Splits two whole texts at the end of their longest common beginning: by messages for
  /// conversations, by Unicode scalars for plain text.
  ///
  /// A space before the first difference stays with the completions, where tokenizers want it.
  static func implicit(_ chosen: RecordText, _ rejected: RecordText) throws(FieldError)
    -> PreferencePair
  {
    switch (chosen, rejected) {
    case (.plain(let first), .plain(let second)):
      let length = commonPrefix(first.unicodeScalars, second.unicodeScalars)
      return PreferencePair(
        prompt: .plain(String(first.unicodeScalars.prefix(length))),
        chosen: .plain(String(first.unicodeScalars.dropFirst(length))),
        rejected: .plain(String(second.unicodeScalars.dropFirst(length))), isPromptImplicit: true)
    case (.messages(let first), .messages(let second)):
      var length = zip(first, second).prefix { $0 == $1 }.count
      // Equal conversations, or one that continues the other: the last turn is the completion.
      if length == min(first.count, second.count) { length = max(0, length - 1) }
      return PreferencePair(
        prompt: .messages(Array(first[..<length])), chosen: .messages(Array(first[length...])),
        rejected: .messages(Array(second[length...])), isPromptImplicit: true)
    default:
      throw FieldError("rejected", "must be of the same kind as chosen: both text or both messages")
    }
  }

  private static func commonPrefix(
    _ first: String.UnicodeScalarView, _ second: String.UnicodeScalarView
  ) -> Int {
    var length = 0
    var last: Unicode.Scalar?
    var left = first.makeIterator()
    var right = second.makeIterator()
    while let a = left.next(), let b = right.next() {
      guard a == b else { return last == " " ? length - 1 : length }
      length += 1
      last = a
    }
    return length
  }
}
