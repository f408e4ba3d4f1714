// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Tokenizers
public import Torch

/// A model folder in Hugging Face layout: configuration, weights, tokenizer, generation defaults.
public struct ModelFolder {
  /// The folder.
  public let url: URL
  /// Its `config.json`.
  public let configuration: ModelConfiguration

  private typealias Builder =
    @Sendable (ModelConfiguration, ParameterStore) throws -> any LanguageModel
  /// The families known, by `model_type`.
  private static let families: [String: Builder] = [
    "llama": { try Llama($0, $1) }
  ]

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
    configuration = try ModelConfiguration(folder: url)
    guard Self.families[configuration.family] != nil else {
      throw ModelFolderError.unknownArchitecture(
        path: url.appending(path: "config.json").path, found: configuration.family,
        known: Self.families.keys.sorted())
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
    let store = ParameterStore(
      reading: try CheckpointSource(folder: url),
      elementType: elementType ?? configuration.storedType ?? .float32, device: device)
    let model = try Self.build(configuration, store)
    try store.finish(ignoring: Self.isHarmless)
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
    let store = ParameterStore(
      reading: try CheckpointSource(folder: url),
      elementType: elementType ?? configuration.storedType ?? .float32, device: device)
    let model = ScalarHeadModel(
      trunk: try Self.build(configuration, store), store: store, deviation: 0)
    try store.finish(ignoring: Self.isHarmless)
    return model
  }

  /// Draws a new language model of a shape.
  public static func newLanguageModel(
    _ configuration: ModelConfiguration, generator: Generator, elementType: ElementType = .float32,
    device: Device = .cpu
  ) throws -> any LanguageModel {
    let store = ParameterStore(generator: generator, elementType: elementType, device: device)
    return try build(configuration, store)
  }

  private static func build(
    _ configuration: ModelConfiguration, _ store: ParameterStore
  ) throws -> any LanguageModel {
    guard let builder = families[configuration.family] else {
      throw ModelFolderError.unknownArchitecture(
        path: configuration.path, found: configuration.family, known: families.keys.sorted())
    }
    return try builder(configuration, store)
  }

  /// Buffers old checkpoints carry, and the head a tied or headless model does not read.
  private static func isHarmless(_ name: String) -> Bool {
    name.hasSuffix("rotary_emb.inv_freq") || name == "lm_head.weight"
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
