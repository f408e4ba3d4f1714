// SPDX-License-Identifier: Apache-2.0

/// What `tokenizer_config.json`, `special_tokens_map.json` and `chat_template.jinja` say beside the
/// pipeline: which tokens play which part, the chat template and the length limit.
struct TokenizerConfiguration: Sendable {
  /// The parts a token can play, by their names in the files.
  static let roles = [
    "bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token",
  ]

  /// Token by role, as text.
  private(set) var tokens: [String: String] = [:]
  /// The file that named each role's token.
  private(set) var files: [String: String] = [:]
  var chatTemplate: String?
  private(set) var modelMaxLength: Int?
  /// The file's object; saving writes it back with what changed.
  private let document: JSONValue

  /// Reads the files that are there.
  ///
  /// - Parameters:
  ///   - configuration: the object of `tokenizer_config.json`.
  ///   - specialTokens: the object of `special_tokens_map.json`, asked where the first is silent.
  ///   - template: the text of `chat_template.jinja`, which wins over a template in the object.
  /// - Throws: ``TokenizerError/wrongType(file:field:expected:found:)``.
  init(configuration: JSONField?, specialTokens: JSONField?, template: String?) throws {
    document = configuration?.value ?? .object([])
    for role in Self.roles {
      guard let field = configuration?.optional(role) ?? specialTokens?.optional(role) else {
        continue
      }
      // A token is given by its text or by an object as in added_tokens.
      tokens[role] = try (field.optional("content") ?? field).string()
      files[role] = field.file
    }
    chatTemplate = try template ?? configuration?.optional("chat_template").flatMap(Self.template)
    modelMaxLength = configuration?.optional("model_max_length").flatMap(Self.length)
  }

  /// Makes the configuration of a new tokenizer.
  init(tokens: [String: String]) {
    self.tokens = tokens
    document = .object([
      JSONMember("tokenizer_class", .string("PreTrainedTokenizerFast")),
      JSONMember("clean_up_tokenization_spaces", .bool(false)),
      JSONMember("model_max_length", .number(1e30)),
    ])
  }

  /// A template is a string, or a list of named ones of which `default` counts.
  private static func template(_ field: JSONField) throws -> String? {
    guard case .array = field.value else { return try field.string() }
    for entry in try field.elements() where try entry.required("name").string() == "default" {
      return try entry.required("template").string()
    }
    return nil
  }

  /// "No limit" is written as 1e30 or so.
  private static func length(_ field: JSONField) -> Int? {
    switch field.value {
    case .integer(let length) where length > 0 && length < 1 << 40: length
    case .number(let length) where length >= 1 && length < 0x1p40: Int(length)
    default: nil
    }
  }

  /// The object of `tokenizer_config.json`.
  var json: JSONValue {
    var json = document
    for role in Self.roles {
      if let token = tokens[role] { json[role] = json[role] ?? .string(token) }
    }
    if let chatTemplate, let list = json["chat_template"], case .array(let entries) = list {
      let others = entries.filter { $0["name"] != .string("default") }
      let entry = JSONValue.object([
        JSONMember("name", .string("default")), JSONMember("template", .string(chatTemplate)),
      ])
      json["chat_template"] = .array([entry] + others)
    } else if case .array? = json["chat_template"] {
      // Named templates without a default stay as they are.
    } else {
      json["chat_template"] = chatTemplate.map { .string($0) }
    }
    return json
  }

  /// The object of `special_tokens_map.json`.
  var specialTokensJSON: JSONValue {
    .object(
      Self.roles.compactMap { role in tokens[role].map { JSONMember(role, .string($0)) } })
  }
}
