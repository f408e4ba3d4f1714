// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Training

@Suite("Texts longer than a model's positions")
struct LengthLimitTests {
  /// A GPT-2 with 16 positions and the tokenizer of the workshop's Llama.
  private func workshop() throws -> Workshop {
    let workshop = try Workshop()
    let shape = GPT2Configuration(
      vocabularyCount: TinyModel.vocabularyCount, width: 16, layerCount: 1, headCount: 2,
      maximumLength: 16)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: TinyModel.endID, padTokenID: 0)
    let model = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 1))
    try ModelFolder.save(model, tokenizer: try workshop.tokenizer(), to: workshop.base)
    return workshop
  }

  private func failure(_ body: () throws -> Void) -> TrainingError? {
    do {
      try body()
      return nil
    } catch {
      return error as? TrainingError
    }
  }

  @Test("are told before anything is trained, with the setting that bounds them")
  func told() throws {
    let workshop = try workshop()
    let settings = workshop.settings("run", steps: 2)
    // Prompts of 3 to 8 letters and completions of up to 14 tokens.
    let sft = failure {
      try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(40))
    }
    let dpo = failure {
      try DPOJob(settings: settings, modelFolder: workshop.base).run(on: Letters.pairs(40))
    }
    let reward = failure {
      try RewardJob(settings: settings, modelFolder: workshop.base).run(on: Letters.pairs(40))
    }
    for error in [sft, dpo, reward] {
      guard case .badSetting("max_length", let value, let wanted) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(value.hasPrefix("leaves texts of "))
      #expect(wanted == "texts of at most 16, for which this gpt2 has positions")
    }
    #expect(!workshop.exists("run/model.safetensors"))
  }

  @Test("texts that fit are trained on")
  func fitting() throws {
    let workshop = try workshop()
    var settings = workshop.settings("run", steps: 2)
    settings.maxLength = 16
    try SFTJob(settings: settings, modelFolder: workshop.base).run(on: Letters.completions(40))
    let trained = try ModelFolder(workshop.folder["run"]).languageModel()
    #expect(trained.configuration.family == "gpt2")
    #expect(
      trained.parameters.first?.tensor.floats != (try workshop.model()).parameters[0].tensor.floats)
  }
}
