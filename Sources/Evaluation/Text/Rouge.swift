// SPDX-License-Identifier: Apache-2.0

/// Precision, recall and their harmonic mean, each in [0, 1].
public struct RougeScore: Sendable, Equatable, Codable {
  /// Share of the completion's units found in the reference.
  public var precision: Double
  /// Share of the reference's units found in the completion.
  public var recall: Double
  /// 2PR / (P + R), or 0 where both are 0.
  public var f: Double

  init(overlap: Int, completionCount: Int, referenceCount: Int) {
    precision = completionCount > 0 ? Double(overlap) / Double(completionCount) : 0
    recall = referenceCount > 0 ? Double(overlap) / Double(referenceCount) : 0
    let sum = precision + recall
    f = sum > 0 ? 2 * precision * recall / sum : 0
  }
}

/// Word overlap of a completion with a reference.
///
/// - ROUGE-n: multisets of n-grams; overlap Σ min of the two counts.
/// - ROUGE-L: length of the longest common subsequence of the two token lists.
/// - ROUGE-Lsum: texts split at newlines; for each reference sentence the union of its common
///   subsequences with every completion sentence, each token used at most as often as it occurs.
///
/// Tokens: lower case, every character outside [a-z0-9] a space. Texts in other alphabets need a
/// tokenizer of their own, or nothing is left: ``losesLetters(_:)`` tells.
///
/// Source: Lin 2004, "ROUGE: a package for automatic evaluation of summaries"; conventions of the
/// `rouge-score` Python package. Swapping the two texts swaps P and R.
public struct Rouge: Sendable {
  /// Which ROUGE.
  public enum Variant: Sendable, Hashable, CustomStringConvertible {
    /// ROUGE-n with n-grams of this length, 1 or more.
    case n(Int)
    /// ROUGE-L.
    case longest
    /// ROUGE-Lsum.
    case summary

    /// `rouge1`, `rougeL`, `rougeLsum`.
    public var description: String {
      switch self {
      case .n(let order): "rouge\(order)"
      case .longest: "rougeL"
      case .summary: "rougeLsum"
      }
    }
  }

  /// Cut English words longer than 3 letters to their stems (Porter). Many papers do: say which.
  public var usesStemmer: Bool
  /// Splits a text into tokens; nil is the rule above.
  public var tokenizer: (@Sendable (String) -> [String])?

  /// Creates the metric.
  public init(usesStemmer: Bool = false, tokenizer: (@Sendable (String) -> [String])? = nil) {
    self.usesStemmer = usesStemmer
    self.tokenizer = tokenizer
  }

  /// Scores one completion; of several references the one with the highest F counts.
  ///
  /// - Parameters:
  ///   - variant: which ROUGE.
  ///   - completion: the text to score.
  ///   - references: one or more good texts.
  /// - Returns: the score against the best reference; all zero where there is none.
  public func callAsFunction(
    _ variant: Variant, completion: String, references: [String]
  ) -> RougeScore {
    var indexer = NGramIndexer()
    let worst = RougeScore(overlap: 0, completionCount: 0, referenceCount: 0)
    return references.reduce(worst) { best, reference in
      let score = score(variant, completion, reference, &indexer)
      return score.f > best.f ? score : best
    }
  }

  /// Mean score over items.
  ///
  /// - Parameters:
  ///   - variant: which ROUGE.
  ///   - completions: one text an item.
  ///   - references: one or more good texts an item.
  ///   - bootstrap: resampling over items for the interval; nil for none.
  /// - Returns: mean F in [0, 1]; `count` is the number of items, and the options say whether words
  ///   were stemmed and how many texts lost letters to the tokenizer.
  /// - Throws: ``EvaluationError`` for no items or unequal lengths.
  public func corpus(
    _ variant: Variant, completions: [String], references: [[String]],
    bootstrap: Bootstrap? = nil
  ) throws -> Estimate {
    let metric = "\(variant)"
    try Require.equalCounts(
      completions.count, "completions", references.count, "reference lists", in: metric)
    try Require.count(completions.count, atLeast: 1, "items", in: metric)
    let scores = zip(completions, references).map {
      self(variant, completion: $0, references: $1).f
    }
    var options = bootstrap?.options ?? [:]
    options["variant"] = metric
    options["stemmer"] = usesStemmer ? "porter" : "none"
    let lossy = tokenizer == nil ? completions.count(where: Self.losesLetters) : 0
    if lossy > 0 { options["completions with letters outside a-z"] = "\(lossy)" }
    return Estimate(
      value: scores.mean, count: scores.count, interval: bootstrap?.interval(ofMean: scores),
      options: options)
  }

  /// True where the default tokenizer drops letters of `text` because they are not ASCII.
  public static func losesLetters(_ text: String) -> Bool {
    text.unicodeScalars.contains { !$0.isASCII && $0.properties.isAlphabetic }
  }

  private func score(
    _ variant: Variant, _ completion: String, _ reference: String, _ indexer: inout NGramIndexer
  ) -> RougeScore {
    switch variant {
    case .n(let order):
      precondition(order > 0, "Rouge: n-gram length \(order); use 1 or more")
      let ours = indexer.grams(of: tokens(completion), upTo: order)[order - 1]
      let theirs = indexer.grams(of: tokens(reference), upTo: order)[order - 1]
      let expected = NGramIndexer.counts(theirs)
      let overlap = NGramIndexer.counts(ours).reduce(0) {
        $0 + min($1.value, expected[$1.key] ?? 0)
      }
      return RougeScore(
        overlap: overlap, completionCount: ours.count, referenceCount: theirs.count)
    case .longest:
      let ours = indexer.ids(of: tokens(completion))
      let theirs = indexer.ids(of: tokens(reference))
      return RougeScore(
        overlap: LongestCommonSubsequence.length(ours, theirs), completionCount: ours.count,
        referenceCount: theirs.count)
    case .summary:
      return summaryScore(completion, reference, &indexer)
    }
  }

  private func summaryScore(
    _ completion: String, _ reference: String, _ indexer: inout NGramIndexer
  ) -> RougeScore {
    let ours = completion.split(separator: "\n").map { indexer.ids(of: tokens(String($0))) }
    let theirs = reference.split(separator: "\n").map { indexer.ids(of: tokens(String($0))) }
    var leftInCompletion = NGramIndexer.counts(ours.flatMap { $0 })
    var leftInReference = NGramIndexer.counts(theirs.flatMap { $0 })
    var overlap = 0
    for sentence in theirs {
      var hits = [Bool](repeating: false, count: sentence.count)
      for other in ours { LongestCommonSubsequence.mark(sentence, other, into: &hits) }
      for (token, isHit) in zip(sentence, hits) where isHit {
        guard let own = leftInCompletion[token], own > 0,
          let other = leftInReference[token], other > 0
        else { continue }
        leftInCompletion[token] = own - 1
        leftInReference[token] = other - 1
        overlap += 1
      }
    }
    return RougeScore(
      overlap: overlap, completionCount: ours.reduce(0) { $0 + $1.count },
      referenceCount: theirs.reduce(0) { $0 + $1.count })
  }

  private func tokens(_ text: String) -> [String] {
    let words = tokenizer?(text) ?? Self.words(text)
    guard usesStemmer else { return words }
    let stemmer = PorterStemmer()
    return words.map { $0.utf8.count > 3 ? stemmer.stem($0) : $0 }
  }

  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var current: [UInt8] = []
    func close() {
      guard !current.isEmpty else { return }
      words.append(String(decoding: current, as: UTF8.self))
      current.removeAll(keepingCapacity: true)
    }
    for byte in text.lowercased().utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        current.append(byte)
      default:
        close()
      }
    }
    close()
    return words
  }
}
