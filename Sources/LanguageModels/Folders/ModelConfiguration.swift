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

  /// A new language model of a shape: ``LlamaConfiguration``, ``GPT2Configuration`` and so on.
  ///
  /// - Throws: ``ModelFolderError``.
  public init(_ shape: some ModelShape, bosTokenID: Int?, eosTokenID: Int?, padTokenID: Int?)
    throws
  {
    var values = shape.fields
    let family = (values["model_type"] as? String).flatMap { ModelFamily.all[$0] }
    values["architectures"] = family.map { [$0.languageArchitecture] }
    values["bos_token_id"] = bosTokenID
    values["eos_token_id"] = eosTokenID
    values["pad_token_id"] = padTokenID
    let json = try ConfigurationJSON.data(values)
    try self.init(ConfigurationFields(path: "config.json", values: values), json: json)
  }

  init(_ fields: ConfigurationFields, json: Data) throws {
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

  /// The whole file.
  var fields: ConfigurationFields {
    let object = (try? JSONSerialization.jsonObject(with: json)) as? [String: Any]
    return ConfigurationFields(path: path, values: object ?? [:])
  }

  /// The labels of a sequence classifier, in the order of its outputs; nil where the file does not say.
  ///
  /// - Throws: ``ModelFolderError`` where the fields contradict each other.
  public func labels() throws -> [String]? {
    let count = try fields.integer("num_labels")
    guard (0...100_000).contains(count ?? 0) else {
      throw fields.error("num_labels", "expected 1 to 100000, found \(count ?? 0)")
    }
    guard let map = try fields.object("id2label")?.values else {
      return count.map { (0..<Swift.max(0, $0)).map { "LABEL_\($0)" } }
    }
    let labels = try (0..<map.count).map { index in
      guard let label = map["\(index)"] as? String else {
        throw fields.error("id2label", "has \(map.count) entries, but no text for '\(index)'")
      }
      return label
    }
    guard count == nil || count == labels.count else {
      throw fields.error(
        "num_labels", "\(count ?? 0), but id2label has \(labels.count) entries; correct one")
    }
    return labels
  }

  /// V as the file gives it.
  var vocabularyCount: Int? { textFields.values["vocab_size"] as? Int }

  /// The longest text of pretraining, in tokens, where the file gives it.
  public var maximumLength: Int? {
    let values = textFields.values
    return values["max_position_embeddings"] as? Int ?? values["n_positions"] as? Int
  }

  /// The part about texts, where the file describes more than that.
  private var textFields: ConfigurationFields {
    let fields = fields
    return (try? fields.object("text_config")).flatMap { $0 } ?? fields
  }

  /// The same model with or without a language head, as a file for a folder.
  ///
  /// - Parameters:
  ///   - kind: what the saved weights are.
  ///   - elementType: type of the saved weights.
  ///   - quantization: how linear layers are kept in the file; nil is dense.
  /// - Returns: the contents of `config.json`, unknown fields included.
  /// - Throws: what JSON encoding throws.
  func data(
    as kind: ModelKind, elementType: ElementType, quantization: Quantization? = nil
  ) throws -> Data {
    var values = fields.values
    if let family = ModelFamily.all[family], hasLanguageHead != (kind == .language) {
      values["architectures"] = [
        kind == .language ? family.languageArchitecture : family.classifierArchitecture
      ]
    }
    values["dtype"] = "\(elementType)"
    values["torch_dtype"] = "\(elementType)"
    values["quantization_config"] = quantization?.fields
    if case .classifier(let labels) = kind {
      let indices = labels.indices.map { ("\($0)", labels[$0]) }
      values["num_labels"] = labels.count
      values["id2label"] = Dictionary(indices, uniquingKeysWith: { $1 })
      values["label2id"] = Dictionary(
        labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
    return try ConfigurationJSON.data(values)
  }

  /// The same configuration with the special tokens of a tokenizer.
  public func naming(bos: Int?, eos: [Int], pad: Int?) throws -> ModelConfiguration {
    try changing { values in
      if let bos { values["bos_token_id"] = bos }
      if !eos.isEmpty { values["eos_token_id"] = eos.count == 1 ? eos[0] : eos }
      if let pad { values["pad_token_id"] = pad }
    }
  }

  /// The same model with an output matrix of its own.
  func untied() throws -> ModelConfiguration { try changing { $0["tie_word_embeddings"] = false } }

  /// The same model with dense matrices.
  func withoutQuantization() throws -> ModelConfiguration {
    try changing { $0["quantization_config"] = nil }
  }

  /// The same trunk without a language head, for a head of `labelCount` numbers; nil keeps the labels.
  func asTrunk(labelCount: Int? = nil) throws -> ModelConfiguration {
    guard hasLanguageHead || labelCount != nil else { return self }
    return try changing { values in
      if let family = ModelFamily.all[family] {
        values["architectures"] = [family.classifierArchitecture]
      }
      guard let labelCount, (values["id2label"] as? [String: Any])?.count != labelCount else {
        return
      }
      values["num_labels"] = labelCount
      values["id2label"] = nil
      values["label2id"] = nil
    }
  }

  private func changing(_ change: (inout [String: Any]) -> Void) throws -> ModelConfiguration {
    var values = fields.values
    change(&values)
    let json = try ConfigurationJSON.data(values)
    return try ModelConfiguration(ConfigurationFields(path: path, values: values), json: json)
  }
}

/// What a model folder holds.
public enum ModelKind: Sendable, Equatable {
  /// A model that predicts tokens.
  case language
  /// A trunk with one number a label as output; one label is a reward model, cost model or critic.
  case classifier(labels: [String])
}

extension Quantization {
  /// `quantization_config`, as transformers writes it.
  fileprivate var fields: [String: Any] {
    [
      "quant_method": "bitsandbytes", "load_in_4bit": self == .nf4, "load_in_8bit": self == .int8,
      "_load_in_4bit": self == .nf4, "_load_in_8bit": self == .int8,
      "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true,
      "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8",
      "llm_int8_threshold": 6.0, "llm_int8_skip_modules": NSNull(),
      "llm_int8_has_fp16_weight": false, "llm_int8_enable_fp32_cpu_offload": false,
    ]
  }
}
