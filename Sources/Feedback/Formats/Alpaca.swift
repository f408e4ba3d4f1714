// SPDX-License-Identifier: Apache-2.0

/// Alpaca: `instruction`, `input`, `output`, earlier turns in `history`; read as a conversation.
extension RowLayout {
  static let alpaca = RowLayout(
    format: "Alpaca", rowType: .promptCompletion, columns: ["instruction", "output"],
    optional: ["input", "history"]
  ) { row throws(FieldError) in
    let completion = RecordText.messages([Message(role: .assistant, try row.string("output"))])
    return [
      Reading(
        body: .promptCompletion(
          prompt: .messages(try row.alpacaPrompt()), completion: completion))
    ]
  }

  static let alpacaPreference = RowLayout(
    format: "Alpaca preference", rowType: .preference,
    columns: ["instruction", "chosen", "rejected"], optional: ["input", "history"]
  ) { row throws(FieldError) in
    let pair = PreferencePair(
      prompt: .messages(try row.alpacaPrompt()),
      chosen: .messages([Message(role: .assistant, try row.string("chosen"))]),
      rejected: .messages([Message(role: .assistant, try row.string("rejected"))]))
    return [Reading(body: .preference(pair))]
  }
}

extension JSONObject {
  fileprivate func alpacaPrompt() throws(FieldError) -> [Message] {
    var messages: [Message] = []
    for (index, turn) in (try optionalArray("history") ?? []).enumerated() {
      let field = "history[\(index)]"
      guard let texts = turn.array, texts.count == 2 else {
        throw FieldError(field, "expected [user, assistant], found \(turn.kind)")
      }
      let strings = try texts.strings(field: field)
      messages.append(Message(role: .user, strings[0]))
      messages.append(Message(role: .assistant, strings[1]))
    }
    let instruction = try string("instruction")
    let input = try optionalString("input") ?? ""
    messages.append(
      Message(role: .user, input.isEmpty ? instruction : "\(instruction)\n\(input)"))
    return messages
  }
}
