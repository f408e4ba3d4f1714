// SPDX-License-Identifier: Apache-2.0
import Torch

extension LanguageModel {
  /// Log-probabilities of given continuations of one text, which is read once: the scores of multiple choice.
  ///
  /// - Parameters:
  ///   - prefix: token ids, at least one.
  ///   - continuations: token ids that may follow; an empty one gets no numbers.
  ///   - batchSize: continuations read together.
  /// - Returns: for each continuation log π of its tokens, in nats, given the prefix and the tokens before.
  public func continuationLogProbs(
    after prefix: [Int], _ continuations: [[Int]], batchSize: Int = 16
  ) -> [[Float]] {
    precondition(!prefix.isEmpty, "continuations: the text before them is empty")
    precondition(batchSize > 0, "continuations: at least one together, got \(batchSize)")
    var results = continuations.map { _ in [Float]() }
    let order = continuations.indices.filter { !continuations[$0].isEmpty }
      .sorted { (continuations[$0].count, $0) < (continuations[$1].count, $1) }
    guard let longest = order.last.map({ continuations[$0].count }) else { return results }
    withoutGrad {
      let rowCount = min(batchSize, order.count)
      let cache = makeCache(rowCount: rowCount + 1, capacity: prefix.count + longest)
      let read = states([prefix], cache: cache)
      let last = read.narrowed(1, prefix.count - 1..<prefix.count).squeezed(1)  // [1, D]
      let first = logits(last).logSoftmax(-1)
        .gathered(1, Tensor(rows: [order.map { continuations[$0][0] }], device: device)).floats
      for (index, logProb) in zip(order, first) { results[index].append(logProb) }
      // Scalings that depend on the length give the text other keys when more follows: then it is read again.
      let later = order.filter { continuations[$0].count > 1 }
      for start in stride(from: 0, to: later.count, by: rowCount) {
        let part = later[start..<min(later.count, start + rowCount)]
        append(part.map { ($0, continuations[$0]) }, prefix, cache, &results)
      }
    }
    return results
  }

  /// The tokens behind the first of some continuations.
  private func append(
    _ part: [(index: Int, ids: [Int])], _ prefix: [Int], _ cache: KVCache,
    _ results: inout [[Float]]
  ) {
    let rows = Array(1...part.count)
    let isShared = part.allSatisfy { sharesKeys(prefix.count, prefix.count + $0.ids.count - 1) }
    for row in rows {
      if isShared { cache.copy(row: 0, to: row) } else { cache.truncate(row: row, to: 0) }
    }
    let skipped = isShared ? 0 : prefix.count
    let tokens = part.map { (isShared ? [] : prefix) + $0.ids.dropLast() }
    let states = states(tokens, rows: rows, cache: cache)  // [b, T, D]
    let width = states.size(1)
    let places = part.enumerated().flatMap { row, item in
      (0..<item.ids.count - 1).map { row * width + skipped + $0 }
    }
    let asked = states.reshaped([-1, states.size(-1)]).rows(Tensor(places, device: device))
    let logProbs = Torch.targetLogProbs(
      hidden: asked, weight: outputWeight,
      targets: Tensor(part.flatMap { $0.ids.dropFirst() }, device: device), cap: logitCap
    ).logProbs.floats
    var offset = 0
    for item in part {
      results[item.index] += logProbs[offset..<offset + item.ids.count - 1]
      offset += item.ids.count - 1
    }
  }
}
