// SPDX-License-Identifier: Apache-2.0

/// Puts special tokens around a text or a pair of texts as a template says, such as
/// `<s> $A </s> $B:1 </s>:1`.
struct TemplatePostProcessor: PostProcessor {
  private enum Item: Sendable {
    case text(index: Int, typeID: Int32)
    case tokens([Int32], typeID: Int32)
  }

  private let single: [Item]
  private let pair: [Item]

  init(_ json: JSONField) throws {
    single = try Self.items(json.required("single"), json)
    pair =
      try json.optional("pair").map { try Self.items($0, json) }
      ?? [.text(index: 0, typeID: 0), .text(index: 1, typeID: 1)]
    for case .text(let index, _) in single where index > 0 {
      throw try json.required("single").wrongType("a template without the second text, $B")
    }
  }

  private static func items(_ template: JSONField, _ json: JSONField) throws -> [Item] {
    try template.elements().map { element in
      let body = try element.optional("Sequence") ?? element.required("SpecialToken")
      let typeID = try body.optional("type_id")?.tokenID() ?? 0
      let name = try body.required("id").string()
      guard element.optional("Sequence") == nil else {
        guard name == "A" || name == "B" else {
          throw try body.required("id").wrongType("\"A\" or \"B\"")
        }
        return .text(index: name == "A" ? 0 : 1, typeID: typeID)
      }
      return .tokens(try ids(of: name, json), typeID: typeID)
    }
  }

  private static func ids(of name: String, _ json: JSONField) throws -> [Int32] {
    let table = try json.required("special_tokens")
    guard let entry = table.optional(name) else {
      throw TokenizerError.unknownToken(
        file: json.file, field: "\(json.path).special_tokens", token: name)
    }
    return try entry.required("ids").elements().map { try $0.tokenID() }
  }

  func addedCount(isPair: Bool) -> Int {
    (isPair ? pair : single).reduce(0) { count, item in
      if case .tokens(let ids, _) = item { count + ids.count } else { count }
    }
  }

  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding] {
    guard let first = parts.first else { return parts }
    return (parts.count > 1 ? pair : single).compactMap { item in
      switch item {
      case .text(let index, let typeID):
        guard index < parts.count else { return nil }
        var part = parts[index]
        part.setType(typeID)
        return part
      case .tokens(let ids, let typeID):
        guard addSpecialTokens else { return nil }
        var part = Encoding(wantsSources: first.sources != nil, wantsMarks: first.marks != nil)
        part.surround(before: ids, behind: [], typeID: typeID)
        return part
      }
    }
  }
}
