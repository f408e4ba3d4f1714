// SPDX-License-Identifier: Apache-2.0

import Training

extension JobSettings {
  /// What commands that learn from rows of feedback share, from their options.
  ///
  /// - Throws: ``UsageError`` for values that name nothing.
  init(
    learningRate: Double, _ model: ModelOptions, _ data: DataOptions, _ adapter: AdapterOptions,
    _ optimization: OptimizationOptions, _ bookkeeping: RunOptions
  ) throws {
    try self.init(
      run: bookkeeping, precision: model.precision, optimization: optimization,
      learningRate: learningRate, maxLength: data.maxLength, shuffles: data.shuffles,
      shownExampleCount: data.shownExampleCount, chatTemplate: try model.chatTemplate())
    groupsByLength = data.groupsByLength
    tokenizerFolder = try model.tokenizerFolder()
    self.adapter = adapter.configuration
    quantization = model.quantization.quantization
    disablesDropout = optimization.disablesDropout ?? true
    hubBase = model.hub.hubName(ofModel: model.modelPath)
    hubDatasets = data.named.name.map { [$0] } ?? []
  }
}
