// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// All ways to write one word as pieces: nodes between byte positions.
///
/// A character that is no piece is a node of its own, with the id ``unknown`` and 10 nats less than
/// the worst piece.
struct UnigramLattice {
  static let unknown: Int32 = -1

  struct Node {
    var start: Int32
    var end: Int32
    var id: Int32
    var score: Double
  }

  private let trie: ByteTrie
  private let scores: [Double]
  private let unknownScore: Double
  /// By start, then by length.
  private var nodes: [Node] = []
  /// For each position the logarithm of the sum over all ways to come there, and to go on from there.
  private var forward: [Double] = []
  private var backward: [Double] = []
  private var best: [(score: Double, node: Int32)] = []
  private var length = 0

  init(_ pieces: [UnigramPiece]) {
    trie = ByteTrie(pieces.enumerated().map { ($1.bytes, Int32($0)) })
    scores = pieces.map(\.score)
    unknownScore = (scores.min() ?? 0) - 10
  }

  /// Takes a word.
  mutating func fill(_ word: [UInt8]) {
    nodes.removeAll(keepingCapacity: true)
    length = word.count
    var start = 0
    while start < word.count {
      let single = start + UTF8Scan.byteCount(lead: word[start])
      var hasSingle = false
      var node = ByteTrie.root
      var place = start
      while place < word.count {
        node = trie.child(node, word[place])
        if node < 0 { break }
        place += 1
        let id = trie.value(node)
        guard id >= 0 else { continue }
        nodes.append(
          Node(start: Int32(start), end: Int32(place), id: id, score: scores[Int(id)]))
        if place == single { hasSingle = true }
      }
      if !hasSingle {
        nodes.append(
          Node(start: Int32(start), end: Int32(single), id: Self.unknown, score: unknownScore))
      }
      start = single
    }
  }

  /// Adds the expected number of times that each piece is used, times `count`.
  mutating func addExpectations(times count: Double, to expected: inout [Double]) {
    let nowhere = -Double.infinity
    forward.removeAll(keepingCapacity: true)
    forward.append(contentsOf: repeatElement(nowhere, count: length + 1))
    backward.removeAll(keepingCapacity: true)
    backward.append(contentsOf: repeatElement(nowhere, count: length + 1))
    forward[0] = 0
    for node in nodes {
      let score = forward[Int(node.start)] + node.score
      forward[Int(node.end)] = Self.logSum(forward[Int(node.end)], score)
    }
    backward[length] = 0
    for node in nodes.reversed() {
      let score = backward[Int(node.end)] + node.score
      backward[Int(node.start)] = Self.logSum(backward[Int(node.start)], score)
    }
    let total = forward[length]
    for node in nodes where node.id >= 0 {
      let share = forward[Int(node.start)] + node.score + backward[Int(node.end)] - total
      expected[Int(node.id)] += count * exp(share)
    }
  }

  /// The ids of the best way to write the word.
  ///
  /// - Parameter excluded: a piece that may not be the whole word; nil allows all.
  /// - Returns: ids in order; empty where there is no way.
  mutating func bestPath(withoutWhole excluded: Int32? = nil) -> [Int32] {
    best.removeAll(keepingCapacity: true)
    best.append(contentsOf: repeatElement((score: 0, node: -1), count: length + 1))
    for (index, node) in nodes.enumerated() {
      if node.id == excluded, node.start == 0, Int(node.end) == length { continue }
      guard node.start == 0 || best[Int(node.start)].node >= 0 else { continue }
      let score = best[Int(node.start)].score + node.score
      if best[Int(node.end)].node < 0 || score > best[Int(node.end)].score {
        best[Int(node.end)] = (score, Int32(index))
      }
    }
    var path: [Int32] = []
    var place = length
    while place > 0, best[place].node >= 0 {
      let node = nodes[Int(best[place].node)]
      path.append(node.id)
      place = Int(node.start)
    }
    return place == 0 ? path.reversed() : []
  }

  /// log(eᵃ + eᵇ).
  private static func logSum(_ first: Double, _ second: Double) -> Double {
    if first == -.infinity { return second }
    let (low, high) = first > second ? (second, first) : (first, second)
    return high > low + 50 ? high : high + log(exp(low - high) + 1)
  }
}

/// Decides which pieces can go: those without which the words are hardly less probable.
struct UnigramPruning {
  private let pieces: [UnigramPiece]
  /// For each piece how it is written without itself; empty where it must stay.
  private var alternatives: [[Int32]]
  /// Whether a piece stays even if no word uses it.
  private var isFirm: [Bool]
  private var counts: [Double]
  /// How often a character is needed that is no piece any more.
  private var unknownCount = 0.0
  private var total = 0.0

  init(_ pieces: [UnigramPiece], _ sentences: [UnigramSentence]) {
    self.pieces = pieces
    alternatives = Array(repeating: [], count: pieces.count)
    isFirm = Array(repeating: true, count: pieces.count)
    counts = Array(repeating: 0, count: pieces.count)
    var lattice = UnigramLattice(pieces)
    for (index, piece) in pieces.enumerated() {
      lattice.fill(piece.bytes)
      if lattice.bestPath().count > 1 {
        isFirm[index] = false
      } else {
        alternatives[index] = lattice.bestPath(withoutWhole: Int32(index))
      }
    }
    for sentence in sentences {
      total += sentence.count
      lattice.fill(sentence.bytes)
      for id in lattice.bestPath() {
        if id >= 0 { counts[Int(id)] += sentence.count } else { unknownCount += sentence.count }
      }
    }
  }

  /// At most `count` pieces, but all that have no alternative.
  func kept(count: Int) -> [UnigramPiece] {
    let sum = counts.reduce(unknownCount, +)
    let logSum = log(sum)
    var kept: [UnigramPiece] = []
    var candidates: [(index: Int, loss: Double)] = []
    for index in pieces.indices {
      if counts[index] == 0, !isFirm[index] { continue }
      if alternatives[index].isEmpty {
        kept.append(pieces[index])
        continue
      }
      if counts[index] == 0 { continue }
      // What the words lose when each use of the piece becomes its alternative.
      let others = alternatives[index]
      // The paper's total would grow by one count for each further alternative. SentencePiece and
      // `tokenizers` let it grow by one for every piece there is; equal pieces need the same.
      let alternativeLogSum = log(sum + counts[index] * Double(pieces.count))
      var alternativeScore = 0.0
      for other in others {
        let otherCount = other >= 0 ? counts[Int(other)] : unknownCount
        alternativeScore += log(otherCount + counts[index]) - alternativeLogSum
      }
      let score = log(counts[index]) - logSum
      candidates.append((index, counts[index] / total * (score - alternativeScore)))
    }
    candidates.sort { $0.loss != $1.loss ? $0.loss > $1.loss : $0.index < $1.index }
    for candidate in candidates {
      if kept.count >= count { break }
      kept.append(pieces[candidate.index])
    }
    return kept
  }
}
