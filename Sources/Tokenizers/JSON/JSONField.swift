// SPDX-License-Identifier: Apache-2.0

/// A JSON value together with where it stands, so that a complaint can name the place.
struct JSONField {
  let value: JSONValue
  /// Dotted path from the document's root, such as `model.vocab`.
  let path: String
  /// Name of the file.
  let file: String

  init(_ value: JSONValue, path: String = "", file: String) {
    self.value = value
    self.path = path
    self.file = file
  }

  /// The member `name`; nil where it is absent or null.
  func optional(_ name: String) -> JSONField? {
    guard let member = value[name], member != .null else { return nil }
    return JSONField(member, path: path.isEmpty ? name : "\(path).\(name)", file: file)
  }

  /// The member `name`, which must be there.
  ///
  /// - Throws: ``TokenizerError/missingField(file:field:)``.
  func required(_ name: String) throws -> JSONField {
    guard let member = optional(name) else {
      throw TokenizerError.missingField(
        file: file, field: path.isEmpty ? name : "\(path).\(name)")
    }
    return member
  }

  func string() throws -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  func bool() throws -> Bool {
    guard case .bool(let flag) = value else { throw wrongType("true or false") }
    return flag
  }

  func integer() throws -> Int {
    guard case .integer(let number) = value else { throw wrongType("a whole number") }
    return number
  }

  /// A token id: a whole number that fits 31 bits.
  func tokenID() throws -> Int32 {
    guard case .integer(let number) = value, number >= 0, let id = Int32(exactly: number) else {
      throw wrongType("a token id, a whole number from 0")
    }
    return id
  }

  func members() throws -> [JSONMember] {
    guard case .object(let members) = value else { throw wrongType("an object") }
    return members
  }

  func elements() throws -> [JSONField] {
    guard case .array(let elements) = value else { throw wrongType("a list") }
    return elements.enumerated().map { index, element in
      JSONField(element, path: "\(path)[\(index)]", file: file)
    }
  }

  /// The `type` member that names a pipeline stage's kind.
  func stageType() throws -> String {
    try required("type").string()
  }

  func wrongType(_ expected: String) -> TokenizerError {
    var found = value.kind
    if case .string(let text) = value { found = "\"\(text)\"" }
    if case .integer(let number) = value { found = "\(number)" }
    return .wrongType(file: file, field: path, expected: expected, found: found)
  }
}
