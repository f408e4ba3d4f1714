// SPDX-License-Identifier: Apache-2.0

/// Tokens by id and ids by token.
struct Vocabulary: Sendable {
  /// The UTF-8 of each token by id; nil for an id that no token has.
  private(set) var tokens: [[UInt8]?] = []
  private var ids = ByteTable()

  init() {}

  /// Reads an object of token to id.
  ///
  /// - Throws: ``TokenizerError`` for a value that is no id, for a token listed twice and for an
  ///   id given twice.
  init(_ json: JSONField) throws {
    let members = try json.members()
    ids.reserve(members.count)
    tokens.reserveCapacity(members.count)
    for member in members {
      guard case .integer(let number) = member.value, let id = Int32(exactly: number), id >= 0
      else {
        throw JSONField(
          member.value, path: "\(json.path)[\"\(member.name)\"]", file: json.file
        ).wrongType("a token id, a whole number from 0")
      }
      try insert(member.name, id: id, file: json.file)
    }
  }

  /// One more than the highest id.
  var count: Int { tokens.count }

  /// Adds a token; adding it again with its own id changes nothing.
  mutating func insert(_ token: String, id: Int32, file: String) throws {
    if let known = self.id(of: token) {
      if known == id { return }
      throw TokenizerError.tokenCollision(
        file: file, token: token, first: Int(known), second: Int(id))
    }
    let index = Int(id)
    if index < tokens.count, let other = tokens[index] {
      throw TokenizerError.idCollision(
        file: file, id: index, first: String(decoding: other, as: UTF8.self), second: token)
    }
    if index >= tokens.count {
      // A stray huge id must not reserve gigabytes of holes.
      guard index < 1 << 24 else {
        throw TokenizerError.wrongType(
          file: file, field: "id of '\(token)'", expected: "an id below \(1 << 24)",
          found: "\(index)")
      }
      tokens.append(contentsOf: repeatElement(nil, count: index + 1 - tokens.count))
    }
    set(token, id)
  }

  /// Adds a token with the next id. A text that is there already keeps both ids; looked up, it
  /// has the new one.
  mutating func append(_ token: String) {
    tokens.append(nil)
    set(token, Int32(tokens.count - 1))
  }

  private mutating func set(_ token: String, _ id: Int32) {
    let bytes = Array(token.utf8)
    bytes.withUnsafeBufferPointer { ids.set($0, id) }
    tokens[Int(id)] = bytes
  }

  /// The id of a token.
  @inline(__always)
  func id(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? { ids.value(bytes) }

  func id(of bytes: [UInt8]) -> Int32? { bytes.withUnsafeBufferPointer { ids.value($0) } }

  func id(of token: String) -> Int32? {
    var token = token
    return token.withUTF8 { ids.value($0) }
  }

  func bytes(of id: Int) -> [UInt8]? { tokens.indices.contains(id) ? tokens[id] : nil }

  /// The object of token to id, in order of id.
  var json: JSONValue {
    .object(
      tokens.enumerated().compactMap { id, bytes in
        bytes.map { JSONMember(String(decoding: $0, as: UTF8.self), .integer(id)) }
      })
  }
}
