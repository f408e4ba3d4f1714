// SPDX-License-Identifier: Apache-2.0

/// HH transcripts: whole dialogues in `chosen` and `rejected`, turns marked by "\n\nHuman:" and
/// "\n\nAssistant:". Read as conversations; the last assistant turn is the completion.
extension RowLayout {
  static let hhTranscript = RowLayout(
    format: "HH transcripts", rowType: .preference, columns: ["chosen", "rejected"],
    isLikely: { row in
      !row.contains("prompt")
        && ["chosen", "rejected"].allSatisfy {
          row[$0]?.string?.hasPrefix(humanMarker) ?? false
        }
    }
  ) { row throws(FieldError) in
    let chosen = try transcript(row.string("chosen"), field: "chosen")
    let rejected = try transcript(row.string("rejected"), field: "rejected")
    // Nearly always the two differ in their last turn only; where people's earlier turns differ
    // too, the shared prompt ends before the first difference.
    let limit = min(chosen.count, rejected.count) - 1
    let shared = zip(chosen.prefix(limit), rejected.prefix(limit)).prefix { $0 == $1 }.count
    let pair = PreferencePair(
      prompt: .messages(Array(chosen[..<shared])), chosen: .messages(Array(chosen[shared...])),
      rejected: .messages(Array(rejected[shared...])))
    return [Reading(body: .preference(pair))]
  }

  private static let humanMarker = "\n\nHuman:"
  private static let assistantMarker = "\n\nAssistant:"

  /// Splits a transcript into turns; one space after each marker belongs to the marker.
  static func transcript(_ text: String, field: String) throws(FieldError) -> [Message] {
    var messages: [Message] = []
    var rest = text[...]
    while !rest.isEmpty {
      let role: Message.Role
      if rest.hasPrefix(humanMarker) {
        role = .user
        rest = rest.dropFirst(humanMarker.count)
      } else if rest.hasPrefix(assistantMarker) {
        role = .assistant
        rest = rest.dropFirst(assistantMarker.count)
      } else {
        throw FieldError(field, "a transcript begins with a blank line and \"Human:\"")
      }
      if rest.first == " " { rest = rest.dropFirst() }
      let end = nextMarker(in: rest)
      messages.append(Message(role: role, String(rest[..<end])))
      rest = rest[end...]
    }
    guard messages.last?.role == .assistant, messages.count >= 2 else {
      throw FieldError(
        field, "a transcript ends with an \"Assistant:\" turn after a \"Human:\" turn")
    }
    return messages
  }

  private static func nextMarker(in text: Substring) -> Substring.Index {
    var start = text.startIndex
    while let found = text[start...].firstIndex(of: "\n") {
      let tail = text[found...]
      if tail.hasPrefix(humanMarker) || tail.hasPrefix(assistantMarker) { return found }
      start = text.index(after: found)
    }
    return text.endIndex
  }
}
