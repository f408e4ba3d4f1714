// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A language of 18 words in which a topic says which third of the words is worth something.
///
/// A prompt is the begin token and a topic, itself a word; an answer is some words and the end token. Its worth is
///
///     r = #{t : (t + topic) mod 3 = 0} − 0.5 · #(equal neighbours) − 0.1 · |length − 6|
///
/// so that a model of a hundred thousand numbers can learn it in seconds, and every answer has an exact score.
public enum TokenClasses {
  /// V: begin token, end token and words.
  public static let vocabularyCount = 20
  /// Stands before the topic.
  public static let beginToken = 0
  /// Ends an answer.
  public static let endToken = 1
  /// Words, and topics.
  public static let words = 2..<20
  /// Most tokens of an answer, the end token included.
  public static let longestAnswer = 9
  /// Words of an answer that costs nothing for its length.
  public static let bestLength = 6

  /// What an answer is worth.
  ///
  /// - Parameters:
  ///   - answer: token ids; what stands behind the first end token, and that token, is not read.
  ///   - topic: the word of the prompt.
  /// - Returns: at most 6.8, for eight good words without equal neighbours.
  public static func reward(of answer: [Int], to topic: Int) -> Double {
    let tokens = answer.prefix { $0 != endToken }
    let good = tokens.count { words.contains($0) && ($0 + topic).isMultiple(of: 3) }
    let repeats = zip(tokens, tokens.dropFirst()).count { $0 == $1 }
    let excess = abs(tokens.count - bestLength)
    return Double(good) - 0.5 * Double(repeats) - 0.1 * Double(excess)
  }

  /// The tokens of a prompt.
  public static func prompt(_ topic: Int) -> [Int] { [beginToken, topic] }

  /// A topic, each equally likely.
  public static func topic(_ random: inout SplitMix64) -> Int {
    words.lowerBound + random.int(below: words.count)
  }

  /// Three to eight words drawn evenly, and the end token: what a model learns before it knows of rewards.
  public static func randomAnswer(_ random: inout SplitMix64) -> [Int] {
    let count = 3 + random.int(below: 6)
    return (0..<count).map { _ in topic(&random) } + [endToken]
  }
}
