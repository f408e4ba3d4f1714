// SPDX-License-Identifier: Apache-2.0

/// Puts special tokens around a text, such as `<s>` in front.
///
/// Only the `single` template is used: this project never encodes two texts as a pair.
struct TemplatePostProcessor: PostProcessor {
  private let before: [Int32]
  private let after: [Int32]

  init(_ json: JSONField) throws {
    var before: [Int32] = []
    var after: [Int32] = []
    var sequenceCount = 0
    for element in try json.required("single").elements() {
      if element.optional("Sequence") != nil {
        sequenceCount += 1
        continue
      }
      let name = try element.required("SpecialToken").required("id").string()
      let ids = try Self.ids(of: name, json)
      if sequenceCount == 0 { before += ids } else { after += ids }
    }
    guard sequenceCount == 1 else {
      throw TokenizerError.unsupported(
        stage: "post_processor 'TemplateProcessing' that names the text \(sequenceCount) times")
    }
    self.before = before
    self.after = after
  }

  private static func ids(of name: String, _ json: JSONField) throws -> [Int32] {
    let table = try json.required("special_tokens")
    guard let entry = table.optional(name) else {
      throw TokenizerError.unknownToken(
        file: json.file, field: "\(json.path).special_tokens", token: name)
    }
    return try entry.required("ids").elements().map { try $0.tokenID() }
  }

  func process(_ encoding: inout Encoding, addSpecialTokens: Bool, vocabulary: Vocabulary) {
    guard addSpecialTokens else { return }
    encoding.ids = before + encoding.ids + after
    guard let sources = encoding.sources else { return }
    let nowhere = SourceRange(lower: 0, upper: 0)
    encoding.sources =
      before.map { _ in nowhere } + sources + after.map { _ in nowhere }
  }
}
