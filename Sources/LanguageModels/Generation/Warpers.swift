// SPDX-License-Identifier: Apache-2.0
package import Torch

/// The changes sampling makes to next-token scores, in the usual order: repetition, temperature, top-k, top-p, min-p.
package enum Warpers {
  private static let never = -Double.infinity

  /// Divides positive and multiplies negative scores of the tokens in each row's text.
  ///
  /// - Parameters:
  ///   - scores: `[B, V]`.
  ///   - texts: the tokens of each row so far.
  ///   - penalty: above 0; 1 changes nothing.
  /// - Returns: `[B, V]`.
  package static func repetition(_ scores: Tensor, _ texts: [[Int]], penalty: Double) -> Tensor {
    let count = scores.size(1)
    var seen = [Float](repeating: 0, count: scores.elementCount)
    for (row, text) in texts.enumerated() {
      for id in text where id < count { seen[row * count + id] = 1 }
    }
    let mask = Tensor(seen, shape: scores.shape, device: scores.device) .> 0
    let changed = select(where: scores .< 0, scores * penalty, scores / penalty)
    return select(where: mask, changed, scores)
  }

  /// Keeps the `count` best of each row, ties with the last of them too.
  package static func topK(_ scores: Tensor, _ count: Int) -> Tensor {
    guard count > 0, count < scores.size(-1) else { return scores }
    let least = scores.top(count).values.narrowed(-1, count - 1..<count)
    return scores.filled(where: scores .< least, with: never)
  }

  /// Keeps the likeliest tokens whose probabilities first reach `mass`; at least one.
  package static func topP(_ scores: Tensor, _ mass: Double) -> Tensor {
    guard mass < 1 else { return scores }
    let (ordered, indices) = scores.sorted(-1)
    let cumulative = ordered.softmax(-1).cumulativeSum(-1)
    let last = scores.size(-1) - 1
    let drops = cumulative.narrowed(-1, 0..<last) .<= (1 - mass)
    let keepsBest = Tensor.zeros([scores.size(0), 1], device: scores.device) .> 0
    let dropped = concatenated([drops, keepsBest], axis: -1).to(.float32)
    let mask = dropped.zerosLike().scattering(-1, indices, dropped)
    return scores.filled(where: mask .> 0, with: never)
  }

  /// Drops tokens less likely than `share` of the likeliest.
  package static func minP(_ scores: Tensor, _ share: Double) -> Tensor {
    guard share > 0 else { return scores }
    let probabilities = scores.softmax(-1)
    let bound = probabilities.max(-1, keep: true) * share
    return scores.filled(where: probabilities .< bound, with: never)
  }

  /// All truncations that `settings` ask for, on scores already divided by the temperature.
  package static func truncated(_ scores: Tensor, _ settings: SamplingSettings) -> Tensor {
    minP(topP(topK(scores, settings.topK), settings.topP), settings.minP)
  }
}
