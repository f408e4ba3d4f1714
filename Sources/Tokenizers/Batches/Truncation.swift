// SPDX-License-Identifier: Apache-2.0

/// How texts are cut to a number of tokens, as `truncation` of `tokenizer.json` says it.
public struct Truncation: Sendable, Equatable {
  /// Which text of a pair is cut.
  public enum Strategy: String, Sendable {
    /// The longer one first, until both fit.
    case longestFirst = "LongestFirst"
    /// The first only.
    case onlyFirst = "OnlyFirst"
    /// The second only.
    case onlySecond = "OnlySecond"
  }

  /// Where tokens are left out.
  public enum Side: String, Sendable {
    /// At the beginning.
    case left = "Left"
    /// At the end.
    case right = "Right"
  }

  /// The most tokens of an encoding, added tokens included; 0 leaves added tokens only.
  public var maxLength: Int
  /// Which text of a pair is cut.
  public var strategy: Strategy
  /// Where tokens are left out.
  public var side: Side
  /// Kept for saving; only encodings of what was cut off would overlap by it.
  var stride = 0

  /// Cuts texts to a number of tokens.
  ///
  /// - Parameters:
  ///   - maxLength: the most tokens of an encoding, added tokens included.
  ///   - strategy: which text of a pair is cut.
  ///   - side: where tokens are left out.
  public init(maxLength: Int, strategy: Strategy = .longestFirst, side: Side = .right) {
    self.maxLength = maxLength
    self.strategy = strategy
    self.side = side
  }

  init(_ json: JSONField) throws {
    let length = try json.required("max_length")
    maxLength = try length.integer()
    if maxLength < 0 { throw length.wrongType("a length from 0") }
    strategy = try json.optional("strategy")?.choice() ?? .longestFirst
    side = try json.optional("direction")?.choice() ?? .right
    stride = try json.optional("stride")?.integer() ?? 0
  }

  var json: JSONValue {
    .object([
      JSONMember("direction", .string(side.rawValue)),
      JSONMember("max_length", .integer(maxLength)),
      JSONMember("strategy", .string(strategy.rawValue)),
      JSONMember("stride", .integer(stride)),
    ])
  }
}

extension Truncation {
  /// Cuts a text or a pair of texts so that with `addedCount` more tokens they fit.
  func apply(to parts: inout [Encoding], addedCount: Int) throws(TokenizerError) {
    let room = maxLength - addedCount
    guard room >= 0 else {
      throw .truncationFailed(
        reason: "\(addedCount) special tokens alone are more than the \(maxLength) asked for")
    }
    let total = parts.reduce(0) { $0 + $1.count }
    guard total > room else { return }
    if strategy == .longestFirst || room == 0 {
      let lengths = room == 0 ? parts.map { _ in 0 } : Self.share(room, parts.map(\.count))
      for index in parts.indices { cut(&parts[index], to: lengths[index]) }
      return
    }
    let index = strategy == .onlyFirst ? 0 : 1
    guard index < parts.count else {
      throw .truncationFailed(reason: "only the second text is to be cut, but there is one text")
    }
    guard parts[index].count > total - room else {
      throw .truncationFailed(
        reason:
          "the text to be cut has \(parts[index].count) tokens, of which \(total - room) would "
          + "have to go")
    }
    cut(&parts[index], to: parts[index].count - (total - room))
  }

  /// The longer text gives first; where both are too long, each gets half, the longer one the odd
  /// token.
  private static func share(_ room: Int, _ counts: [Int]) -> [Int] {
    guard counts.count == 2 else { return [room] }
    let isSwapped = counts[0] > counts[1]
    var shorter = min(counts[0], counts[1])
    var longer = shorter > room ? shorter : max(shorter, room - shorter)
    if shorter + longer > room {
      shorter = room / 2
      longer = shorter + room % 2
    }
    return isSwapped ? [longer, shorter] : [shorter, longer]
  }

  private func cut(_ encoding: inout Encoding, to length: Int) {
    guard length < encoding.count else { return }
    encoding.keep(side == .right ? 0..<length : encoding.count - length..<encoding.count)
  }
}

extension JSONField {
  /// One of some names.
  func choice<Choice: RawRepresentable>() throws -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: try string()) else {
      throw wrongType("a known \(path.split(separator: ".").last ?? "value")")
    }
    return choice
  }
}
