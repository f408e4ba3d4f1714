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

  /// The Jinja template that turns messages into text, or nil where the tokenizer has none.
  /// Setting it changes what ``save(to:)`` writes.
  public var chatTemplate: String? {
    get { configuration.chatTemplate }
    set { configuration.chatTemplate = newValue }
  }

  /// The most tokens that the model was made for, or nil where the configuration sets no limit.
  public var modelMaxLength: Int? { configuration.modelMaxLength }
}
