// SPDX-License-Identifier: Apache-2.0
import LanguageModels

extension MetricMeans {
  /// Adds `shared_token_share`, the share of a batch's tokens that the model need not read: an earlier text of the same
  /// forward pass begins with them.
  mutating func addSharing(_ batch: TokenBatch, in model: any LanguageModel) {
    let count = Double(batch.tokenCount)
    add(
      "shared_token_share", 1 - Double(model.readTokenCount(of: batch)) / count, weight: count)
  }
}
