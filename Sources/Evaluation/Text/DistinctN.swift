// SPDX-License-Identifier: Apache-2.0

/// Lexical diversity: different n-grams over all n-grams, pooled over outputs.
///
///     distinct-n = |set of n-grams| / |n-grams|
///
/// N-grams do not cross from one output to the next. The number falls with length: compare only
/// outputs of equal token budgets. Tokens are split at white space.
///
/// Source: Li et al. 2016, arXiv:1510.03055, §5.
///
/// - Parameters:
///   - n: length of the n-grams, 1 or more.
///   - outputs: the texts to pool: samples of one prompt, or one sample of each of many prompts.
/// - Returns: a value in (0, 1], `count` the number of n-grams; nil where no output has n tokens.
/// - Throws: ``EvaluationError/outOfRange(metric:what:index:found:allowed:)`` for n below 1.
public func distinctN(_ n: Int, outputs: [String]) throws -> Estimate? {
  try Require.positive(n, "n", in: "distinct-n")
  var indexer = NGramIndexer()
  var seen: Set<Int> = []
  var total = 0
  for output in outputs {
    let grams = indexer.grams(of: whitespaceTokens(output), upTo: n)[n - 1]
    seen.formUnion(grams)
    total += grams.count
  }
  guard total > 0 else { return nil }
  return Estimate(
    value: Double(seen.count) / Double(total), count: total,
    options: ["n": "\(n)", "tokens": "white space"])
}

/// Share of outputs that differ from every earlier one, in (0, 1]; nil for no outputs.
public func uniqueOutputShare(_ outputs: [String]) -> Double? {
  outputs.isEmpty ? nil : Double(Set(outputs).count) / Double(outputs.count)
}

/// The words of a text, split at white space.
func whitespaceTokens(_ text: String) -> [String] {
  text.split(whereSeparator: \.isWhitespace).map(String.init)
}
