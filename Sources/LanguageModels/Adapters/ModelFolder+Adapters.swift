// SPDX-License-Identifier: Apache-2.0
public import Foundation
import Tokenizers
import Torch

// Folders with adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors.

extension ModelFolder {
  /// Finds bases that no folder of this machine is, by their names on a hub.
  public struct BaseLocator: Sendable {
    /// The folder of a model, of its name; throws where there is none.
    public let folder: @Sendable (String) throws -> URL

    /// A locator that calls a function.
    public init(_ folder: @escaping @Sendable (String) throws -> URL) { self.folder = folder }
  }

  /// The locator in force; nil knows the folders of this machine alone.
  ///
  /// A struct: an optional function as task-local value has no metadata in optimized builds of Swift 6.3.1, and crashes.
  @TaskLocal public static var baseLocator: BaseLocator?

  /// Whether a folder holds an adapter in place of a whole model.
  static func hasAdapter(_ url: URL) -> Bool {
    FileManager.default.fileExists(
      atPath: url.appending(path: AdapterConfiguration.fileName).path)
  }

  /// What a user should know about the base: that another one was given than the adapter was made for. Nil where all
  /// is well.
  public var baseNote: String? {
    guard let adapter, let name = adapter.baseName, !name.isEmpty, hasGivenBase,
      Self.localBase(of: adapter, in: url)?.standardizedFileURL != weightsURL.standardizedFileURL
    else { return nil }
    return "\(url.lastPathComponent) was trained on '\(name)', and is put on '\(weightsURL.path)'; "
      + "if these are not the same model, its results mean nothing"
  }

  /// The folder of an adapter's base.
  static func base(of adapter: AdapterConfiguration, in url: URL) throws -> URL {
    let name = adapter.baseName ?? ""
    guard !name.isEmpty else {
      throw AdapterError.badBase(
        path: url.path, base: name,
        reason: "adapter_config.json names none in base_model_name_or_path; write its folder there")
    }
    guard let found = try localBase(of: adapter, in: url) ?? baseLocator?.folder(name),
      isModel(found)
    else { throw AdapterError.baseNotFound(path: url.path, base: name) }
    guard !hasAdapter(found) else {
      throw AdapterError.badBase(
        path: url.path, base: name,
        reason: "it is an adapter itself; merge it into its base first: attune merge")
    }
    return found
  }

  /// The folder of an adapter's base on this machine: as its name says from here, or from the adapter's folder
  /// upwards.
  private static func localBase(of adapter: AdapterConfiguration, in url: URL) -> URL? {
    guard let name = adapter.baseName, !name.isEmpty else { return nil }
    var candidates = [URL(filePath: name)]
    if !name.hasPrefix("/") {
      var place = url.standardizedFileURL
      while place.pathComponents.count > 1 {
        place = place.deletingLastPathComponent()
        candidates.append(place.appending(path: name))
      }
    }
    return candidates.first(where: isModel)
  }

  private static func isModel(_ url: URL) -> Bool {
    ["config.json", AdapterConfiguration.fileName].contains {
      FileManager.default.fileExists(atPath: url.appending(path: $0).path)
    }
  }

  private func adapterFile() throws -> SafetensorsFile {
    let file = url.appending(path: AdapterNames.fileName)
    let pickle = url.appending(path: "adapter_model.bin")
    guard FileManager.default.fileExists(atPath: file.path) else {
      if FileManager.default.fileExists(atPath: pickle.path) {
        throw ModelFolderError.unsupportedWeights(
          path: pickle.path,
          reason:
            "a pickle can run any program when it is read, so it is refused; load it with PEFT "
            + "and save it again, which writes \(AdapterNames.fileName)")
      }
      throw ModelFolderError.notAModel(
        path: url.path,
        reason: "it has \(AdapterConfiguration.fileName) but no \(AdapterNames.fileName)")
    }
    return try SafetensorsFile(file)
  }

  /// The folder's adapter on a base in memory.
  func adapted(
    _ base: any LanguageModel, _ adapter: AdapterConfiguration
  ) throws -> AdaptedModel {
    let path = url.appending(path: AdapterNames.fileName).path
    return try AdaptedModel(base, renamed(adapter), .stored(adapterFile(), path: path))
  }

  /// Labels of the head in an adapter's file; nil where it has none.
  static func labelCount(ofAdapter url: URL) -> Int? {
    let file = try? SafetensorsFile(url.appending(path: AdapterNames.fileName))
    return file?.shape(of: AdapterNames.score)?.first
  }

  /// The folder's adapter on a trunk in memory, with the head that belongs to it.
  func adaptedHead<Model>(
    _ base: any LanguageModel, _ adapter: AdapterConfiguration,
    _ make: (any LanguageModel, ParameterStore) throws -> Model
  ) throws -> Model {
    let file = try adapterFile()
    let path = url.appending(path: AdapterNames.fileName).path
    let head = AdapterNames.score
    guard let tensor = try file.tensor(head) else {
      throw AdapterError.missing(path: path, names: [head])
    }
    let trunk = try AdaptedModel(
      base, renamed(adapter), .stored(file, path: path), ignoring: [head])
    let store = ParameterStore(
      reading: TensorDictionary([("score.weight", tensor)]), elementType: base.elementType,
      device: base.device)
    let model = try make(trunk, store)
    try store.finish()
    return model
  }

  /// With a name of the base that is right wherever the adapter is saved next.
  private func renamed(_ adapter: AdapterConfiguration) -> AdapterConfiguration {
    // A name of the hub stays one, wherever its files are kept.
    guard Self.localBase(of: adapter, in: url) != nil,
      URL(filePath: adapter.baseName ?? "").standardizedFileURL != weightsURL.standardizedFileURL
    else { return adapter }
    var adapter = adapter
    adapter.baseName = weightsURL.relativePath
    return adapter
  }

  /// The language model with its adapter's updates added to its matrices, in float32; of a whole model the model.
  ///
  /// - Throws: ``ModelFolderError``, ``AdapterError``, `WeightsError`, `SafetensorsError`.
  public func mergedLanguageModel() throws -> any LanguageModel {
    let model = try languageModel()
    return try (model as? AdaptedModel)?.merged() ?? model
  }

  /// The reward model with its adapter's updates added to its matrices, in float32; of a whole model the model.
  ///
  /// - Throws: ``ModelFolderError``, ``AdapterError``, `WeightsError`, `SafetensorsError`.
  public func mergedScalarHeadModel() throws -> ScalarHeadModel {
    let model = try scalarHeadModel()
    return try (model.trunk as? AdaptedModel).map { model.onTrunk(try $0.merged()) } ?? model
  }

  // MARK: Saving

  static func saveAdapter(
    _ parameters: NamedTensors, _ configuration: AdapterConfiguration,
    _ task: AdapterConfiguration.Task, _ tokenizer: Tokenizer?, _ folder: URL, _ type: ElementType?
  ) throws {
    var configuration = configuration
    configuration.task = task
    if task == .scalarHead {
      // PEFT names both heads it knows.
      let heads = ["classifier", "score"].filter { !configuration.modulesToSave.contains($0) }
      configuration.modulesToSave += heads
    }
    let stored = withoutGrad {
      parameters.map { name, tensor in
        (name, type.map { tensor.detached().to($0) } ?? tensor.detached())
      }
    }
    try makeFolder(folder)
    try tokenizer?.save(to: folder)
    try SafetensorsWriter.write(stored, to: folder.appending(path: AdapterNames.fileName))
    try write(
      try configuration.data(), to: folder.appending(path: AdapterConfiguration.fileName))
  }

  /// Removes an adapter of an older run, in whose place the folder now holds a whole model.
  static func removeAdapter(_ folder: URL) throws {
    for name in [AdapterConfiguration.fileName, AdapterNames.fileName] {
      let file = folder.appending(path: name)
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      do {
        try FileManager.default.removeItem(at: file)
      } catch {
        throw ModelFolderError.unwritable(path: file.path, reason: error.localizedDescription)
      }
    }
  }
}
