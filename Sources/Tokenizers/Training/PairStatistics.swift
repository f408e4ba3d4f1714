// SPDX-License-Identifier: Apache-2.0

/// The words of a corpus as symbols, with how often each neighbouring pair occurs and where.
///
/// A merge touches only the words that hold its pair, so training costs about as much as the
/// merges change, not corpus size times merges.
struct PairStatistics {
  /// Symbols of all words, one after the other; a word that merged leaves a gap behind it.
  private var symbols: [Int32] = []
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  private var tallies: [Int] = []

  private var indices: [UInt64: Int32] = [:]
  private var pairs: [UInt64] = []
  private var counts: [Int] = []
  /// Words that hold or once held each pair.
  private var places: [[Int32]] = []
  private var queue = PairQueue()
  /// Pairs whose count rose in the current merge.
  private var risen: [Int32] = []

  /// Takes the words.
  ///
  /// - Parameters:
  ///   - words: the different words and how often each came.
  ///   - byteIDs: the id of each byte.
  init(_ words: WordCounter, byteIDs: [Int32]) {
    for index in 0..<words.count {
      let (bytes, tally) = words.word(index)
      starts.append(symbols.count)
      lengths.append(Int32(bytes.count))
      tallies.append(tally)
      for byte in bytes { symbols.append(byteIDs[Int(byte)]) }
      let start = starts[index]
      for place in start + 1..<max(start + 1, symbols.count) {
        change(symbols[place - 1], symbols[place], by: tally, word: index)
      }
    }
    pushRisen()
  }

  /// The pair that occurs most often, of equals the one with the lower ids; nil where none occurs
  /// `minimum` times. The pair is not offered again.
  mutating func takeBest(minimum: Int) -> (left: Int32, right: Int32)? {
    while let top = queue.pop() {
      let index = Int(indices[top.pair] ?? 0)
      let count = counts[index]
      if count != top.count {
        // Merges since have lowered it; a rise pushed a new entry.
        if count > 0, count < top.count {
          queue.push(PairQueue.Entry(count: count, pair: top.pair))
        }
        continue
      }
      guard count >= max(1, minimum) else { return nil }
      return (Int32(truncatingIfNeeded: top.pair >> 32), Int32(truncatingIfNeeded: top.pair))
    }
    return nil
  }

  /// Replaces the pair by `merged` in all words, left to right.
  mutating func merge(_ left: Int32, _ right: Int32, into merged: Int32) {
    guard let index = indices[PairTable.key(left, right)].map(Int.init) else { return }
    let words = places[index]
    places[index] = []
    for word in words { merge(left, right, into: merged, word: Int(word)) }
    pushRisen()
  }

  private mutating func merge(
    _ left: Int32, _ right: Int32, into merged: Int32, word: Int
  ) {
    let start = starts[word]
    let end = start + Int(lengths[word])
    let tally = tallies[word]
    var read = start
    var write = start
    while read < end {
      guard read + 1 < end, symbols[read] == left, symbols[read + 1] == right else {
        symbols[write] = symbols[read]
        read += 1
        write += 1
        continue
      }
      change(left, right, by: -tally, word: word)
      if write > start {
        change(symbols[write - 1], left, by: -tally, word: word)
        change(symbols[write - 1], merged, by: tally, word: word)
      }
      if read + 2 < end {
        change(right, symbols[read + 2], by: -tally, word: word)
        change(merged, symbols[read + 2], by: tally, word: word)
      }
      symbols[write] = merged
      read += 2
      write += 1
    }
    lengths[word] = Int32(write - start)
  }

  private mutating func change(_ left: Int32, _ right: Int32, by amount: Int, word: Int) {
    let pair = PairTable.key(left, right)
    let index: Int
    if let known = indices[pair] {
      index = Int(known)
    } else {
      index = pairs.count
      indices[pair] = Int32(index)
      pairs.append(pair)
      counts.append(0)
      places.append([])
    }
    counts[index] += amount
    guard amount > 0 else { return }
    if places[index].last != Int32(word) { places[index].append(Int32(word)) }
    risen.append(Int32(index))
  }

  private mutating func pushRisen() {
    risen.sort()
    var last: Int32 = -1
    for index in risen where index != last {
      last = index
      let count = counts[Int(index)]
      if count > 0 { queue.push(PairQueue.Entry(count: count, pair: pairs[Int(index)])) }
    }
    risen.removeAll(keepingCapacity: true)
  }
}
