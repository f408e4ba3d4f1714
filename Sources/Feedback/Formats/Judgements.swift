// SPDX-License-Identifier: Apache-2.0

/// Foreign formats that need no more than their columns put in place.
extension RowLayout {
  /// Comparisons of summaries: `info.post` (or `info.article`), two `summaries`, `choice` 0 or 1.
  static let summaryComparison = RowLayout(
    format: "summary comparison", rowType: .preference, columns: ["info", "summaries", "choice"]
  ) { row throws(FieldError) in
    let info = try row.object("info")
    let source = info.contains("post") ? "post" : "article"
    let prompt = try info.string(source, in: "info")
    var texts: [String] = []
    var details: [JSONValue] = []
    for (index, summary) in try row.array("summaries").enumerated() {
      let field = "summaries[\(index)]"
      guard let object = summary.object else {
        throw FieldError(field, "expected {\"text\"}, found \(summary.kind)")
      }
      texts.append(try object.string("text", in: field))
      details.append(.object(object.removing(["text"])))
    }
    guard texts.count == 2 else {
      throw FieldError("summaries", "expected 2, found \(texts.count)")
    }
    let choice = try row.side("choice")
    let pair = PreferencePair(
      prompt: .plain(prompt), chosen: .plain(texts[choice]), rejected: .plain(texts[1 - choice]))
    var extras: JSONObject = ["info": .object(info.removing([source]))]
    extras["chosen_details"] = details[choice]
    extras["rejected_details"] = details[1 - choice]
    return [Reading(body: .preference(pair), extras: extras)]
  }

  /// UltraFeedback: `completions` of objects with `response` and `overall_score`; a ranking of
  /// which pairs take the best against a random other.
  static let ultraFeedback = RowLayout(
    format: "UltraFeedback", rowType: .ranking, columns: ["instruction", "completions"],
    pairs: .bestAgainstRandom,
    isLikely: { $0["completions"]?.array?.first?["response"] != nil }
  ) { row throws(FieldError) in
    var texts: [RecordText] = []
    var scores: [Double] = []
    var details: [JSONValue] = []
    for (index, completion) in try row.array("completions").enumerated() {
      let field = "completions[\(index)]"
      guard let object = completion.object else {
        throw FieldError(
          field, "expected {\"response\", \"overall_score\"}, found \(completion.kind)")
      }
      texts.append(.plain(try object.string("response", in: field)))
      scores.append(try object.double("overall_score", in: field))
      details.append(.object(object.removing(["response", "overall_score"])))
    }
    guard texts.count >= 2 else {
      throw FieldError("completions", "expected at least 2, found \(texts.count)")
    }
    let ranking = Ranking(
      prompt: .plain(try row.string("instruction")), completions: texts,
      ranks: Ranking.ranks(ofScores: scores), scores: scores)
    return [
      Reading(body: .ranking(ranking), extras: ["completion_details": .array(details)])
    ]
  }

  /// SafeRLHF: two responses counted from 0, the better and the safer by number.
  static let safeRLHF = safeRLHF(from: 0, better: "better_response_id")
  /// The multimodal edition counts from 1 and says "more helpful".
  static let safeRLHFFromOne = safeRLHF(from: 1, better: "more_helpful_response_id")

  private static func safeRLHF(from base: Int, better: String) -> RowLayout {
    let first = "\(base)"
    let second = "\(base + 1)"
    let responses = ["response_\(first)", "response_\(second)"]
    let safe = ["is_response_\(first)_safe", "is_response_\(second)_safe"]
    let severity = [
      "response_\(first)_severity_level", "response_\(second)_severity_level",
    ]
    return RowLayout(
      format: "SafeRLHF", rowType: .safetyPreference,
      columns: ["prompt"] + responses + [better],
      optional: ["safer_response_id"] + safe + severity
    ) { row throws(FieldError) in
      let chosen = try row.side(better, from: base)
      let (prompt, texts) = RecordText.aligned(
        prompt: try row.text("prompt"),
        completions: [try row.text(responses[0]), try row.text(responses[1])])
      let pair = PreferencePair(
        prompt: prompt, chosen: texts[chosen], rejected: texts[1 - chosen])
      var marks = SafetyMarks()
      if row.contains("safer_response_id") {
        let safer = try row.side("safer_response_id", from: base)
        marks.safer = safer == chosen ? .chosen : .rejected
      }
      marks.isChosenSafe = try row.optionalBool(safe[chosen])
      marks.isRejectedSafe = try row.optionalBool(safe[1 - chosen])
      marks.severityChosen = try row.optionalDouble(severity[chosen])
      marks.severityRejected = try row.optionalDouble(severity[1 - chosen])
      return [Reading(body: .safetyPreference(pair, marks))]
    }
  }

  /// OpenAI's preference files: `input.messages`, `preferred_output`, `non_preferred_output`.
  static let openAIPreference = RowLayout(
    format: "OpenAI preference", rowType: .preference,
    columns: ["input", "preferred_output", "non_preferred_output"]
  ) { row throws(FieldError) in
    let input = try row.object("input")
    let prompt = try input.array("messages", in: "input").messages(field: "input.messages")
    let chosen = try row.array("preferred_output").messages(field: "preferred_output")
    let rejected = try row.array("non_preferred_output").messages(field: "non_preferred_output")
    let pair = PreferencePair(
      prompt: .messages(prompt), chosen: .messages(chosen), rejected: .messages(rejected))
    let rest = input.removing(["messages", "tools"])
    return [
      Reading(
        body: .preference(pair), extras: rest.isEmpty ? [:] : ["input": .object(rest)],
        tools: try input.optionalArray("tools", in: "input"))
    ]
  }

  /// HelpSteer: five attributes from 0 to 4.
  static let helpSteer = RowLayout(
    format: "HelpSteer", rowType: .scored,
    columns: ["prompt", "response"] + helpSteerAttributes
  ) { row throws(FieldError) in
    var aspects: [AspectScore] = []
    for name in helpSteerAttributes { aspects.append(AspectScore(name, try row.double(name))) }
    let (prompt, completions) = RecordText.aligned(
      prompt: try row.text("prompt"), completions: [try row.text("response")])
    return [
      Reading(
        body: .scored(prompt: prompt, completion: completions[0], scores: .aspects(aspects)))
    ]
  }

  private static let helpSteerAttributes = [
    "helpfulness", "correctness", "coherence", "complexity", "verbosity",
  ]
}
