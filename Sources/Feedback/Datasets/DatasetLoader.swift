// SPDX-License-Identifier: Apache-2.0

/// Reads, samples, converts and checks the sources of one ``Dataset``.
struct DatasetLoader {
  let accepting: [RowType]
  let method: String
  let seed: UInt64
  let options: DatasetOptions
  private var report = DatasetReport()
  private var rowType: RowType?
  private var isConversational: Bool?
  private var usedColumns: [String] = []
  private var ignoredColumns: [String] = []
  private var seen: Set<RowIdentity> = []

  init(accepting: [RowType], method: String, seed: UInt64, options: DatasetOptions) {
    self.accepting = accepting
    self.method = method
    self.seed = seed
    self.options = options
  }

  mutating func load(_ sources: [DatasetSource]) throws -> Dataset {
    guard !sources.isEmpty else {
      throw FeedbackError.option(name: "dataset", problem: "no source given")
    }
    guard !accepting.isEmpty else {
      throw FeedbackError.option(name: "dataset", problem: "\(method) accepts no row type")
    }
    for source in sources { try source.validate() }
    let weighted = sources.count { $0.weight != nil }
    guard weighted == 0 || weighted == sources.count else {
      throw FeedbackError.option(
        name: "weight",
        problem: "give every source a weight, or none; \(weighted) of "
          + "\(sources.count) have one")
    }
    var parts: [[Record]] = []
    for (index, source) in sources.enumerated() {
      parts.append(try records(of: source, index: index))
    }
    if weighted > 0 { mix(&parts, weights: sources.compactMap(\.weight)) }
    let records = Array(parts.joined())
    guard !records.isEmpty, let rowType else {
      let lost = report.lines.joined(separator: "; ")
      throw FeedbackError.empty(
        "\(sources.map(\.path).listed): none of \(spaced(report.rowCount)) rows is left (\(lost))")
    }
    report.recordCount = records.count
    let ignored = ignoredColumns.filter { !usedColumns.contains($0) }
    return Dataset(
      records: records, rowType: rowType, isConversational: isConversational ?? false,
      summary: Dataset.summary(
        of: rowType, isConversational: isConversational ?? false, rowCount: records.count,
        used: usedColumns, ignored: ignored),
      report: report)
  }

  private mutating func records(of source: DatasetSource, index: Int) throws -> [Record] {
    let reader = try RecordReader(
      source.path, files: source.files, columns: source.columns, accepting: accepting,
      method: method)
    let wanted = try agree(reader, path: source.path)
    var random = AnnotatorRandom(path: "\(seed)/dataset/pairs/\(index)")
    let isSampled = source.fraction < 1
    var rows: [[Record]] = []
    // A limit alone needs no more than the first rows: the rest of a large file stays unread.
    while isSampled || rows.count < source.maxSamples ?? .max, let record = try reader.next() {
      let converted = convert(record, to: wanted, reader: reader, using: &random)
      if !converted.isEmpty { rows.append(converted) }
    }
    try agree(on: reader.isConversational, path: source.path)
    report.rowCount += reader.rowCount
    noteColumns(of: reader)
    if isSampled {
      let kept = sample(rows, count: Int((Double(rows.count) * source.fraction).rounded()), index)
      report.notSampledCount += rows.count - kept.count
      rows = Array(kept.prefix(source.maxSamples ?? .max))
    }
    return check(Array(rows.joined()))
  }

  /// All sources must give one type and one form.
  private mutating func agree(_ reader: RecordReader, path: String) throws -> RowType {
    guard let wanted = Conversion.target(from: reader.rowType, accepting: accepting) else {
      throw FeedbackError.option(
        name: "dataset", problem: "\(path) holds \(reader.rowType) rows; \(method) cannot use them")
    }
    if let rowType, rowType != wanted {
      throw FeedbackError.option(
        name: "dataset",
        problem: "\(path) gives \(wanted) rows, the sources before it \(rowType) rows; "
          + "use one kind at a time")
    }
    rowType = wanted
    if reader.rowType != wanted {
      let note = "\(path): \(reader.rowType) -> \(wanted)"
      if !report.conversions.contains(note) { report.conversions.append(note) }
    }
    return wanted
  }

  private mutating func agree(on form: Bool, path: String) throws {
    guard let isConversational else {
      isConversational = form
      return
    }
    guard form == isConversational else {
      let words = form ? ("messages", "plain text") : ("plain text", "messages")
      throw FeedbackError.option(
        name: "dataset",
        problem:
          "\(path) holds \(words.0), the sources before it \(words.1); use one kind at a time"
      )
    }
  }

  private mutating func noteColumns(of reader: RecordReader) {
    for column in reader.usedColumns where !usedColumns.contains(column) {
      usedColumns.append(column)
    }
    for column in reader.ignoredColumns where !ignoredColumns.contains(column) {
      ignoredColumns.append(column)
    }
  }

  private mutating func convert(
    _ record: Record, to wanted: RowType, reader: RecordReader, using random: inout AnnotatorRandom
  ) -> [Record] {
    let converted = Conversion.convert(
      record, to: wanted, pairs: options.pairs ?? reader.pairs, using: &random)
    if converted.isEmpty {
      report.note(Self.reason(record.body), in: record, isDropped: true)
    }
    return converted
  }

  private static func reason(_ body: RecordBody) -> DatasetReport.Finding {
    switch body {
    case .comparison(let comparison): comparison.preference == nil ? .skipped : .tie
    case .ranking: .rankedAlike
    default: .withoutPrompt
    }
  }

  private func sample<Element>(_ rows: [Element], count: Int, _ index: Int) -> [Element] {
    var random = AnnotatorRandom(path: "\(seed)/dataset/fraction/\(index)")
    return random.permutation(of: rows.count).prefix(max(1, count)).sorted().map { rows[$0] }
  }

  /// Cuts the parts so that their sizes stand in the proportion of the weights and as many records
  /// as possible remain.
  private mutating func mix(_ parts: inout [[Record]], weights: [Double]) {
    let scale = zip(parts, weights).map { Double($0.count) / $1 }.min() ?? 0
    for index in parts.indices {
      let count = min(parts[index].count, Int((scale * weights[index]).rounded()))
      guard count < parts[index].count else { continue }
      report.notSampledCount += parts[index].count - count
      parts[index] = sample(parts[index], count: count, parts.count + index)
    }
  }

  private mutating func check(_ records: [Record]) -> [Record] {
    records.filter { record in
      for (finding, policy) in findings(in: record) {
        report.note(finding, in: record, isDropped: policy == .drop)
        if policy == .drop { return false }
      }
      return true
    }
  }

  private mutating func findings(in record: Record) -> [(DatasetReport.Finding, RowPolicy)] {
    var findings: [(DatasetReport.Finding, RowPolicy)] = []
    let texts = record.body.completions
    if texts.contains(where: \.isEmpty) || (texts.isEmpty && record.body.prompt?.isEmpty ?? true) {
      findings.append((.emptyCompletion, options.emptyCompletions))
    }
    switch record.body {
    case .preference(let pair), .safetyPreference(let pair, _):
      if pair.chosen == pair.rejected { findings.append((.identicalPair, options.identicalPairs)) }
    default: break
    }
    if !seen.insert(RowIdentity(record)).inserted {
      findings.append((.duplicate, options.duplicates))
    }
    return findings
  }
}

/// What makes two rows the same.
struct RowIdentity: Hashable {
  let body: RecordBody
  let annotator: String?
  let system: String?

  init(_ record: Record) {
    body = record.body
    annotator = record.annotator
    system = record.system
  }
}
