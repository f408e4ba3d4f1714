// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object in the order they were written.
///
/// Two objects are equal when they hold the same members, in whatever order, as JSON says.
public struct JSONObject: Sendable, Sequence, ExpressibleByDictionaryLiteral {
  /// One member.
  public typealias Element = (key: String, value: JSONValue)

  private var members: [Element] = []
  /// Positions by key, kept only for objects of more than `indexThreshold` members.
  private var index: [String: Int] = [:]
  /// Rows have a handful of columns, and comparing so few short strings beats hashing.
  private static let indexThreshold = 12

  /// An object without members.
  public init() {}

  /// An object of these members; a key that stands twice keeps its last value.
  public init(_ members: [(String, JSONValue)]) {
    self.members.reserveCapacity(members.count)
    for (key, value) in members { self[key] = value }
  }

  /// An object of these members; a key that stands twice keeps its last value.
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

  /// Number of members.
  public var count: Int { members.count }
  /// Whether there are no members.
  public var isEmpty: Bool { members.isEmpty }
  /// The keys in order.
  public var keys: [String] { members.map(\.key) }

  /// The value called `key`.
  ///
  /// Assigning to a new key appends it, assigning to a known key replaces the value where it stands,
  /// and assigning nil removes the member.
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (nil, nil): break
      case (nil, let value?): append(key, value)
      case (let found?, let value?): members[found].value = value
      case (let found?, nil):
        members.remove(at: found)
        rebuildIndex()
      }
    }
  }

  /// Whether there is a member called `key`.
  public func contains(_ key: String) -> Bool { position(of: key) != nil }

  /// Iterates over the members in order.
  public func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }

  /// The object without the members called `keys`.
  public func removing(_ keys: some Sequence<String>) -> JSONObject {
    let gone = Set(keys)
    var rest = JSONObject()
    rest.members = members.filter { !gone.contains($0.key) }
    rest.rebuildIndex()
    return rest
  }

  /// Whether the keys are exactly these, in this order.
  func hasKeys(_ keys: [String]) -> Bool {
    guard members.count == keys.count else { return false }
    for position in keys.indices where members[position].key != keys[position] { return false }
    return true
  }

  /// The members at these positions, in their order.
  func members(at positions: [Int]) -> JSONObject {
    var part = JSONObject()
    part.members = positions.map { members[$0] }
    part.rebuildIndex()
    return part
  }

  /// Appends a member; false, and no change, if the key is there already.
  mutating func appendIfNew(_ key: String, _ value: JSONValue) -> Bool {
    guard position(of: key) == nil else { return false }
    append(key, value)
    return true
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    members.append((key, value))
    if members.count > Self.indexThreshold {
      if index.isEmpty { rebuildIndex() } else { index[key] = members.count - 1 }
    }
  }

  private mutating func rebuildIndex() {
    index.removeAll(keepingCapacity: true)
    guard members.count > Self.indexThreshold else { return }
    for (position, member) in members.enumerated() { index[member.key] = position }
  }

  private func position(of key: String) -> Int? {
    if !index.isEmpty { return index[key] }
    return members.firstIndex { $0.key == key }
  }
}

extension JSONObject: Hashable {
  /// Same members, in whatever order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
  }

  /// Independent of the order of the members.
  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for (key, value) in members {
      var member = Hasher()
      member.combine(key)
      member.combine(value)
      sum &+= member.finalize()
    }
    hasher.combine(sum)
  }
}
