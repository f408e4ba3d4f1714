// SPDX-License-Identifier: Apache-2.0

extension Tokenizer {
  /// The token that begins a text, or nil where the tokenizer has none.
  public var bosToken: String? { configuration.tokens["bos_token"] }

  /// The token that ends a text or an assistant's turn, or nil where the tokenizer has none.
  public var eosToken: String? { configuration.tokens["eos_token"] }

  /// The token that fills batches, or nil where the tokenizer has none. It may be the same as
  /// ``eosToken``: mask padding by position, never by id.
  public var padToken: String? { configuration.tokens["pad_token"] }

  /// The token for what the vocabulary cannot write, or nil where the tokenizer has none.
  public var unknownToken: String? {
    configuration.tokens["unk_token"] ?? pipeline.model.unknownToken
  }

  /// The id of ``bosToken``.
  public var bosTokenID: Int? { bosToken.flatMap(id(of:)) }

  /// The id of ``eosToken``.
  public var eosTokenID: Int? { eosToken.flatMap(id(of:)) }

  /// The id of ``padToken``.
  public var padTokenID: Int? { padToken.flatMap(id(of:)) }

  /// The id of ``unknownToken``.
  public var unknownTokenID: Int? { unknownToken.flatMap(id(of:)) }

  /// All ids with a special part: added tokens marked special and the tokens that the
  /// configuration names.
  public var specialTokenIDs: Set<Int> {
    skippedIDs.union(configuration.tokens.values.compactMap(id(of:)))
  }

  /// The template that turns messages into text, or nil where the tokenizer has none.
  ///
  /// Of several named templates (`default`, `tool_use`, …) it uses the one that fits, as
  /// ``ChatTemplate/render(messages:tools:documents:addGenerationPrompt:extra:)`` says. Reading it
  /// takes about a millisecond: keep it rather than asking again for each conversation.
  ///
  /// - Throws: ``TemplateError`` where the only template cannot be read.
  public var chatTemplate: ChatTemplate? {
    get throws {
      let templates = configuration.chatTemplates
      if templates.count == 1, templates[0].name == ChatTemplate.defaultName {
        return try ChatTemplate(templates[0].text, specialTokens: configuration.tokens)
      }
      if templates.isEmpty { return nil }
      return ChatTemplate(
        named: templates.map { ($0.name, $0.text) }, specialTokens: configuration.tokens)
    }
  }

  /// The text of the template called `default`, or nil where the tokenizer has none of that name.
  ///
  /// Setting it makes it the tokenizer's only template, which ``save(to:)`` writes.
  public var chatTemplateText: String? {
    get { configuration.chatTemplates.first { $0.name == ChatTemplate.defaultName }?.text }
    set {
      configuration.chatTemplates =
        newValue.map { [NamedTemplate(name: ChatTemplate.defaultName, text: $0)] } ?? []
    }
  }

  /// The most tokens that the model was made for, or nil where the configuration sets no limit.
  public var modelMaxLength: Int? { configuration.modelMaxLength }
}
