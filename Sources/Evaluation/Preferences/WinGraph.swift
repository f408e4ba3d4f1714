// SPDX-License-Identifier: Apache-2.0

/// The graph with an edge from i to j where i has won something against j.
struct WinGraph {
  private let wins: [[Double]]

  init(_ wins: [[Double]]) {
    self.wins = wins
  }

  /// True where every model reaches every other along wins, the condition for finite ratings.
  var isStronglyConnected: Bool {
    reachesAll { wins[$0][$1] > 0 } && reachesAll { wins[$1][$0] > 0 }
  }

  private func reachesAll(_ hasEdge: (Int, Int) -> Bool) -> Bool {
    var seen = [Bool](repeating: false, count: wins.count)
    seen[0] = true
    var open = [0]
    while let node = open.popLast() {
      for next in wins.indices where !seen[next] && hasEdge(node, next) {
        seen[next] = true
        open.append(next)
      }
    }
    return seen.allSatisfy { $0 }
  }
}
