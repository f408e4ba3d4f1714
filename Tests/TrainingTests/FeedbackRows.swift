// SPDX-License-Identifier: Apache-2.0
import Feedback
import Torch

@testable import Training

extension Letters {
  /// Completions of letters of `better`, which are liked, and of `worse`, which are not, in turn.
  static func thumbs(
    _ count: Int, seed: UInt64 = 1, better: String = "abcd", worse: String = "efgh"
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { place in
      let isGood = place.isMultiple(of: 2)
      return Record(
        .unpairedPreference(
          prompt: .plain(word(&random, 3...8, of: "abcdefgh")),
          completion: .plain(" " + word(&random, 3...10, of: isGood ? better : worse)),
          label: isGood))
    }
  }

  /// Lists of two to four completions, best first: the best of `letters` of `better` alone, the next of both halves,
  /// the last of `worse`. Labels are scores from 1 to 0.
  static func lists(
    _ count: Int, seed: UInt64 = 1, better: String = "abcd", worse: String = "efgh"
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { place in
      let middle = place % 3
      let sets = [better] + [String](repeating: better + worse, count: middle) + [worse]
      let scores = sets.indices.map { 1 - Double($0) / Double(sets.count - 1) }
      return Record(
        .ranking(
          Ranking(
            prompt: .plain(word(&random, 3...8, of: "abcdefgh")),
            completions: sets.map { .plain(" " + word(&random, 3...10, of: $0)) },
            ranks: Ranking.ranks(ofScores: scores), scores: scores)))
    }
  }

  /// The same rows with weights 0.5, 1, 1.5, 2, 0.5, …
  static func weighted(_ records: [Record]) -> [Record] {
    records.enumerated().map { place, record in
      var record = record
      record.weight = Double(place % 4 + 1) / 2
      return record
    }
  }
}
