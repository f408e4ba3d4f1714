// SPDX-License-Identifier: Apache-2.0

/// Chooses which two candidates of a list are compared, apart from how they are judged.
public struct PairSelection: Sendable, Hashable {
  /// Share of pairs with |Δv| below ``nearTieWidth``; nil: as they come.
  public var nearTies: Double?
  /// Share of pairs whose better side is longer: 0.8 plants a spurious length cue, 0.5 none; nil: as
  /// they come.
  public var longerIsBetter: Double?
  /// Values closer than this are nearly tied.
  public var nearTieWidth = 0.05

  /// A selection; nil leaves a property to chance.
  public init(nearTies: Double? = nil, longerIsBetter: Double? = nil) {
    self.nearTies = nearTies
    self.longerIsBetter = longerIsBetter
  }

  /// Two positions of a list, and whether they have the properties that were drawn for them.
  public struct Choice: Sendable, Hashable {
    /// Position of one candidate.
    public var first: Int
    /// Position of the other.
    public var second: Int
    /// False where no pair of the list had the wanted properties, and one was taken at random:
    /// count these, they move the shares.
    public var isAsWanted: Bool
  }

  /// Chooses one pair.
  ///
  /// - Parameters:
  ///   - candidates: at least two; `utility` and `wordCount` are looked at.
  ///   - random: source of the draws.
  /// - Returns: two different positions in random order.
  public func pair(from candidates: [Candidate], using random: inout AnnotatorRandom) -> Choice {
    precondition(candidates.count >= 2, "pair: at least 2 candidates, found \(candidates.count)")
    let wantsNearTie = nearTies.map { random.uniform() < $0 }
    let wantsLonger = longerIsBetter.map { random.uniform() < $0 }
    var wanted: [(Int, Int)] = []
    var all: [(Int, Int)] = []
    for first in candidates.indices {
      for second in candidates.indices where second > first {
        all.append((first, second))
        let (a, b) = (candidates[first], candidates[second])
        if let wantsNearTie, (abs(a.utility - b.utility) < nearTieWidth) != wantsNearTie {
          continue
        }
        if let wantsLonger {
          let product = (a.utility - b.utility) * Double(a.wordCount - b.wordCount)
          // Equal values or lengths carry no cue either way.
          guard product != 0, (product > 0) == wantsLonger else { continue }
        }
        wanted.append((first, second))
      }
    }
    let pool = wanted.isEmpty ? all : wanted
    let (first, second) = pool[random.integer(below: pool.count)]
    return random.uniform() < 0.5
      ? Choice(first: first, second: second, isAsWanted: !wanted.isEmpty)
      : Choice(first: second, second: first, isAsWanted: !wanted.isEmpty)
  }
}
