// SPDX-License-Identifier: Apache-2.0

/// One of a tokenizer's chat templates.
struct NamedTemplate: Sendable, Equatable {
  var name: String
  var text: String
}

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
  /// The chat templates in order; an only one is called `default`.
  var chatTemplates: [NamedTemplate] = []
  private(set) var modelMaxLength: Int?
  /// The file's object; saving writes it back with what changed.
  private let document: JSONValue

  /// Reads the files that are there.
  ///
  /// - Parameters:
  ///   - configuration: the object of `tokenizer_config.json`.
  ///   - specialTokens: the object of `special_tokens_map.json`, asked where the first is silent.
  ///   - templates: what the files of templates hold, which win over templates in the object.
  /// - Throws: ``TokenizerError/wrongType(file:field:expected:found:)``.
  init(
    configuration: JSONField?, specialTokens: JSONField?, templates: [NamedTemplate] = []
  ) throws {
    document = configuration?.value ?? .object([])
    for role in Self.roles {
      guard let field = configuration?.optional(role) ?? specialTokens?.optional(role) else {
        continue
      }
      // A token is given by its text or by an object as in added_tokens.
      tokens[role] = try (field.optional("content") ?? field).string()
      files[role] = field.file
    }
    chatTemplates =
      templates.isEmpty
      ? try configuration?.optional("chat_template").map(Self.templates) ?? [] : templates
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

  /// Templates are a string, or a list of named ones.
  private static func templates(_ field: JSONField) throws -> [NamedTemplate] {
    guard case .array = field.value else {
      return [NamedTemplate(name: ChatTemplate.defaultName, text: try field.string())]
    }
    return try field.elements().map { entry in
      NamedTemplate(
        name: try entry.required("name").string(), text: try entry.required("template").string())
    }
  }

  /// The templates as `chat_template` holds them; nil for none.
  var chatTemplateJSON: JSONValue? {
    guard let first = chatTemplates.first else { return nil }
    if chatTemplates.count == 1, first.name == ChatTemplate.defaultName {
      return .string(first.text)
    }
    return .array(
      chatTemplates.map {
        .object([JSONMember("name", .string($0.name)), JSONMember("template", .string($0.text))])
      })
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
    json["chat_template"] = chatTemplateJSON
    return json
  }

  /// The object of `special_tokens_map.json`.
  var specialTokensJSON: JSONValue {
    .object(
      Self.roles.compactMap { role in tokens[role].map { JSONMember(role, .string($0)) } })
  }
}
