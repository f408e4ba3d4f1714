// SPDX-License-Identifier: Apache-2.0

/// Which pairs a list of completions becomes.
public enum PairExpansion: String, Sendable, Hashable, CaseIterable {
  /// Every two completions of different rank.
  case all
  /// The best against the worst.
  case bestAgainstWorst = "best_worst"
  /// The best against a random other of lower rank.
  case bestAgainstRandom = "best_random"
  /// Neighbours in the order of ranks.
  case adjacent
}

/// Conversions between row types that lose nothing a method asks for; applied while loading, and
/// told in the summary.
enum Conversion {
  static func exists(from type: RowType, to wanted: RowType) -> Bool {
    switch wanted {
    case type, .promptOnly: true
    case .preference: [.comparison, .ranking, .safetyPreference].contains(type)
    case .unpairedPreference, .ranking:
      [.preference, .comparison, .safetyPreference].contains(type)
    default: false
    }
  }

  /// The first accepted type that `type` is or can become.
  static func target(from type: RowType, accepting: [RowType]) -> RowType? {
    accepting.contains(type) ? type : accepting.first { exists(from: type, to: $0) }
  }

  /// What one record becomes: several records for a list, none for a tie.
  static func convert(
    _ record: Record, to wanted: RowType, pairs: PairExpansion, using random: inout AnnotatorRandom
  ) -> [Record] {
    guard record.type != wanted else { return [record] }
    func with(_ body: RecordBody) -> Record {
      var copy = record
      copy.body = body
      return copy
    }
    switch (record.body, wanted) {
    case (_, .promptOnly):
      return record.body.prompt.map { [with(.promptOnly($0))] } ?? []
    case (.comparison(let comparison), .preference):
      return comparison.pair.map { [with(.preference($0))] } ?? []
    case (.ranking(let ranking), .preference):
      return ranking.pairs(pairs, using: &random).map { with(.preference($0)) }
    case (.safetyPreference(let pair, let marks), .preference):
      var copy = with(.preference(pair))
      for (key, value) in marks.columns(after: [:]) { copy.extras[key] = value }
      return [copy]
    case (.preference(let pair), .unpairedPreference),
      (.safetyPreference(let pair, _), .unpairedPreference):
      return unpaired(pair).map(with)
    case (.comparison(let comparison), .unpairedPreference):
      return comparison.pair.map { unpaired($0).map(with) } ?? []
    case (.preference(let pair), .ranking), (.safetyPreference(let pair, _), .ranking):
      return [
        with(
          .ranking(
            Ranking(
              prompt: pair.prompt, completions: [pair.chosen, pair.rejected], ranks: [1, 2])))
      ]
    case (.comparison(let comparison), .ranking):
      return comparison.list.map { [with(.ranking($0))] } ?? []
    default: return []
    }
  }

  private static func unpaired(_ pair: PreferencePair) -> [RecordBody] {
    [
      .unpairedPreference(prompt: pair.prompt, completion: pair.chosen, label: true),
      .unpairedPreference(prompt: pair.prompt, completion: pair.rejected, label: false),
    ]
  }
}

extension Comparison {
  /// A list of two; nil for a comparison that was skipped.
  fileprivate var list: Ranking? {
    preference.map { first in
      Ranking(
        prompt: prompt, completions: [self.first, second],
        ranks: first == 0.5 ? [1, 1] : first > 0.5 ? [1, 2] : [2, 1])
    }
  }
}

extension Ranking {
  /// The pairs of the list, better side first; completions of equal rank make no pair.
  public func pairs(_ expansion: PairExpansion, using random: inout AnnotatorRandom)
    -> [PreferencePair]
  {
    let order = completions.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    guard let best = order.first, let worst = order.last, ranks[best] < ranks[worst] else {
      return []
    }
    func pair(_ better: Int, _ worse: Int) -> PreferencePair {
      PreferencePair(prompt: prompt, chosen: completions[better], rejected: completions[worse])
    }
    switch expansion {
    case .bestAgainstWorst: return [pair(best, worst)]
    case .bestAgainstRandom:
      let worse = order.filter { ranks[$0] > ranks[best] }
      return [pair(best, worse[random.integer(below: worse.count)])]
    case .adjacent:
      return zip(order, order.dropFirst()).filter { ranks[$0] < ranks[$1] }.map(pair)
    case .all:
      var pairs: [PreferencePair] = []
      for (position, better) in order.enumerated() {
        for worse in order[(position + 1)...] where ranks[better] < ranks[worse] {
          pairs.append(pair(better, worse))
        }
      }
      return pairs
    }
  }
}
