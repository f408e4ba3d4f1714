// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Tokenizers
public import Torch

/// A model folder in Hugging Face layout: configuration, weights, tokenizer, generation defaults.
public struct ModelFolder {
  /// The folder.
  public let url: URL
  /// Its `config.json`; of a Gemma 3 that reads images too, the part about its text model.
  public let configuration: ModelConfiguration
  private let family: ModelFamily

  /// Opens a folder; weights are read later.
  ///
  /// - Throws: ``ModelFolderError`` where it is no model folder or of an unknown architecture.
  public init(_ url: URL) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
      throw ModelFolderError.notAModel(path: url.path, reason: "there is no such folder")
    }
    guard isDirectory.boolValue else {
      throw ModelFolderError.notAModel(
        path: url.path, reason: "it is a file; name the folder it is in")
    }
    self.url = url
    let whole = try ModelConfiguration(folder: url)
    guard let family = ModelFamily.all[whole.family] else {
      throw ModelFolderError.unknownArchitecture(
        path: url.appending(path: "config.json").path, found: whole.family,
        known: ModelFamily.all.keys.sorted())
    }
    self.family = family
    if let part = family.part, !part.isWhole {
      configuration = try whole.part(part.field, standardFamily: part.standardFamily)
    } else {
      configuration = whole
    }
  }

  /// Reads the language model.
  ///
  /// - Parameters:
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, `WeightsError`, `SafetensorsError`.
  public func languageModel(
    elementType: ElementType? = .float32, device: Device = .cpu
  ) throws -> any LanguageModel {
    guard configuration.hasLanguageHead else {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a reward model (sequence classifier)", wanted: "a language model")
    }
    let store = try store(elementType, device)
    let model = try configuration.build(store.root)
    try store.finish(ignoring: isUnread)
    return model
  }

  /// Reads a reward model or critic, or puts a fresh head on a language model.
  ///
  /// - Parameters:
  ///   - generator: draws a fresh head where the folder has none; nil refuses such folders.
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, `WeightsError`, `SafetensorsError`.
  public func scalarHeadModel(
    freshHead generator: Generator? = nil, elementType: ElementType? = .float32,
    device: Device = .cpu
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
        trunk: try languageModel(elementType: elementType, device: device), generator: generator)
    }
    if let labels = try configuration.labels(), labels.count != 1 {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a classifier with \(labels.count) labels",
        wanted: "a reward model, which has one; `attune score` gives the outputs of all labels")
    }
    let store = try store(elementType, device)
    let model = ScalarHeadModel(
      trunk: try configuration.build(store.root), store: store, deviation: 0)
    try store.finish(ignoring: isUnread)
    return model
  }

  /// Reads a sequence classifier with any number of labels, a reward model among them.
  ///
  /// - Parameters:
  ///   - elementType: type of the parameters in memory; nil keeps the file's.
  ///   - device: where they shall live.
  /// - Returns: the model, frozen.
  /// - Throws: ``ModelFolderError``, `WeightsError`, `SafetensorsError`.
  public func classifierModel(
    elementType: ElementType? = .float32, device: Device = .cpu
  ) throws -> ClassifierModel {
    guard !configuration.hasLanguageHead else {
      throw ModelFolderError.wrongKind(
        path: url.path, found: "a language model",
        wanted: "a sequence classifier with score.weight")
    }
    let store = try store(elementType, device)
    // Files that name no labels have two, the number transformers assumes.
    let labels = try configuration.labels() ?? ["LABEL_0", "LABEL_1"]
    let model = ClassifierModel(
      trunk: try configuration.build(store.root), labels: labels, store: store, deviation: 0)
    try store.finish(ignoring: isUnread)
    return model
  }

  private func store(_ elementType: ElementType?, _ device: Device) throws -> ParameterStore {
    let partTrunk = try family.part.flatMap {
      ModelFamily.all[try configuration.partFamily($0)]?.trunk
    }
    let source = RenamedSource(
      try CheckpointSource(folder: url), for: family, partTrunk: partTrunk ?? family.trunk)
    return ParameterStore(
      reading: source, elementType: elementType ?? configuration.storedType ?? .float32,
      device: device)
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

  /// The folder's tokenizer, or that of another folder; its vocabulary must fit the model.
  public func tokenizer(at folder: URL? = nil) throws -> Tokenizer {
    let url = folder ?? url
    let tokenizer = try Tokenizer(folder: url)
    if let count = configuration.vocabularyCount, tokenizer.vocabularyCount > count {
      throw ModelFolderError.badConfiguration(
        path: url.appending(path: "tokenizer.json").path, field: "vocabulary",
        reason: "the tokenizer knows \(tokenizer.vocabularyCount) tokens, the model \(count)")
    }
    return tokenizer
  }
}
