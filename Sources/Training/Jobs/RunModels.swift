// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Torch

/// Opens the models of one run.
///
/// Where all weights are trained every model has memory of its own. With adapters a base is read once, stays frozen,
/// and is shared by all adapters on it and by the references, which are it, or it with an older adapter.
final class RunModels {
  private let settings: JobSettings
  private var bases: [String: any LanguageModel] = [:]

  init(_ settings: JobSettings) throws {
    guard settings.adapter != nil || settings.quantization == nil else {
      throw TrainingError.badSetting(
        name: settings.quantization == .nf4 ? "load_in_4bit" : "load_in_8bit", value: "true",
        wanted: "use_peft as well: weights in so few bits cannot be trained, an adapter on them can"
      )
    }
    try settings.adapter?.validate()
    self.settings = settings
  }

  /// The policy, to be trained: all of it, or an adapter.
  ///
  /// - Parameters:
  ///   - folder: where the run starts. Its adapter, if it holds one, goes on being trained, or is merged where all
  ///     weights are trained.
  ///   - checkpoint: where it continues.
  /// - Returns: the model, whose parameters are those that are trained.
  /// - Throws: errors of folders and adapters.
  func policy(_ folder: ModelFolder, checkpoint: URL?) throws -> any LanguageModel {
    let model: any LanguageModel
    if let adapter = settings.adapter {
      let base = try base(folder, withoutHead: false)
      if let checkpoint {
        model = try ModelFolder(checkpoint, base: folder.weightsURL).languageModel(base: base)
      } else if folder.adapter != nil {
        tellContinued(folder)
        model = try folder.languageModel(base: base)
      } else {
        model = try AdaptedModel(base, named(adapter, folder), generator: generator)
      }
    } else {
      model = try merged(open(try checkpoint.map { try ModelFolder($0) } ?? folder))
    }
    model.setTrainable(true)
    return model
  }

  /// A frozen language model that another is held against.
  func reference(_ folder: ModelFolder) throws -> any LanguageModel {
    guard settings.adapter != nil else { return try open(folder) }
    return try folder.languageModel(base: try base(folder, withoutHead: false))
  }

  /// A reward model or critic, to be trained with its head: all of it, or an adapter.
  ///
  /// - Parameters:
  ///   - folder: a reward model, or a language model, which gets a fresh head.
  ///   - checkpoint: where the run continues.
  /// - Returns: the model, whose parameters are those that are trained.
  /// - Throws: errors of folders and adapters.
  func trainedScalarHead(_ folder: ModelFolder, checkpoint: URL?) throws -> ScalarHeadModel {
    let model: ScalarHeadModel
    let head = Generator(seed: settings.seed)
    if let adapter = settings.adapter {
      let base = try base(folder, withoutHead: true)
      if let checkpoint {
        model = try ModelFolder(checkpoint, base: folder.weightsURL).scalarHeadModel(base: base)
      } else if folder.adapter != nil {
        tellContinued(folder)
        model = try folder.scalarHeadModel(freshHead: head, base: base)
      } else {
        let whole = try folder.scalarHeadModel(freshHead: head, base: base)
        model = whole.onTrunk(
          try AdaptedModel(base, named(adapter, folder), generator: generator))
      }
    } else {
      let source = try checkpoint.map { try ModelFolder($0) } ?? folder
      let whole = try source.scalarHeadModel(
        freshHead: head, elementType: settings.elementType, device: settings.device)
      model = whole.onTrunk(try merged(whole.trunk))
    }
    model.setTrainable(true)
    return model
  }

  /// A frozen reward model.
  func rewardModel(_ folder: ModelFolder) throws -> ScalarHeadModel {
    guard settings.adapter != nil else {
      return try folder.scalarHeadModel(
        elementType: settings.elementType, device: settings.device)
    }
    return try folder.scalarHeadModel(base: try base(folder, withoutHead: true))
  }

  // MARK: Bases

  private func open(_ folder: ModelFolder) throws -> any LanguageModel {
    try folder.languageModel(elementType: settings.elementType, device: settings.device)
  }

  private func merged(_ model: any LanguageModel) throws -> any LanguageModel {
    guard let adapted = model as? AdaptedModel else { return model }
    settings.console.line("the start is an adapter: it is merged, and all weights are trained")
    return try adapted.merged()
  }

  /// The frozen model under the adapters in a folder, or that the folder is.
  private func base(_ folder: ModelFolder, withoutHead: Bool) throws -> any LanguageModel {
    let place = folder.weightsURL.standardizedFileURL.path
    // A model with a head serves those who need none too.
    if let known = bases[place] ?? (withoutHead ? bases["trunk of \(place)"] : nil) { return known }
    let model = try folder.baseModel(
      withoutHead: withoutHead, elementType: settings.elementType, device: settings.device,
      quantization: settings.quantization)
    bases[withoutHead ? "trunk of \(place)" : place] = model
    return model
  }

  private var generator: Generator { Generator(seed: SplitMix(settings.seed, 0xADA9).state) }

  private func named(
    _ adapter: AdapterConfiguration, _ folder: ModelFolder
  ) -> AdapterConfiguration {
    var adapter = adapter
    adapter.baseName = settings.hubBase ?? folder.weightsURL.relativePath
    return adapter
  }

  private func tellContinued(_ folder: ModelFolder) {
    settings.console.line(
      "goes on training the adapter in \(folder.url.lastPathComponent), with the rank and modules it has"
    )
  }
}
