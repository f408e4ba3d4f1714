// SPDX-License-Identifier: Apache-2.0

/// How the encodings of a batch are filled up to one length, as `padding` of `tokenizer.json` says.
public struct Padding: Sendable, Equatable {
  /// The length that encodings are filled up to.
  public enum Length: Sendable, Equatable {
    /// That of the longest encoding.
    case longest
    /// A fixed number of tokens; longer encodings stay as they are.
    case fixed(Int)
  }

  /// The length that encodings are filled up to.
  public var length: Length
  /// Whether filling goes in front of the tokens instead of behind them.
  public var isLeft: Bool
  /// Rounds the length up to a multiple of this; nil or less than 1 does not.
  public var multiple: Int?
  /// The id that fills.
  public var tokenID: Int
  /// The type id of what fills.
  public var typeID: Int
  /// The text of the token that fills; saved, not looked up.
  public var token: String

  /// Fills encodings up to one length.
  ///
  /// - Parameters:
  ///   - tokenID: the id that fills.
  ///   - token: its text.
  ///   - length: the length that encodings are filled up to.
  ///   - isLeft: whether filling goes in front.
  ///   - multiple: rounds the length up to a multiple of this.
  ///   - typeID: the type id of what fills.
  public init(
    tokenID: Int, token: String = "[PAD]", length: Length = .longest, isLeft: Bool = false,
    multiple: Int? = nil, typeID: Int = 0
  ) {
    self.length = length
    self.isLeft = isLeft
    self.multiple = multiple
    self.tokenID = tokenID
    self.typeID = typeID
    self.token = token
  }

  init(_ json: JSONField) throws {
    let strategy = try json.required("strategy")
    if let fixed = strategy.optional("Fixed") {
      let count = try fixed.integer()
      guard (0...1 << 24).contains(count) else { throw fixed.wrongType("a length from 0") }
      length = .fixed(count)
    } else {
      guard try strategy.string() == "BatchLongest" else {
        throw strategy.wrongType("\"BatchLongest\" or {\"Fixed\": length}")
      }
      length = .longest
    }
    let direction: Truncation.Side = try json.optional("direction")?.choice() ?? .right
    isLeft = direction == .left
    multiple = try json.optional("pad_to_multiple_of")?.integer()
    if let multiple, multiple > 1 << 24 {
      throw try json.required("pad_to_multiple_of").wrongType("a number below \(1 << 24)")
    }
    tokenID = try Int(json.optional("pad_id")?.tokenID() ?? 0)
    typeID = try Int(json.optional("pad_type_id")?.tokenID() ?? 0)
    token = try json.optional("pad_token")?.string() ?? "[PAD]"
  }

  var json: JSONValue {
    let strategy: JSONValue =
      switch length {
      case .longest: .string("BatchLongest")
      case .fixed(let count): .object([JSONMember("Fixed", .integer(count))])
      }
    return .object([
      JSONMember("strategy", strategy),
      JSONMember("direction", .string(isLeft ? "Left" : "Right")),
      JSONMember("pad_to_multiple_of", multiple.map { .integer($0) } ?? .null),
      JSONMember("pad_id", .integer(tokenID)),
      JSONMember("pad_type_id", .integer(typeID)),
      JSONMember("pad_token", .string(token)),
    ])
  }

  /// The length of all but longer encodings.
  func target(_ counts: some Sequence<Int>) -> Int {
    var target =
      switch length {
      case .longest: counts.max() ?? 0
      case .fixed(let count): count
      }
    if let multiple, multiple > 0, target % multiple > 0 { target += multiple - target % multiple }
    return target
  }
}
