// SPDX-License-Identifier: Apache-2.0
import Torch

/// How tokens are chosen under some settings: everything that does not change from token to token, made once.
final class DecodingPlan {
  let settings: SamplingSettings
  private let processors: [any LogitsProcessor]
  private let alternativeCount: Int

  init(
    _ settings: SamplingSettings, vocabularyCount: Int, device: Device,
    others: [any LogitsProcessor]
  ) {
    self.settings = settings
    processors = settings.processors(
      vocabularyCount: vocabularyCount, device: device, others: others)
    alternativeCount = min(settings.alternativeCount, vocabularyCount)
  }

  /// Chooses a token a row.
  ///
  /// - Parameters:
  ///   - logits: `[B, V]`, float32.
  ///   - texts: the rows so far; made only where a processor wants them.
  ///   - uniforms: a random number a row in `[0, 1)`; made only for sampling.
  /// - Returns: float64 `[B, 2 + 2n]`, still on the device: token and log-probability, then n alternatives and theirs.
  func choose(
    _ logits: Tensor, texts: () -> [DecodedText], uniforms: () -> [Double]
  ) -> Tensor {
    let scores = processors.isEmpty ? logits : processors.process(logits, texts())
    let chosen =
      settings.isGreedy
      ? scores.argmax(-1, keep: true) : scores.softmax(-1).drawn(at: uniforms())  // [B, 1]
    let hasOwnScale = settings.isGreedy || settings.temperature == 1
    let raw = hasOwnScale ? logits : logits / settings.temperature
    let total = raw.logSumExp(-1, keep: true)
    var columns = [chosen.to(.float64), (raw.gathered(-1, chosen) - total).to(.float64)]
    if alternativeCount > 0 {
      let (values, ids) = raw.top(alternativeCount)
      columns += [ids.to(.float64), (values - total).to(.float64)]
    }
    return concatenated(columns, axis: 1)
  }

  /// Count of numbers a row that ``choose(_:texts:uniforms:)`` gives.
  var columnCount: Int { 2 + 2 * alternativeCount }

  /// Reads one row of what was chosen.
  func token(_ numbers: ArraySlice<Double>) -> DecodedToken {
    let first = numbers.startIndex
    let alternatives = (0..<alternativeCount).map { place in
      TokenLogProb(
        id: Int(numbers[first + 2 + place]),
        logProb: Float(numbers[first + 2 + alternativeCount + place]))
    }
    return DecodedToken(
      id: Int(numbers[first]), logProb: Float(numbers[first + 1]), alternatives: alternatives)
  }
}
