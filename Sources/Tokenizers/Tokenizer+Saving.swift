// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension Tokenizer {
  /// Writes `tokenizer.json`, `tokenizer_config.json` (with the chat templates) and
  /// `special_tokens_map.json`, in the layout that Python tools read.
  ///
  /// Each file appears whole or not at all. An older `chat_template.jinja` and
  /// `additional_chat_templates` in the folder are brought up to date, for they would win over the
  /// configuration.
  ///
  /// - Parameter folder: is made where it is missing.
  /// - Throws: ``TokenizerError/fileFailure(path:reason:)``.
  public func save(to folder: URL) throws {
    let files = TokenizerFolder(url: folder)
    try files.create()
    try files.write(JSONWriter.pretty(tokenizerJSON), to: "tokenizer.json")
    try files.write(JSONWriter.pretty(configuration.json), to: "tokenizer_config.json")
    try files.write(
      JSONWriter.pretty(configuration.specialTokensJSON), to: "special_tokens_map.json")
    try files.update(configuration.chatTemplates)
  }

  private var tokenizerJSON: JSONValue {
    pipeline.json(truncation: truncation, padding: padding)
  }

  /// Bytes that identify the tokenizer, to be hashed for cache keys: two tokenizers with equal
  /// bytes treat all texts and chats alike.
  ///
  /// They hold the whole pipeline, the tokens' roles and the chat templates. They do not depend on
  /// how a file was laid out, and survive saving and loading. Made anew at each call, in time
  /// proportional to the vocabulary.
  public var fingerprintData: Data {
    let roles = configuration.specialTokensJSON
    let template = configuration.chatTemplateJSON ?? .null
    let everything = JSONValue.object([
      JSONMember("tokenizer", tokenizerJSON), JSONMember("roles", roles),
      JSONMember("chat_template", template),
    ])
    return Data(JSONWriter.canonical(everything))
  }
}
