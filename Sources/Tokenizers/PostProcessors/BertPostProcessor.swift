// SPDX-License-Identifier: Apache-2.0

/// `[CLS] A [SEP]`, or `[CLS] A [SEP] B [SEP]` with type id 1 from B on.
struct BertPostProcessor: PostProcessor {
  private let start: Int32
  private let end: Int32

  init(_ json: JSONField) throws {
    start = try json.required("cls").namedID()
    end = try json.required("sep").namedID()
  }

  func addedCount(isPair: Bool) -> Int { isPair ? 3 : 2 }

  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding] {
    guard addSpecialTokens else { return parts }
    return parts.enumerated().map { index, part in
      var part = part
      part.surround(
        before: index == 0 ? [start] : [], behind: [end], typeID: index == 0 ? 0 : 1)
      return part
    }
  }
}

/// `<s> A </s>`, or `<s> A </s> </s> B </s>`, all with type id 0; blanks are taken out of offsets.
struct RobertaPostProcessor: PostProcessor {
  private let start: Int32
  private let end: Int32
  private let trimming: ByteLevelPostProcessor

  init(_ json: JSONField) throws {
    start = try json.required("cls").namedID()
    end = try json.required("sep").namedID()
    trimming = try ByteLevelPostProcessor(json)
  }

  func addedCount(isPair: Bool) -> Int { isPair ? 4 : 2 }

  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding] {
    let trimmed = trimming.process(
      parts, addSpecialTokens: addSpecialTokens, vocabulary: vocabulary)
    return trimmed.enumerated().map { index, part in
      var part = part
      part.setType(0)
      if addSpecialTokens {
        part.surround(before: [index == 0 ? start : end], behind: [end], typeID: 0)
      }
      return part
    }
  }
}

extension JSONField {
  /// The id of a `["token", id]` pair.
  fileprivate func namedID() throws -> Int32 {
    let pair = try elements()
    guard pair.count == 2 else { throw wrongType("a token and its id") }
    return try pair[1].tokenID()
  }
}
