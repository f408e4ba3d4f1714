// SPDX-License-Identifier: Apache-2.0

extension Record {
  /// The record as a row in the project's own columns: the body first, then the reserved columns,
  /// then every extra. Reading the row again gives an equal record.
  ///
  /// An extra whose name the body needs (possible after an import) is written as
  /// `original_<name>`, so that nothing is lost.
  public var json: JSONObject {
    var row = body.json
    if let weight { row["weight"] = JSONValue(number: weight) }
    if let margin { row["margin"] = JSONValue(number: margin) }
    if let annotator { row["annotator"] = .string(annotator) }
    if let source { row["source"] = .string(source) }
    if let system { row["system"] = .string(system) }
    if let tools { row["tools"] = .array(tools) }
    if let chatTemplateArguments { row["chat_template_kwargs"] = .object(chatTemplateArguments) }
    for (key, value) in extras {
      var name = key
      while row.contains(name) { name = "original_" + name }
      row[name] = value
    }
    return row
  }
}

extension RecordBody {
  /// The columns that say what the row says.
  var json: JSONObject {
    switch self {
    case .languageModelling(.plain(let text)): ["text": .string(text)]
    case .languageModelling(let conversation): ["messages": conversation.json]
    case .promptOnly(let prompt): ["prompt": prompt.json]
    case .promptCompletion(let prompt, let completion):
      ["prompt": prompt.json, "completion": completion.json]
    case .preference(let pair): pair.json
    case .unpairedPreference(let prompt, let completion, let label):
      ["prompt": prompt.json, "completion": completion.json, "label": .bool(label)]
    case .stepwise(let prompt, let steps, let labels):
      [
        "prompt": prompt.json, "completions": .array(steps.map(JSONValue.string)),
        "labels": .array(labels.map(JSONValue.bool)),
      ]
    case .ranking(let ranking): ranking.json
    case .scored(let prompt, let completion, let scores):
      scores.column(after: ["prompt": prompt.json, "completion": completion.json])
    case .safetyPreference(let pair, let marks): marks.columns(after: pair.json)
    case .comparison(let comparison):
      [
        "prompt": comparison.prompt.json,
        "completions": [comparison.first.json, comparison.second.json],
        "preference": comparison.preference.map { JSONValue(number: $0) } ?? .null,
      ]
    }
  }
}

extension PreferencePair {
  fileprivate var json: JSONObject {
    isPromptImplicit
      ? [
        "chosen": prompt.joined(with: chosen).json, "rejected": prompt.joined(with: rejected).json,
      ]
      : ["prompt": prompt.json, "chosen": chosen.json, "rejected": rejected.json]
  }
}

extension Ranking {
  fileprivate var json: JSONObject {
    var row: JSONObject = [
      "prompt": prompt.json, "completions": .array(completions.map(\.json)),
      "ranks": .array(ranks.map(JSONValue.integer)),
    ]
    if let scores { row["scores"] = .array(scores.map { JSONValue(number: $0) }) }
    return row
  }
}

extension Scores {
  fileprivate func column(after row: JSONObject) -> JSONObject {
    var row = row
    switch self {
    case .single(let score): row["score"] = JSONValue(number: score)
    case .aspects(let aspects):
      row["scores"] = .object(JSONObject(aspects.map { ($0.name, JSONValue(number: $0.value)) }))
    }
    return row
  }
}

extension SafetyMarks {
  func columns(after row: JSONObject) -> JSONObject {
    var row = row
    if let safer { row["safer"] = .string(safer.rawValue) }
    if let isChosenSafe { row["is_chosen_safe"] = .bool(isChosenSafe) }
    if let isRejectedSafe { row["is_rejected_safe"] = .bool(isRejectedSafe) }
    if let severityChosen { row["severity_chosen"] = JSONValue(number: severityChosen) }
    if let severityRejected { row["severity_rejected"] = JSONValue(number: severityRejected) }
    if let confidence { row["safety_confidence"] = JSONValue(number: confidence) }
    return row
  }
}
