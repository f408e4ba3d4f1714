// SPDX-License-Identifier: Apache-2.0

/// A text or a pair of texts as one row of a batch. All lists have one element a token.
public struct TokenizedText: Sendable, Equatable {
  /// Token ids.
  public internal(set) var ids: [Int]
  /// Which text of a pair each token belongs to, as the post-processor numbers them; 0 and 1 as a
  /// rule.
  public internal(set) var typeIDs: [Int]
  /// 1 for tokens, 0 for what fills the row.
  public internal(set) var attentionMask: [Int]
  /// 1 for tokens that the post-processor added and for what fills the row, 0 for text.
  public internal(set) var specialTokensMask: [Int]
  /// The Unicode scalars of its text that each token stands for; `0..<0` for added tokens.
  public internal(set) var offsets: [Range<Int>]

  init(_ encoding: Encoding) {
    ids = encoding.ids.map(Int.init)
    typeIDs = (encoding.marks ?? []).map { Int($0.typeID) }
    specialTokensMask = (encoding.marks ?? []).map { $0.isAdded ? 1 : 0 }
    attentionMask = Array(repeating: 1, count: encoding.count)
    offsets = (encoding.sources ?? []).map(\.range)
  }

  mutating func pad(to length: Int, _ padding: Padding) {
    let missing = length - ids.count
    guard missing > 0 else { return }
    func fill<Element>(_ list: inout [Element], _ element: Element) {
      list.insert(
        contentsOf: repeatElement(element, count: missing), at: padding.isLeft ? 0 : list.count)
    }
    fill(&ids, padding.tokenID)
    fill(&typeIDs, padding.typeID)
    fill(&attentionMask, 0)
    fill(&specialTokensMask, 1)
    fill(&offsets, 0..<0)
  }
}

extension Tokenizer {
  /// Encodes texts as the rows of a batch, with the truncation and padding of ``truncation`` and
  /// ``padding``.
  ///
  /// ```swift
  /// tokenizer.padding = Padding(tokenID: 0)
  /// let rows = try tokenizer.encodeBatch(["a short one", "and one that is longer"])
  /// ```
  ///
  /// - Parameters:
  ///   - texts: any texts.
  ///   - addSpecialTokens: whether the post-processor may add tokens such as `<s>`.
  /// - Returns: one row a text, in order.
  /// - Throws: ``TokenizerError/truncationFailed(reason:)``, ``TokenizerError/unencodable`` and
  ///   ``TokenizerError/patternTooSlow(pattern:)``.
  public func encodeBatch(
    _ texts: [String], addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> [TokenizedText] {
    try rows(texts.map { [$0] }, addSpecialTokens: addSpecialTokens)
  }

  /// Encodes pairs of texts, such as a question and an answer, as the rows of a batch.
  ///
  /// - Parameters:
  ///   - pairs: any texts. Where the post-processor knows no pairs, the second follows the first.
  ///   - addSpecialTokens: whether the post-processor may add tokens such as `[SEP]`.
  /// - Returns: one row a pair, in order.
  /// - Throws: ``TokenizerError/truncationFailed(reason:)``, ``TokenizerError/unencodable`` and
  ///   ``TokenizerError/patternTooSlow(pattern:)``.
  public func encodeBatch(
    pairs: [(String, String)], addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> [TokenizedText] {
    try rows(pairs.map { [$0.0, $0.1] }, addSpecialTokens: addSpecialTokens)
  }

  private func rows(
    _ inputs: [[String]], addSpecialTokens: Bool
  ) throws(TokenizerError) -> [TokenizedText] {
    var rows: [TokenizedText] = []
    rows.reserveCapacity(inputs.count)
    for texts in inputs {
      rows.append(
        TokenizedText(
          try pipeline.encode(
            texts, addSpecialTokens: addSpecialTokens, truncation: truncation)))
    }
    guard let padding else { return rows }
    let length = padding.target(rows.map(\.ids.count))
    for index in rows.indices { rows[index].pad(to: length, padding) }
    return rows
  }
}

extension SourceRange {
  /// The range as callers see it.
  var range: Range<Int> { Int(lower)..<Int(max(lower, upper)) }
}
