// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Torch

/// What a model is: the contents of `config.json`, unknown fields included, so that saving loses nothing.
public struct ModelConfiguration: Sendable, Equatable {
  /// The file's bytes as read, or as a new model's shape gives them.
  let json: Data
  let path: String
  /// The family, `model_type`.
  public let family: String
  /// Whether the model predicts tokens; a sequence classifier (reward model) does not.
  public let hasLanguageHead: Bool
  /// Type of the weights on disk; nil where the file does not say.
  public let storedType: ElementType?
  /// Token ids named by the file.
  public let bosTokenID: Int?
  /// Ends of text named by the file.
  public let eosTokenIDs: [Int]
  /// Padding named by the file.
  public let padTokenID: Int?

  /// Reads `config.json` of a folder.
  ///
  /// - Throws: ``ModelFolderError``.
  public init(folder: URL) throws {
    let file = folder.appending(path: "config.json")
    let fields = try ConfigurationFields(file: file)
    try self.init(fields, json: Data(contentsOf: file))
  }

  /// A new Llama.
  public init(_ shape: LlamaConfiguration, bosTokenID: Int?, eosTokenID: Int?, padTokenID: Int?)
    throws
  {
    var values = shape.fields
    values["architectures"] = ["LlamaForCausalLM"]
    values["bos_token_id"] = bosTokenID
    values["eos_token_id"] = eosTokenID
    values["pad_token_id"] = padTokenID
    let json = try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
    try self.init(ConfigurationFields(path: "config.json", values: values), json: json)
  }

  private init(_ fields: ConfigurationFields, json: Data) throws {
    self.json = json
    path = fields.path
    guard let family = try fields.string("model_type") else {
      throw fields.error("model_type", "is missing, so the architecture is unknown")
    }
    self.family = family
    let architectures = fields.values["architectures"] as? [String] ?? []
    hasLanguageHead = !architectures.contains { $0.hasSuffix("ForSequenceClassification") }
    let types: [String: ElementType] = [
      "float32": .float32, "bfloat16": .bfloat16, "float16": .float16, "float64": .float64,
    ]
    storedType = try (fields.string("dtype") ?? fields.string("torch_dtype")).flatMap { types[$0] }
    bosTokenID = try fields.integer("bos_token_id")
    eosTokenIDs = try fields.integers("eos_token_id") ?? []
    padTokenID = try fields.integer("pad_token_id")
  }

  private var fields: ConfigurationFields {
    let object = (try? JSONSerialization.jsonObject(with: json)) as? [String: Any]
    return ConfigurationFields(path: path, values: object ?? [:])
  }

  /// The shape of a Llama.
  ///
  /// - Throws: ``ModelFolderError`` where the file is of another family or contradicts itself.
  public func llama() throws -> LlamaConfiguration { try LlamaConfiguration(fields) }

  /// V as the file gives it.
  var vocabularyCount: Int? { fields.values["vocab_size"] as? Int }

  /// The longest text of pretraining, in tokens, where the file gives it.
  public var maximumLength: Int? { fields.values["max_position_embeddings"] as? Int }

  /// The same model with or without a language head, as a file for a folder.
  ///
  /// - Parameters:
  ///   - kind: what the saved weights are.
  ///   - elementType: type of the saved weights.
  /// - Returns: the contents of `config.json`, unknown fields included.
  /// - Throws: what JSON encoding throws.
  func data(as kind: ModelKind, elementType: ElementType) throws -> Data {
    var values = fields.values
    let stem = (values["architectures"] as? [String])?.first.map { name in
      name.range(of: "For").map { String(name[..<$0.lowerBound]) } ?? name
    }
    values["architectures"] = ["\(stem ?? "Llama")For\(kind.architectureSuffix)"]
    values["dtype"] = "\(elementType)"
    values["torch_dtype"] = "\(elementType)"
    if kind == .scalarHead {
      values["num_labels"] = 1
      values["id2label"] = ["0": "LABEL_0"]
      values["label2id"] = ["LABEL_0": 0]
    }
    return try JSONSerialization.data(
      withJSONObject: values, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// The same configuration with the special tokens of a tokenizer.
  public func naming(bos: Int?, eos: [Int], pad: Int?) throws -> ModelConfiguration {
    var values = fields.values
    if let bos { values["bos_token_id"] = bos }
    if !eos.isEmpty { values["eos_token_id"] = eos.count == 1 ? eos[0] : eos }
    if let pad { values["pad_token_id"] = pad }
    let json = try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
    return try ModelConfiguration(ConfigurationFields(path: path, values: values), json: json)
  }
}

/// What a model folder holds.
public enum ModelKind: Sendable, Equatable {
  /// A model that predicts tokens.
  case language
  /// A trunk with one number as output: reward model, cost model, critic.
  case scalarHead

  var architectureSuffix: String { self == .language ? "CausalLM" : "SequenceClassification" }
}
