// SPDX-License-Identifier: Apache-2.0

extension BradleyTerry {
  /// Battle positions that are resampled together: by prompt where named, else one by one.
  static func groups(_ battles: [Battle]) -> [[Int]] {
    var positions: [String: Int] = [:]
    var groups: [[Int]] = []
    for (index, battle) in battles.enumerated() {
      guard let prompt = battle.prompt else {
        groups.append([index])
        continue
      }
      if let known = positions[prompt] {
        groups[known].append(index)
      } else {
        positions[prompt] = groups.count
        groups.append([index])
      }
    }
    return groups
  }

  /// Refits on each resample and stores intervals, medians and ranks.
  func attachIntervals(
    to ratings: inout Ratings, indexed: [(Int, Int, Double)], groups: [[Int]],
    bootstrap: Bootstrap
  ) throws {
    let names = ratings.names
    var draws = [[Double]](repeating: [], count: names.count)
    var priorDraws = 0
    try bootstrap.forEachDraw(itemCount: groups.count) { chosen in
      var wins = [[Double]](
        repeating: [Double](repeating: 0, count: names.count), count: names.count)
      for group in chosen {
        for index in groups[group] {
          let (first, second, score) = indexed[index]
          wins[first][second] += score
          wins[second][first] += 1 - score
        }
      }
      // A draw may lose the wins that tie the models together, even where the data have them.
      let needsPrior = !WinGraph(wins).isStronglyConnected
      if needsPrior { priorDraws += 1 }
      let theta = try Self.maximise(
        wins, prior: needsPrior ? priorTies : 0, start: ratings.strengths)
      let shift = ratings.anchorIndex.map { theta[$0] } ?? 0
      for model in theta.indices {
        draws[model].append(
          anchorRating + Ratings.eloPerNat * (theta[model] - shift))
      }
    }
    let intervals = draws.map { bootstrap.interval(ofStatistics: $0) }
    ratings.intervals = intervals
    ratings.medians = draws.map { quantile(0.5, ofSorted: $0.sorted()) }
    ratings.ranks = intervals.map { own in
      1 + intervals.count { $0.lower > own.upper }
    }
    ratings.priorDrawCount = priorDraws
    ratings.options.merge(bootstrap.options) { _, new in new }
  }
}
