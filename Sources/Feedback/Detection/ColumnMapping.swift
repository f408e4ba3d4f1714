// SPDX-License-Identifier: Apache-2.0

/// Names of a user's columns in terms of ours: `prompt=question,chosen=best`.
public struct ColumnMapping: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// Our name and the name in the file, in the order given.
  public private(set) var pairs: [Pair]

  /// One renaming.
  public struct Pair: Sendable, Hashable {
    /// The name this project knows, such as `prompt`.
    public var ours: String
    /// The name in the file, such as `question`.
    public var theirs: String
  }

  /// Renames nothing.
  public init() { pairs = [] }

  /// Our names with the file's names.
  public init(dictionaryLiteral elements: (String, String)...) {
    pairs = elements.map { Pair(ours: $0.0, theirs: $0.1) }
  }

  /// Reads `prompt=question,chosen=best`, the form of the `--columns` flag.
  ///
  /// - Throws: ``FeedbackError/option(name:problem:)`` for anything else, or a name given twice.
  public init(parsing text: String) throws {
    pairs = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let names = part.split(separator: "=", omittingEmptySubsequences: false).map {
        $0.trimmingBlanks()
      }
      guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty else {
        throw FeedbackError.option(
          name: "--columns",
          problem: "expected OURS=YOURS pairs such as prompt=question,chosen=best, "
            + "found \"\(part)\"")
      }
      pairs.append(Pair(ours: names[0], theirs: names[1]))
    }
    for (names, side) in [(pairs.map(\.ours), "left"), (pairs.map(\.theirs), "right")] {
      var seen: Set<String> = []
      for name in names where !seen.insert(name).inserted {
        throw FeedbackError.option(
          name: "--columns", problem: "'\(name)' stands twice on the \(side) of '='")
      }
    }
  }

  /// Whether nothing is renamed.
  public var isEmpty: Bool { pairs.isEmpty }

  /// The row under our names.
  ///
  /// - Throws: ``FeedbackError/disagreement(at:rowType:problem:)`` where a column is absent, or where
  ///   one of our names is taken by another column.
  func apply(to row: JSONObject, at place: Provenance) throws(FeedbackError) -> JSONObject {
    guard !pairs.isEmpty else { return row }
    for pair in pairs where !row.contains(pair.theirs) {
      throw .disagreement(
        at: place, rowType: "",
        problem: "no column '\(pair.theirs)', which --columns \(pair.ours)=\(pair.theirs) names; "
          + "found: \(row.keys.listed)")
    }
    let moved = Set(pairs.map(\.theirs))
    for pair in pairs where row.contains(pair.ours) && !moved.contains(pair.ours) {
      throw .disagreement(
        at: place, rowType: "",
        problem: "there is a column '\(pair.ours)' beside '\(pair.theirs)'; move it away with "
          + "--columns \(pair.ours)=\(pair.theirs),old_\(pair.ours)=\(pair.ours)")
    }
    let ours = Dictionary(pairs.map { ($0.theirs, $0.ours) }) { first, _ in first }
    return JSONObject(row.map { (ours[$0.key] ?? $0.key, $0.value) })
  }
}

extension Substring {
  fileprivate func trimmingBlanks() -> String {
    var text = drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
