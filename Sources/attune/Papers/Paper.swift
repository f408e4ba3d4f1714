// SPDX-License-Identifier: Apache-2.0

import Feedback

/// One system of the field that this project covers or means to cover.
struct Paper: Sendable {
  /// How much of it is here.
  enum Status: String, Sendable, CaseIterable {
    /// Method and the experiment that shows its claim.
    case reproduced
    /// The method; its claim is not shown yet.
    case implemented
    /// A part of it.
    case partly
    /// Nothing.
    case none

    /// The word people read.
    var words: String { self == .none ? "no implementation" : rawValue }
  }

  /// Its place in the index, from 1.
  let number: Int
  /// The short name, as commands take it.
  let name: String
  /// The paper's title.
  let title: String
  /// arXiv ids, the paper's own first.
  let ids: [String]
  /// What sort of method it is.
  let kind: String
  /// How much of it is here.
  var status = Status.none
  /// The command that runs it, without options of data and places; nil where there is none.
  var command: String?
  /// What is here and what is missing, where the status alone does not say.
  var note: String?
  /// The result that was measured; nil where nothing was.
  var measured: String?

  init(
    _ number: Int, _ name: String, _ title: String, _ ids: [String], _ kind: String,
    _ status: Status = .none, command: String? = nil, note: String? = nil, measured: String? = nil
  ) {
    self.number = number
    self.name = name
    self.title = title
    self.ids = ids
    self.kind = kind
    self.status = status
    self.command = command
    self.note = note
    self.measured = measured
  }
}

extension Paper {
  /// Whether every word of `query` stands somewhere in the entry, whatever its case.
  func matches(_ query: [String]) -> Bool {
    let all = [name, title, kind, status.words, command ?? "", note ?? "", measured ?? ""] + ids
    let text = all.joined(separator: "\n").lowercased()
    return query.allSatisfy { text.contains($0.lowercased()) }
  }

  /// The entry on a few lines.
  var lines: [String] {
    let facts: [(String, String?)] = [
      ("paper", "arXiv:\(ids.joined(separator: ", arXiv:"))"), ("kind", kind),
      ("status", status.words), ("here", note), ("command", command), ("measured", measured),
    ]
    return ["\(number) \(name): \(title)"]
      + facts.compactMap { fact, text in text.map { "  \(fact): \($0)" } }
  }

  /// The entry as an object.
  var json: JSONObject {
    func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    return [
      "number": .integer(number), "name": .string(name), "title": .string(title),
      "arxiv": .array(ids.map { .string($0) }), "kind": .string(kind),
      "status": .string(status.rawValue), "command": optional(command), "note": optional(note),
      "measured": optional(measured),
    ]
  }

  /// The entry as a row of a table in Markdown.
  var row: String {
    let links = ids.map { "[\($0)](https://arxiv.org/abs/\($0))" }.joined(separator: ", ")
    let state = ([status.words] + (note.map { [$0] } ?? [])).joined(separator: ": ")
    let cells = [
      "\(number)", "`\(name)`", title, links, kind, state, command.map { "`\($0)`" } ?? "-",
      measured ?? "-",
    ]
    return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
  }
}
