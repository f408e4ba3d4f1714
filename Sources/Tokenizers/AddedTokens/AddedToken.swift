// SPDX-License-Identifier: Apache-2.0

/// A token that is found in the text as it stands, before the model sees it.
struct AddedToken: Sendable, Equatable {
  var id: Int32
  var content: String
  /// Matches only where no word character stands on either side.
  var isSingleWord = false
  /// Takes the whitespace before it along.
  var stripsLeft = false
  /// Takes the whitespace after it along.
  var stripsRight = false
  /// Is looked for in the normalised text, else in the raw text.
  var isNormalized = false
  /// Is left out when decoding skips special tokens.
  var isSpecial = false

  /// A special token as training makes them: raw match, no stripping.
  init(special content: String, id: Int32) {
    self.id = id
    self.content = content
    isSpecial = true
  }

  /// Reads one entry of `added_tokens`.
  init(_ json: JSONField) throws {
    id = try json.required("id").tokenID()
    content = try json.required("content").string()
    isSingleWord = try json.optional("single_word")?.bool() ?? false
    stripsLeft = try json.optional("lstrip")?.bool() ?? false
    stripsRight = try json.optional("rstrip")?.bool() ?? false
    isSpecial = try json.optional("special")?.bool() ?? false
    isNormalized = try json.optional("normalized")?.bool() ?? !isSpecial
  }

  /// The entry of `added_tokens`.
  var json: JSONValue {
    .object([
      JSONMember("id", .integer(Int(id))),
      JSONMember("content", .string(content)),
      JSONMember("single_word", .bool(isSingleWord)),
      JSONMember("lstrip", .bool(stripsLeft)),
      JSONMember("rstrip", .bool(stripsRight)),
      JSONMember("normalized", .bool(isNormalized)),
      JSONMember("special", .bool(isSpecial)),
    ])
  }
}
