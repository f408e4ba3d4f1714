// SPDX-License-Identifier: Apache-2.0

/// Finds the layout of a file from its first rows.
struct LayoutDetector {
  /// Types the method learns from, best first.
  let accepting: [RowType]
  /// Name of the method in messages.
  let method: String

  /// The first layout that at least half of the rows match; the rows that do not are then errors
  /// with their line. Layouts of accepted types come before layouts that can be converted.
  func layout(of rows: [JSONObject], file: String) throws(FeedbackError) -> RowLayout {
    let direct = RowLayout.all.filter { accepting.contains($0.rowType) }
    let convertible = RowLayout.all.filter { layout in
      // Plain text to imitate has no prompt that could be taken out.
      !accepting.contains(layout.rowType) && layout.columns != RowLayout.text.columns
        && accepting.contains { Conversion.exists(from: layout.rowType, to: $0) }
    }
    for layout in direct + convertible {
      let matching = rows.count { layout.matches($0) }
      if matching * 2 >= rows.count, matching > 0 { return layout }
    }
    throw .unrecognisedColumns(report(on: rows, file: file, direct: direct))
  }

  private func report(on rows: [JSONObject], file: String, direct: [RowLayout])
    -> FeedbackError.UnrecognisedColumns
  {
    var found: [String] = []
    var seen: Set<String> = []
    for row in rows {
      for key in row.keys where seen.insert(key).inserted { found.append(key) }
    }
    var accepted: [String] = []
    for layout in direct.filter({ $0.format == nil }) + direct.filter({ $0.format != nil })
    where !accepted.contains(layout.shown) {
      accepted.append(layout.shown)
    }
    let fix = ColumnSuggestion.nearest(found: found, layouts: direct.filter { $0.format == nil })
    return FeedbackError.UnrecognisedColumns(
      file: file, method: method, found: found, accepted: accepted, fix: fix)
  }
}

/// Which of a user's columns probably are which of ours.
enum ColumnSuggestion {
  /// Names that other data sets use for our columns.
  static let synonyms: [String: [String]] = [
    "prompt": [
      "question", "query", "instruction", "input", "problem", "context", "post", "source_text",
      "user", "request", "text",
    ],
    "completion": [
      "response", "answer", "output", "solution", "reply", "target", "generation", "summary",
      "assistant", "completions",
    ],
    "chosen": [
      "best", "better", "preferred", "accepted", "winner", "positive", "chosen_response",
      "response_chosen", "good",
    ],
    "rejected": [
      "worst", "worse", "dispreferred", "loser", "negative", "rejected_response",
      "response_rejected", "bad", "other",
    ],
    "label": ["kto_tag", "correct", "is_correct", "thumbs", "liked", "good", "feedback"],
    "labels": ["marks", "step_labels", "ratings"],
    "completions": ["responses", "answers", "outputs", "steps", "summaries", "candidates"],
    "ranks": ["rank", "ranking", "order"],
    "score": ["reward", "rating", "value", "grade"],
    "scores": ["rewards", "ratings", "aspects"],
    "preference": ["choice", "label", "human_choice", "winner"],
    "text": ["content", "story", "document", "body", "sentence", "passage"],
    "messages": ["dialogue", "dialog", "chat", "turns", "conversation", "conversations"],
  ]

  /// `--columns prompt=question,completion=answer` for the layout with the most columns that can be
  /// named this way; nil where no layout can be filled.
  static func nearest(found: [String], layouts: [RowLayout]) -> String? {
    var best: (renamed: Int, kept: Int, text: String)?
    for layout in layouts {
      var free = found.filter { !layout.columns.contains($0) }
      var renamings: [String] = []
      for column in layout.columns where !found.contains(column) {
        guard let theirs = guess(column, among: free) else { break }
        renamings.append("\(column)=\(theirs)")
        free.removeAll { $0 == theirs }
      }
      let kept = layout.columns.count { found.contains($0) }
      guard !renamings.isEmpty, kept + renamings.count == layout.columns.count else { continue }
      let isBetter = best.map { (kept + renamings.count, kept) > ($0.renamed + $0.kept, $0.kept) }
      if isBetter ?? true {
        best = (renamings.count, kept, renamings.joined(separator: ","))
      }
    }
    return best.map { "--columns \($0.text)" }
  }

  /// The column that is `ours` under another name: a known synonym, other case, or a slip of the
  /// finger.
  static func guess(_ ours: String, among columns: [String]) -> String? {
    let plain = columns.map { ($0, $0.lowercased()) }
    if let same = plain.first(where: { $0.1 == ours }) { return same.0 }
    for synonym in synonyms[ours] ?? [] {
      if let found = plain.first(where: { $0.1 == synonym }) { return found.0 }
    }
    return plain.first { editDistance($0.1, ours) <= max(1, ours.count / 4) }?.0
  }

  /// Insertions, deletions, substitutions and swaps of neighbours between two short names.
  static func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first.unicodeScalars)
    let b = Array(second.unicodeScalars)
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var current = [i + 1]
      for j in 0..<b.count {
        var cost = min(
          previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
