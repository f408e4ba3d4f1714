// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A piece and the logarithm of its probability, in nats.
struct UnigramPiece {
  var bytes: [UInt8]
  var score: Double
}

/// A word of the training texts and how often it came.
struct UnigramSentence {
  var bytes: [UInt8]
  var count: Double
}

/// The candidates that training begins with: all characters, and all substrings of words that occur
/// at least twice with different characters behind them.
struct UnigramSeeds {
  /// All characters, most frequent first, of equals the higher code first.
  let characters: [[UInt8]]
  private let characterCounts: [Double]
  private let sentences: [UnigramSentence]
  private let maxLength: Int

  init(_ sentences: [UnigramSentence], maxLength: Int) {
    self.sentences = sentences
    self.maxLength = maxLength
    var counts: [UInt32: Double] = [:]
    for sentence in sentences {
      for scalar in String(decoding: sentence.bytes, as: UTF8.self).unicodeScalars {
        counts[scalar.value, default: 0] += sentence.count
      }
    }
    let ordered = counts.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
    characters = ordered.map { Self.encoded([$0.key]) }
    characterCounts = ordered.map(\.value)
  }

  /// The candidates with their probabilities.
  func pieces(limit: Int) -> [UnigramPiece] {
    var pieces = zip(characters, characterCounts).map { UnigramPiece(bytes: $0, score: $1) }
    for (text, score) in substrings() {
      if pieces.count >= limit { break }
      pieces.append(UnigramPiece(bytes: Self.encoded(text), score: score))
    }
    let logSum = log(pieces.reduce(0) { $0 + $1.score })
    for index in pieces.indices { pieces[index].score = log(pieces[index].score) - logSum }
    return pieces
  }

  private static func encoded(_ scalars: some Sequence<UInt32>) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in scalars { UTF8Scan.append(scalar, to: &bytes) }
    return bytes
  }

  /// Repeated substrings of 2 scalars or more, with occurrences times length; the highest first, of
  /// equals the one with the higher text.
  private func substrings() -> [(text: ArraySlice<UInt32>, score: Double)] {
    // All words behind one another, each with a zero at its end. Each counts once.
    var text: [UInt32] = []
    for sentence in sentences {
      for scalar in String(decoding: sentence.bytes, as: UTF8.self).unicodeScalars {
        text.append(scalar.value)
      }
      text.append(0)
    }
    let order = sortedSuffixes(of: text)
    var found: [(text: ArraySlice<UInt32>, score: Double)] = []
    // Groups of neighbours in the order that begin alike, from the inner ones to the outer ones.
    var open: [(start: Int, length: Int)] = []
    for index in 1..<max(1, order.count + 1) {
      let length = index < order.count ? common(order[index - 1], order[index], in: text) : 0
      var start = index - 1
      while let last = open.last, last.length > length {
        open.removeLast()
        start = last.start
        if last.length > 1, last.length <= maxLength {
          let place = order[start]
          let slice = text[place..<place + last.length]
          if !slice.contains(0) { found.append((slice, Double((index - start) * last.length))) }
        }
      }
      if length > (open.last?.length ?? 0) { open.append((start, length)) }
    }
    return found.sorted { left, right in
      left.score != right.score
        ? left.score > right.score : right.text.lexicographicallyPrecedes(left.text)
    }
  }

  /// The places of the text in the order of what stands there, as far as pieces reach.
  private func sortedSuffixes(of text: [UInt32]) -> [Int] {
    let reach = maxLength + 1
    return text.withUnsafeBufferPointer { text in
      text.indices.sorted { left, right in
        for offset in 0..<reach {
          guard left + offset < text.count, right + offset < text.count else { return left > right }
          let (first, second) = (text[left + offset], text[right + offset])
          if first != second { return first < second }
          if first == 0 { break }
        }
        return left < right
      }
    }
  }

  /// How many scalars two places have in common, a zero included, as far as pieces reach.
  private func common(_ left: Int, _ right: Int, in text: [UInt32]) -> Int {
    var length = 0
    while length <= maxLength, max(left, right) + length < text.count,
      text[left + length] == text[right + length]
    {
      length += 1
      if text[left + length - 1] == 0 { break }
    }
    return length
  }
}
