// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Tokenizers
import Torch

extension LanguageModel {
  /// Stops where a reference cannot read what the policy reads: its vocabulary is another.
  ///
  /// - Parameters:
  ///   - tokenizer: that of the run.
  ///   - policy: a model whose whole distributions are compared with this one's; nil where there is none.
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  func requireVocabulary(of tokenizer: Tokenizer, sameAs policy: (any LanguageModel)? = nil) throws
  {
    let count = outputWeight.size(0)
    let wanted = policy?.outputWeight.size(0)
    guard count >= tokenizer.vocabularyCount, wanted == nil || wanted == count else {
      throw TrainingError.badSetting(
        name: "ref_model", value: "with a vocabulary of \(count) tokens",
        wanted:
          "one with the policy's \(wanted ?? tokenizer.vocabularyCount), since both read the same "
          + "token ids; name a model of the policy's family, or leave ref_model out")
    }
  }
}
