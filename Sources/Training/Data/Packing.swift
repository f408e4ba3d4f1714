// SPDX-License-Identifier: Apache-2.0
import LanguageModels

/// How rows are brought together so that each row of a batch has about `max_length` tokens; names as in other toolkits.
///
/// Texts stay apart: none sees another, and each begins at position 0. Only ``wrapped`` cuts through them.
public enum Packing: String, Sendable, CaseIterable {
  /// Best fit, longest rows first.
  case bestFit = "bfd"
  /// As ``bestFit``, after cutting rows over the limit into several instead of dropping their end.
  case bestFitSplit = "bfd_split"
  /// All rows end to end, cut every `max_length` tokens; a piece is one text, whatever rows it is of.
  case wrapped

  /// Whether rows over the limit are needed whole.
  var takesLongRows: Bool { self != .bestFit }

  /// Rows, and which of them stand together.
  ///
  /// - Parameters:
  ///   - rows: the data.
  ///   - length: most tokens of a pack.
  /// - Returns: the rows, cut where the strategy says so, and the numbers of the rows of each pack.
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)`` where weights of rows would be lost.
  func packed(_ rows: TokenRows, length: Int) throws -> (rows: TokenRows, packs: [[Int]]) {
    guard self != .wrapped else {
      guard !rows.isWeighted else {
        throw TrainingError.badSetting(
          name: "packing_strategy", value: rawValue,
          wanted: "bfd or bfd_split for rows with weights, since a piece may hold several rows")
      }
      let pieces = rows.endToEnd(length: length)
      return (pieces, pieces.indices.map { [$0] })
    }
    let kept = self == .bestFitSplit ? rows.split(length: length) : rows
    return (kept, Self.bestFit(kept.indices.map(kept.length(of:)), capacity: length))
  }

  /// Packs of at most `capacity` tokens: each row, longest first, goes where the least room is left that holds it.
  ///
  /// - Parameters:
  ///   - lengths: tokens of each row, at most `capacity`.
  ///   - capacity: most tokens of a pack.
  /// - Returns: numbers of rows, packs in the order they were opened, longest rows first in each.
  static func bestFit(_ lengths: [Int], capacity: Int) -> [[Int]] {
    var packs: [[Int]] = []
    /// Packs by the room they have left, those opened first on top.
    var open = [[Int]](repeating: [], count: capacity + 1)
    for row in lengths.indices.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
      let length = lengths[row]
      precondition(length <= capacity, "packing: a row of \(length) tokens, over \(capacity)")
      if let room = (length..<open.count).first(where: { !open[$0].isEmpty }) {
        let pack = open[room].removeLast()
        packs[pack].append(row)
        open[room - length].append(pack)
      } else {
        packs.append([row])
        open[capacity - length].append(packs.count - 1)
      }
    }
    return packs
  }
}

extension TokenRows {
  /// Rows over a limit cut into rows of at most `length` tokens; pieces with nothing to learn are left out.
  func split(length: Int) -> TokenRows {
    var pieces = TokenRows()
    for index in indices {
      let row = self[index]
      for start in stride(from: 0, to: row.ids.count, by: length) {
        let range = start..<Swift.min(row.ids.count, start + length)
        let piece = TokenRow(ids: Array(row.ids[range]), isTarget: Array(row.isTarget[range]))
        guard piece.targetCount > 0 else { continue }
        pieces.append(piece, weight: weight(of: index))
      }
    }
    return pieces
  }

  /// All rows end to end as one text, cut every `length` tokens; pieces with nothing to learn are left out.
  func endToEnd(length: Int) -> TokenRows {
    TokenRows(ids: ids, marks: marks, starts: [0, ids.count]).split(length: length)
  }
}
