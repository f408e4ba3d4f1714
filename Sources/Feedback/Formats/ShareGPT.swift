// SPDX-License-Identifier: Apache-2.0

/// ShareGPT: turns `{"from", "value"}` in `conversations` or `conversation`.
extension RowLayout {
  static let shareGPT = conversation(in: "conversations")
  static let shareGPTSingular = conversation(in: "conversation")

  static let shareGPTPreference = RowLayout(
    format: "ShareGPT preference", rowType: .preference,
    columns: ["conversations", "chosen", "rejected"]
  ) { row throws(FieldError) in
    let pair = PreferencePair(
      prompt: .messages(try row.turns("conversations")),
      chosen: .messages([try turn(row.required("chosen"), field: "chosen")]),
      rejected: .messages([try turn(row.required("rejected"), field: "rejected")]))
    return [Reading(body: .preference(pair))]
  }

  static let shareGPTBinary = binary(in: "conversations")
  static let messagesBinary = binary(in: "messages")

  private static func conversation(in column: String) -> RowLayout {
    RowLayout(format: "ShareGPT", rowType: .languageModelling, columns: [column]) {
      row throws(FieldError) in
      [Reading(body: .languageModelling(.messages(try row.turns(column))))]
    }
  }

  /// `kto_tag` says whether the last turn was liked.
  private static func binary(in column: String) -> RowLayout {
    RowLayout(
      format: "ShareGPT binary", rowType: .unpairedPreference, columns: [column, "kto_tag"]
    ) { row throws(FieldError) in
      var turns = try row.turns(column)
      guard let last = turns.popLast(), last.role == .assistant, !turns.isEmpty else {
        throw FieldError(column, "must end with an assistant turn after at least one other turn")
      }
      let label = try row.bool("kto_tag")
      return [
        Reading(
          body: .unpairedPreference(
            prompt: .messages(turns), completion: .messages([last]), label: label))
      ]
    }
  }

  fileprivate static func turn(_ value: JSONValue, field: String) throws(FieldError) -> Message {
    if value["role"] != nil { return try Message(value, field: field) }
    guard let object = value.object else {
      throw FieldError(field, "expected a turn {\"from\", \"value\"}, found \(value.kind)")
    }
    let from = try object.string("from", in: field)
    let text = try object.string("value", in: field)
    var message: Message
    switch from {
    case "human", "user": message = Message(role: .user, text)
    case "gpt", "assistant", "model", "bot", "chatgpt": message = Message(role: .assistant, text)
    case "system": message = Message(role: .system, text)
    case "observation", "tool", "function_response": message = Message(role: .tool, text)
    case "function_call":
      message = Message(
        role: .assistant, content: .none, toolCalls: try toolCalls(text, field: field))
    default:
      throw FieldError(
        "\(field).from",
        "expected human, gpt, system, function_call or observation (or user, assistant, model, "
          + "bot, tool), found \"\(from)\"")
    }
    message.extras = object.removing(["from", "value", "weight"])
    message.weight = try object.optionalDouble("weight", in: field)
    return message
  }

  /// The call stands in `value` as JSON: one `{"name", "arguments"}` or a list of them.
  private static func toolCalls(_ text: String, field: String) throws(FieldError) -> [JSONValue] {
    let parsed: JSONValue
    do throws(JSONSyntaxError) {
      parsed = try JSONValue(parsing: text)
    } catch {
      throw FieldError(
        "\(field).value", "a function_call holds JSON {\"name\", \"arguments\"}; \(error)")
    }
    let calls = parsed.array ?? [parsed]
    var wrapped: [JSONValue] = []
    for call in calls {
      guard call["name"]?.string != nil else {
        throw FieldError("\(field).value", "a function_call needs a 'name', found \(call.kind)")
      }
      wrapped.append(["type": "function", "function": call])
    }
    return wrapped
  }
}

extension JSONObject {
  fileprivate func turns(_ column: String) throws(FieldError) -> [Message] {
    var messages: [Message] = []
    for (index, value) in try array(column).enumerated() {
      messages.append(try RowLayout.turn(value, field: "\(column)[\(index)]"))
    }
    return messages
  }
}
