// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Tokenizers
public import Torch

/// A model folder in Hugging Face layout: configuration, weights, tokenizer, generation defaults.
///
/// A folder that holds an adapter opens as the model it makes of its base, which is looked for where the adapter's
/// configuration says.
public struct ModelFolder {
  /// The folder.
  public let url: URL
  /// Its `config.json`, or that of an adapter's base; of a Gemma 3 that reads images too, the part about its text
  /// model.
  public let configuration: ModelConfiguration
  /// What the adapter in the folder is; nil for whole models.
  public let adapter: AdapterConfiguration?
  /// Where the weights of the model are: the folder itself, or an adapter's base.
  public let weightsURL: URL
  /// Whether the base is one that was given in place of the adapter's own.
  let hasGivenBase: Bool
  private let family: ModelFamily

  /// Opens a folder; weights are read later.
  ///
  /// - Parameters:
  ///   - url: the folder.
  ///   - base: the base of an adapter in the folder, in place of the one its configuration names.
  /// - Throws: ``ModelFolderError`` where it is no model folder or of an unknown architecture; ``AdapterError``.
  public init(_ url: URL, base: URL? = nil) throws {
    try Self.checkFolder(url)
    self.url = url
    adapter = try Self.hasAdapter(url) ? AdapterConfiguration(folder: url) : nil
    hasGivenBase = base != nil
    weightsURL = try adapter.map { try base ?? Self.base(of: $0, in: url) } ?? url
    let whole = try ModelConfiguration(folder: weightsURL)
    guard let family = ModelFamily.all[whole.family] else {
      throw ModelFolderError.unknownArchitecture(
        path: weightsURL.appending(path: "config.json").path, found: whole.family,
        known: ModelFamily.all.keys.sorted())
    }
    self.family = family
    var own = whole
    if let part = family.part, !part.isWhole {
      own = try whole.part(part.field, standardFamily: part.standardFamily)
    }
    if adapter?.task == .scalarHead {
      own = try own.asTrunk(labelCount: Self.labelCount(ofAdapter: url))
    }
    configuration = own
  }

  private static func checkFolder(_ url: URL) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
      throw ModelFolderError.notAModel(path: url.path, reason: "there is no such folder")
    }
    guard isDirectory.boolValue else {
      throw ModelFolderError.notAModel(
        path: url.path, reason: "it is a file; name the folder it is in")
    }
  }

  /// Reads the language model; of a folder with an adapter an ``AdaptedModel``.
  ///
  /// - Parameters:
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  ///   - quantization: how the frozen matrices are kept in memory; nil keeps them as the files have them.
  ///   - isForDecoding: packs bfloat16 matrices where the device can, see ``LanguageModel/packed()``; such a model cannot
  ///     be trained or saved.
  ///   - base: an adapter's base where it is in memory already; it is shared.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, ``AdapterError``, `WeightsError`, `SafetensorsError`.
  public func languageModel(
    elementType: ElementType? = .float32, device: Device = .cpu,
    quantization: Quantization? = nil, isForDecoding: Bool = false,
    base: (any LanguageModel)? = nil
  ) throws -> any LanguageModel {
    guard configuration.hasLanguageHead else {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a reward model (sequence classifier)", wanted: "a language model")
    }
    let base =
      try base
      ?? baseModel(
        withoutHead: false, elementType: elementType, device: device, quantization: quantization,
        isForDecoding: isForDecoding)
    return try adapter.map { try adapted(base, $0) } ?? base
  }

  /// Reads the model in ``weightsURL``, without an adapter and without a scalar head.
  ///
  /// - Parameters:
  ///   - withoutHead: leaves out an output matrix that is not the embedding.
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  ///   - quantization: how the matrices are kept in memory; nil keeps them as the files have them.
  ///   - isForDecoding: packs bfloat16 matrices where the device can.
  /// - Returns: the model, frozen; adapters may share it.
  /// - Throws: `WeightsError`, `SafetensorsError`.
  package func baseModel(
    withoutHead: Bool, elementType: ElementType?, device: Device, quantization: Quantization?,
    isForDecoding: Bool = false
  ) throws -> any LanguageModel {
    let store = try store(elementType, device, quantization, packs: isForDecoding)
    let model = try (withoutHead ? configuration.asTrunk() : configuration).build(store.root)
    try store.finish { name in
      isUnread(name) || (!configuration.hasLanguageHead && name == "score.weight")
    }
    return model
  }

  /// Reads a reward model or critic, or puts a fresh head on a language model.
  ///
  /// - Parameters:
  ///   - generator: draws a fresh head where the folder has none; nil refuses such folders.
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  ///   - quantization: how the frozen matrices are kept in memory; nil keeps them as the files have them.
  ///   - base: the trunk, or an adapter's base, where it is in memory already; it is shared.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, ``AdapterError``, `WeightsError`, `SafetensorsError`.
  public func scalarHeadModel(
    freshHead generator: Generator? = nil, elementType: ElementType? = .float32,
    device: Device = .cpu, quantization: Quantization? = nil, base: (any LanguageModel)? = nil
  ) throws -> ScalarHeadModel {
    if configuration.hasLanguageHead {
      guard let generator else {
        throw ModelFolderError.wrongKind(
          path: url.path, found: "a language model",
          wanted:
            "a reward model (sequence classifier with score.weight); train one with `attune reward`"
        )
      }
      return ScalarHeadModel(
        trunk: try languageModel(
          elementType: elementType, device: device, quantization: quantization, base: base),
        generator: generator)
    }
    if let labels = try configuration.labels(), labels.count != 1 {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a classifier with \(labels.count) labels",
        wanted: "a reward model, which has one; `attune score` gives the outputs of all labels")
    }
    return try headed(elementType, device, quantization, base) { trunk, store in
      ScalarHeadModel(trunk: trunk, store: store, deviation: 0)
    }
  }

  /// Reads trunk and head, with the adapter in the folder where there is one.
  private func headed<Model>(
    _ elementType: ElementType?, _ device: Device, _ quantization: Quantization?,
    _ base: (any LanguageModel)?, _ make: (any LanguageModel, ParameterStore) throws -> Model
  ) throws -> Model {
    let trunk =
      try base
      ?? baseModel(
        withoutHead: true, elementType: elementType, device: device, quantization: quantization)
    if let adapter { return try adaptedHead(trunk, adapter, make) }
    let store = try store(elementType, device, nil)
    let model = try make(trunk, store)
    // Everything else was read, or refused, with the trunk.
    try store.finish { $0 != "score.weight" }
    return model
  }

  /// Reads a sequence classifier with any number of labels, a reward model among them.
  ///
  /// - Parameters:
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  ///   - quantization: how the frozen matrices are kept in memory; nil keeps them as the files have them.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, ``AdapterError``, `WeightsError`, `SafetensorsError`.
  public func classifierModel(
    elementType: ElementType? = .float32, device: Device = .cpu, quantization: Quantization? = nil
  ) throws -> ClassifierModel {
    guard !configuration.hasLanguageHead else {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a language model",
        wanted: "a sequence classifier with score.weight")
    }
    // Files that name no labels have two, the number transformers assumes.
    let labels = try configuration.labels() ?? ["LABEL_0", "LABEL_1"]
    return try headed(elementType, device, quantization, nil) { trunk, store in
      ClassifierModel(trunk: trunk, labels: labels, store: store, deviation: 0)
    }
  }

  private func store(
    _ elementType: ElementType?, _ device: Device, _ quantization: Quantization?,
    packs: Bool = false
  ) throws -> ParameterStore {
    let partTrunk = try family.part.flatMap {
      ModelFamily.all[try configuration.partFamily($0)]?.trunk
    }
    let source = RenamedSource(
      try CheckpointSource(folder: weightsURL), for: family, partTrunk: partTrunk ?? family.trunk)
    return ParameterStore(
      reading: source, elementType: elementType ?? configuration.storedType ?? .float32,
      device: device, quantization: quantization, packsMatrices: packs)
  }

  /// Draws a new language model of a shape.
  public static func newLanguageModel(
    _ configuration: ModelConfiguration, generator: Generator, elementType: ElementType = .float32,
    device: Device = .cpu
  ) throws -> any LanguageModel {
    let store = ParameterStore(generator: generator, elementType: elementType, device: device)
    return try configuration.build(store.root)
  }

  /// The output matrix that a file may hold although the model is tied or has no language head.
  private func isUnread(_ name: String) -> Bool {
    name == family.head || name == ModelFamily.all[configuration.family]?.head
  }

  /// Where a file is: in the folder itself, else in that of an adapter's base.
  func folder(with file: String) -> URL {
    FileManager.default.fileExists(atPath: url.appending(path: file).path) ? url : weightsURL
  }

  /// The folder's tokenizer, that of an adapter's base, or that of another folder; its vocabulary must fit the model.
  public func tokenizer(at other: URL? = nil) throws -> Tokenizer {
    let folder = other ?? folder(with: "tokenizer.json")
    let tokenizer = try Tokenizer(folder: folder)
    if let count = configuration.vocabularyCount, tokenizer.vocabularyCount > count {
      throw ModelFolderError.badConfiguration(
        path: folder.appending(path: "tokenizer.json").path, field: "vocabulary",
        reason: "the tokenizer knows \(tokenizer.vocabularyCount) tokens, the model \(count)")
    }
    return tokenizer
  }
}
