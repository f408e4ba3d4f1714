// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

extension LanguageModel {
  /// Log-probabilities of a text's own tokens with the likeliest ones in their places.
  ///
  /// - Parameter text: the tokens, at least one.
  /// - Returns: one entry for each token but the first, nats under the model's own distribution.
  func tokenLogProbs(of text: GenerationJob.ScoredText) -> [DecodedToken] {
    guard text.ids.count > 1 else { return [] }
    let states = self.states(
      Tensor(text.ids, shape: [1, text.ids.count], device: device), checkpointing: false)
    let count = text.ids.count - 1
    var tokens: [DecodedToken] = []
    // Logits of a long text at once would take more memory than the model.
    for start in stride(from: 0, to: count, by: Self.positionsAtOnce) {
      let places = start..<min(count, start + Self.positionsAtOnce)
      let logits = self.logits(states.picked(0, 0).narrowed(0, places))  // [n, V]
      tokens += Self.read(
        logits.logSoftmax(-1), Array(text.ids[places.lowerBound + 1...places.upperBound]),
        alternativeCount: min(text.alternativeCount, logits.size(-1)))
    }
    return tokens
  }

  private static var positionsAtOnce: Int { 256 }

  private static func read(
    _ logProbs: Tensor, _ ids: [Int], alternativeCount: Int
  ) -> [DecodedToken] {
    let own = logProbs.gathered(-1, Tensor(ids, shape: [ids.count, 1], device: logProbs.device))
      .reshaped([-1]).floats
    guard alternativeCount > 0 else {
      return zip(ids, own).map { DecodedToken(id: $0, logProb: $1, alternatives: []) }
    }
    let (values, places) = logProbs.top(alternativeCount)
    let (likely, names) = (values.reshaped([-1]).floats, places.reshaped([-1]).to(.float64).doubles)
    return ids.indices.map { row in
      let range = row * alternativeCount..<(row + 1) * alternativeCount
      return DecodedToken(
        id: ids[row], logProb: own[row],
        alternatives: range.map { TokenLogProb(id: Int(names[$0]), logProb: likely[$0]) })
    }
  }
}
