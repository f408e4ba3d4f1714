// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Tokenizers
public import Torch

extension ModelFolder {
  /// Writes a language model so that Hugging Face tools open it.
  ///
  /// Each file is written beside its place and renamed; callers that need the whole folder to appear at once write
  /// into a temporary folder and rename that.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - tokenizer: saved beside it; nil leaves tokenizer files out.
  ///   - folder: created if need be.
  ///   - elementType: type on disk; nil keeps the model's.
  ///   - shardByteLimit: starts a new shard beyond this size; weights of an older model in the folder are removed.
  /// - Throws: ``ModelFolderError/unwritable(path:reason:)``, `SafetensorsError`, `TokenizerError`.
  public static func save(
    _ model: any LanguageModel, tokenizer: Tokenizer?, to folder: URL,
    elementType: ElementType? = nil, shardByteLimit: Int = 5_000_000_000
  ) throws {
    if let adapted = model as? AdaptedModel {
      return try saveAdapter(
        adapted.parameters, adapted.adapter.configuration, .language, tokenizer, folder, elementType
      )
    }
    try save(
      model.parameters, model.configuration, .language, tokenizer, folder,
      elementType ?? model.elementType, shardByteLimit)
  }

  /// Writes a sequence classifier.
  public static func save(
    _ model: ClassifierModel, tokenizer: Tokenizer?, to folder: URL,
    elementType: ElementType? = nil, shardByteLimit: Int = 5_000_000_000
  ) throws {
    try save(
      model.parameters, model.trunk.configuration, .classifier(labels: model.labels), tokenizer,
      folder, elementType ?? model.trunk.elementType, shardByteLimit)
  }

  /// Writes a reward model or critic as a sequence classifier with one label; on an ``AdaptedModel`` the adapter
  /// with the head.
  public static func save(
    _ model: ScalarHeadModel, tokenizer: Tokenizer?, to folder: URL,
    elementType: ElementType? = nil, shardByteLimit: Int = 5_000_000_000
  ) throws {
    if let adapted = model.trunk as? AdaptedModel {
      return try saveAdapter(
        model.adapterParameters, adapted.adapter.configuration, .scalarHead, tokenizer, folder,
        elementType)
    }
    try save(
      model.parameters, model.trunk.configuration, .classifier(labels: model.labels), tokenizer,
      folder, elementType ?? model.trunk.elementType, shardByteLimit)
  }

  private static func save(
    _ parameters: NamedTensors, _ configuration: ModelConfiguration, _ kind: ModelKind,
    _ tokenizer: Tokenizer?, _ folder: URL, _ type: ElementType, _ shardByteLimit: Int
  ) throws {
    let stored = withoutGrad {
      parameters.map { name, tensor in
        (name, QuantizedNames.isPart(name, tensor) ? tensor : tensor.detached().to(type))
      }
    }
    try makeFolder(folder)
    let eos = tokenizer?.eosTokenID.map { [$0] } ?? []
    let named = try configuration.naming(
      bos: configuration.bosTokenID ?? tokenizer?.bosTokenID,
      eos: configuration.eosTokenIDs.isEmpty ? eos : configuration.eosTokenIDs,
      pad: configuration.padTokenID ?? tokenizer?.padTokenID)
    try write(
      try named.data(as: kind, elementType: type, quantization: parameters.quantization),
      to: folder.appending(path: "config.json"))
    if kind == .language { try writeGenerationConfiguration(named, folder) }
    try tokenizer?.save(to: folder)
    try writeWeights(stored, folder, shardByteLimit)
    try removeAdapter(folder)
  }

  static func makeFolder(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ModelFolderError.unwritable(path: folder.path, reason: error.localizedDescription)
    }
  }

  private static func writeGenerationConfiguration(
    _ configuration: ModelConfiguration, _ folder: URL
  ) throws {
    var values: [String: Any] = ["_from_model_config": true]
    if let bos = configuration.bosTokenID { values["bos_token_id"] = bos }
    let eos = configuration.eosTokenIDs
    if !eos.isEmpty { values["eos_token_id"] = eos.count == 1 ? eos[0] : eos }
    if let pad = configuration.padTokenID { values["pad_token_id"] = pad }
    let data = try JSONSerialization.data(
      withJSONObject: values, options: [.prettyPrinted, .sortedKeys])
    try write(data, to: folder.appending(path: "generation_config.json"))
  }

  private static func writeWeights(_ tensors: NamedTensors, _ folder: URL, _ limit: Int) throws {
    let shards = split(tensors, limit)
    guard shards.count > 1 else {
      try SafetensorsWriter.write(tensors, to: folder.appending(path: "model.safetensors"))
      try removeWeights(folder, besides: ["model.safetensors"])
      return
    }
    var map: [String: String] = [:]
    for (index, shard) in shards.enumerated() {
      let name = "model-\(padded(index + 1))-of-\(padded(shards.count)).safetensors"
      try SafetensorsWriter.write(shard, to: folder.appending(path: name))
      for (tensor, _) in shard { map[tensor] = name }
    }
    let total = tensors.reduce(0) { $0 + byteCount($1.tensor) }
    let count = tensors.reduce(0) { $0 + $1.tensor.elementCount }
    let index: [String: Any] = [
      "metadata": ["total_size": total, "total_parameters": count], "weight_map": map,
    ]
    let data = try JSONSerialization.data(
      withJSONObject: index, options: [.prettyPrinted, .sortedKeys])
    try write(data, to: folder.appending(path: "model.safetensors.index.json"))
    try removeWeights(folder, besides: Set(map.values).union(["model.safetensors.index.json"]))
  }

  /// Removes weights of an older model, which would be read instead of the new ones or waste space.
  private static func removeWeights(_ folder: URL, besides kept: Set<String>) throws {
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let isShard =
          name.hasPrefix("model-") && name.contains("-of-") && name.hasSuffix(".safetensors")
        let isWhole = name == "model.safetensors" || name == "model.safetensors.index.json"
        guard isShard || isWhole, !kept.contains(name) else { continue }
        try FileManager.default.removeItem(at: folder.appending(path: name))
      }
    } catch {
      throw ModelFolderError.unwritable(path: folder.path, reason: error.localizedDescription)
    }
  }

  private static func split(_ tensors: NamedTensors, _ limit: Int) -> [NamedTensors] {
    var shards: [NamedTensors] = [[]]
    var size = 0
    for entry in tensors {
      let bytes = byteCount(entry.tensor)
      if size + bytes > limit, size > 0 {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(entry)
      size += bytes
    }
    return shards
  }

  private static func byteCount(_ tensor: Tensor) -> Int {
    tensor.elementCount * tensor.elementType.byteCount
  }

  private static func padded(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 5 - text.count)) + text
  }

  static func write(_ data: Data, to url: URL) throws {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw ModelFolderError.unwritable(path: url.path, reason: error.localizedDescription)
    }
  }
}
