// SPDX-License-Identifier: Apache-2.0
import LanguageModels

extension LanguageModel {
  /// Refuses texts for whose tokens the model has no positions, before anything is trained.
  ///
  /// - Parameters:
  ///   - tokenCount: of the longest text.
  ///   - setting: what bounds it, by its option's name.
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  func requirePositions(forTexts tokenCount: Int, boundBy setting: String) throws {
    guard let limit = lengthLimit, tokenCount > limit else { return }
    throw TrainingError.badSetting(
      name: setting, value: "leaves texts of \(tokenCount) tokens",
      wanted: "texts of at most \(limit), for which this \(configuration.family) has positions")
  }
}
