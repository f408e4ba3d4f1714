// SPDX-License-Identifier: Apache-2.0

/// Everything that loading did to the rows, counted.
public struct DatasetReport: Sendable, Hashable {
  /// Something found in rows.
  public enum Finding: String, Sendable, Hashable, CaseIterable {
    /// A completion without words.
    case emptyCompletion = "empty completions"
    /// A pair of equal completions.
    case identicalPair = "identical chosen and rejected"
    /// A row that says what an earlier row says.
    case duplicate = "duplicated rows"
    /// A comparison without a winner, where pairs are wanted.
    case tie = "ties"
    /// A comparison that its annotator skipped.
    case skipped = "skipped comparisons"
    /// A list in which all ranks are equal, where pairs are wanted.
    case rankedAlike = "lists without an order"
    /// A row without a prompt, where prompts are wanted.
    case withoutPrompt = "rows without a prompt"
  }

  /// How often something was found, and what became of it.
  public struct Count: Sendable, Hashable {
    /// What was found.
    public var finding: Finding
    /// Rows in which it was found.
    public var count: Int
    /// Whether these rows were left out.
    public var isDropped: Bool
    /// The first such row.
    public var example: Provenance?
  }

  /// Rows read from all sources.
  public internal(set) var rowCount = 0
  /// Records in the dataset.
  public internal(set) var recordCount = 0
  /// Rows left out by `fraction` and `weight`.
  public internal(set) var notSampledCount = 0
  /// What was found, in the order of ``Finding``; only what was found at all.
  public internal(set) var counts: [Count] = []
  /// What was converted, in words, such as "ranking -> preference".
  public internal(set) var conversions: [String] = []

  /// How often `finding` was found.
  public func count(of finding: Finding) -> Int {
    counts.first { $0.finding == finding }?.count ?? 0
  }

  /// The report in words, a line for each thing worth knowing; empty where all went in as it was.
  public var lines: [String] {
    var lines = conversions.map { "converted: \($0)" }
    for count in counts {
      let place = count.example.map { ", first at \($0)" } ?? ""
      lines.append(
        "\(count.finding.rawValue): \(spaced(count.count)) "
          + "(\(count.isDropped ? "dropped" : "kept")\(place))")
    }
    if notSampledCount > 0 {
      lines.append("left out by fraction or weight: \(spaced(notSampledCount))")
    }
    return lines
  }

  mutating func note(_ finding: Finding, in record: Record, isDropped: Bool) {
    if let position = counts.firstIndex(where: { $0.finding == finding }) {
      counts[position].count += 1
      return
    }
    let count = Count(
      finding: finding, count: 1, isDropped: isDropped, example: record.provenance)
    let order = Finding.allCases
    let rank = order.firstIndex(of: finding) ?? 0
    let position = counts.firstIndex { (order.firstIndex(of: $0.finding) ?? 0) > rank }
    counts.insert(count, at: position ?? counts.count)
  }
}

/// `12 000`: thousands apart, as all messages write counts.
func spaced(_ number: Int) -> String {
  let digits = String(number.magnitude)
  var text = ""
  for (position, digit) in digits.enumerated() {
    if position > 0, (digits.count - position) % 3 == 0 { text.append(" ") }
    text.append(digit)
  }
  return number < 0 ? "-" + text : text
}
