// SPDX-License-Identifier: Apache-2.0

/// Turns rows of one layout into records and remembers which columns were used.
struct RecordImporter {
  let layout: RowLayout
  /// Columns in order of appearance, over all rows so far.
  private(set) var usedColumns: [String] = []
  private(set) var ignoredColumns: [String] = []
  /// Decided by the first record: whether texts are messages.
  private(set) var isConversational: Bool?
  private var knownColumns: Set<String> = []
  /// Columns of the last row, and which of them are extras: rows mostly repeat their columns.
  private var lastKeys: [String]?
  private var extraPositions: [Int] = []

  init(layout: RowLayout) { self.layout = layout }

  /// Columns that any row may have; the record has a place for each.
  static let reserved = [
    "weight", "margin", "annotator", "source", "system", "tools", "chat_template_kwargs",
  ]
  /// Reserved columns that change nothing in training by themselves.
  private static let informative: Set = ["annotator", "source"]

  mutating func records(from row: JSONObject, at place: Provenance) throws(FeedbackError)
    -> [Record]
  {
    for column in layout.columns where !row.contains(column) {
      throw .disagreement(
        at: place, rowType: layout.rowType.rawValue,
        problem: "no column '\(column)', which the other rows have "
          + "(\(layout.shown)); found: \(row.keys.listed)")
    }
    guard layout.isLikely(row) else {
      throw .disagreement(
        at: place, rowType: layout.rowType.rawValue,
        problem: "the values do not fit the other rows, which are \(layout.shown)")
    }
    if !row.hasKeys(lastKeys ?? []) || lastKeys == nil { note(row) }
    do throws(FieldError) {
      let readings = try layout.read(row)
      var template = try reserved(of: row)
      template.provenance = place
      var records: [Record] = []
      for reading in readings {
        var record = template
        record.body = reading.body
        record.tools = record.tools ?? reading.tools
        for (key, value) in reading.extras { record.extras[key] = value }
        try agree(on: record)
        records.append(record)
      }
      return records
    } catch {
      throw error.located(at: place)
    }
  }

  private mutating func note(_ row: JSONObject) {
    let keys = row.keys
    lastKeys = keys
    let placed = Set(layout.columns + layout.optional + Self.reserved)
    extraPositions = keys.indices.filter { !placed.contains(keys[$0]) }
    for (key, _) in row where knownColumns.insert(key).inserted {
      let isReserved = Self.reserved.contains(key) && !Self.informative.contains(key)
      if layout.columns.contains(key) || layout.optional.contains(key) || isReserved {
        usedColumns.append(key)
      } else {
        ignoredColumns.append(key)
      }
    }
  }

  private mutating func agree(on record: Record) throws(FieldError) {
    let body = record.body
    guard let isConversational else {
      self.isConversational = body.isConversational
      return
    }
    guard body.isConversational == isConversational else {
      let words = isConversational ? ("plain text", "messages") : ("messages", "plain text")
      throw FieldError(
        layout.columns[0], "is \(words.0), the rows before are \(words.1); use one kind in a file")
    }
  }

  /// A record without body, with its reserved columns and extras.
  private func reserved(of row: JSONObject) throws(FieldError) -> Record {
    var record = Record(.promptOnly(.plain("")))
    record.weight = try row.optionalDouble("weight")
    if let weight = record.weight, weight < 0 {
      throw FieldError("weight", "expected 0 or more, found \(weight)")
    }
    record.margin = try row.optionalDouble("margin")
    record.system = try row.optionalString("system")
    record.tools = try tools(of: row)
    record.chatTemplateArguments = try row.optionalObject("chat_template_kwargs")
    record.extras = row.members(at: extraPositions)
    // People are also numbered; other kinds of values stay as they are, among the extras.
    switch row["annotator"] {
    case .string(let name): record.annotator = name
    case .integer(let number): record.annotator = String(number)
    case let value: record.extras["annotator"] = value
    }
    record.source = row["source"]?.string
    if record.source == nil { record.extras["source"] = row["source"] }
    return record
  }

  /// A list of schemas, or the same as a string of JSON, as some data sets keep it.
  private func tools(of row: JSONObject) throws(FieldError) -> [JSONValue]? {
    guard let text = row["tools"]?.string else { return try row.optionalArray("tools") }
    if text.isEmpty { return nil }
    guard let tools = try? JSONValue(parsing: text).array else {
      throw FieldError("tools", "expected a list of tool schemas, found a string that is none")
    }
    return tools
  }
}
