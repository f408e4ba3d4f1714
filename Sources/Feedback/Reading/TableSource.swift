// SPDX-License-Identifier: Apache-2.0

/// A table with a header, as RFC 4180 says: fields in double quotes may hold separators, line ends
/// and doubled quotes.
///
/// Cells are strings. In columns that hold something else (labels, scores, messages, ...) a cell is
/// read as JSON, also `True` and `False`; an empty cell there is an absent value.
final class TableSource: RowSource {
  private let reader: ByteReader
  private let separator: UInt8
  private var header: [String] = []

  init(_ reader: ByteReader, separator: UInt8) throws(FeedbackError) {
    self.reader = reader
    self.separator = separator
    guard let names = try fields() else { return }
    var seen: Set<String> = []
    for name in names {
      guard !name.isEmpty else {
        throw .table(
          at: Provenance(file: reader.file, line: 1), reason: "a column of the header has no name")
      }
      guard seen.insert(name).inserted else {
        throw .table(
          at: Provenance(file: reader.file, line: 1),
          reason: "the column '\(name)' stands twice in the header")
      }
    }
    header = names
  }

  func next() throws(FeedbackError) -> Row? {
    while true {
      let place = Provenance(file: reader.file, line: reader.line)
      guard let cells = try fields() else { return nil }
      if cells == [""], header.count > 1 { continue }
      guard cells.count == header.count else {
        throw .table(
          at: place,
          reason: "\(cells.count) fields where the header has \(header.count); "
            + "a field with a separator or a line end in it needs double quotes")
      }
      var columns = JSONObject()
      for (name, cell) in zip(header, cells) {
        if let value = Self.value(of: cell, in: name) { columns[name] = value }
      }
      return Row(columns: columns, provenance: place)
    }
  }

  /// Columns whose cells are something other than text.
  private static let structured: Set = [
    "messages", "conversations", "conversation", "completions", "label", "labels", "ranks", "score",
    "scores", "preference", "weight", "margin", "tools", "chat_template_kwargs", "is_chosen_safe",
    "is_rejected_safe", "severity_chosen", "severity_rejected", "safety_confidence", "kto_tag",
    "history", "info", "summaries", "choice", "better_response_id", "more_helpful_response_id",
    "safer_response_id", "is_response_0_safe", "is_response_1_safe", "is_response_2_safe",
    "helpfulness", "correctness", "coherence", "complexity", "verbosity",
  ]
  /// Columns of text that may hold a list of messages.
  private static let texts: Set = ["prompt", "completion", "chosen", "rejected"]

  private static func value(of cell: String, in column: String) -> JSONValue? {
    if structured.contains(column) {
      switch cell {
      case "": return nil
      case "True", "TRUE": return .bool(true)
      case "False", "FALSE": return .bool(false)
      default: return (try? JSONValue(parsing: cell)) ?? .string(cell)
      }
    }
    if texts.contains(column), cell.hasPrefix("[{"),
      let list = try? JSONValue(parsing: cell).array, list.allSatisfy({ $0["role"] != nil })
    {
      return .array(list)
    }
    return .string(cell)
  }

  /// The fields of one record; nil at the end of the file.
  private func fields() throws(FeedbackError) -> [String]? {
    guard try reader.peek() != nil else { return nil }
    var fields: [String] = []
    var field: [UInt8] = []
    while true {
      let isLast: Bool
      if try reader.peek() == UInt8(ascii: "\"") {
        isLast = try readQuoted(into: &field)
      } else {
        isLast = try readPlain(into: &field)
      }
      guard let text = String(validating: field, as: UTF8.self) else {
        let bad = field.first { $0 >= 0x80 } ?? 0
        throw .table(
          at: Provenance(file: reader.file, line: max(1, reader.line - (isLast ? 1 : 0))),
          reason: "the bytes from \(hex(bad)) on are not UTF-8; "
            + "convert the file, for example: iconv -f latin1 -t utf-8")
      }
      fields.append(text)
      field.removeAll(keepingCapacity: true)
      if isLast { return fields }
    }
  }

  /// Reads up to a separator (false) or to the end of the record (true).
  private func readPlain(into field: inout [UInt8]) throws(FeedbackError) -> Bool {
    while let byte = try reader.next() {
      switch byte {
      case separator: return false
      case 0x0A:
        if field.last == 0x0D { field.removeLast() }
        return true
      default: field.append(byte)
      }
    }
    if field.last == 0x0D { field.removeLast() }
    return true
  }

  private func readQuoted(into field: inout [UInt8]) throws(FeedbackError) -> Bool {
    let start = Provenance(file: reader.file, line: reader.line)
    _ = try reader.next()
    while let byte = try reader.next() {
      guard byte == UInt8(ascii: "\"") else {
        field.append(byte)
        continue
      }
      switch try reader.next() {
      case UInt8(ascii: "\""): field.append(byte)
      case separator: return false
      case nil, 0x0A: return true
      case 0x0D:
        guard try reader.peek() == 0x0A else { throw afterQuote(start) }
        _ = try reader.next()
        return true
      default: throw afterQuote(start)
      }
    }
    throw .table(at: start, reason: "the quoted field that begins here is never closed")
  }

  private func afterQuote(_ place: Provenance) -> FeedbackError {
    .table(
      at: place,
      reason: "text after the closing quote of a field; a quote inside a field is written twice")
  }
}
