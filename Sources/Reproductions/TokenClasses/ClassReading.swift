// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import LanguageModels
import Torch

/// What a writer is worth, by the answers it draws.
struct ClassReading: Sendable {
  /// Mean true reward.
  let reward: Double
  /// KL(π‖π_SFT) of whole answers in nats: exact in each next token, a mean over the prefixes drawn.
  let kl: Double
  /// Mean tokens of an answer, the end token included.
  let length: Double

  /// Draws answers, topics in turn; readings with the same seed share their random numbers.
  ///
  /// - Parameters:
  ///   - writer: who is read.
  ///   - reference: whose distance is told.
  ///   - seed: of the draws.
  ///   - count: answers.
  init(
    _ writer: ClassWriter, reference: ClassWriter, seed: UInt64,
    count: Int = TokenClassSettings.readingCount
  ) {
    let words = TokenClasses.words
    let topics = (0..<count).map { words.lowerBound + $0 % words.count }
    let answers = writer.answers(to: topics, seed: seed &+ 0x7265_6164)
    reward = answers.map(\.reward).mean
    length = answers.map { Double($0.tokens.count) }.mean
    kl = withoutGrad {
      let batch = TokenBatch(answers.map(\.row), padTokenID: TokenClasses.endToken)
      let own = writer.model.targetStates(of: batch)
      let other = reference.model.targetStates(of: batch)
      let divergence = reference.model.divergence(from: writer.model, own, other)
      return batch.rowSums(divergence).mean().item
    }
  }
}

extension [ClassReading] {
  var meanReward: Double { map(\.reward).mean }
  var meanKL: Double { map(\.kl).mean }
  var meanLength: Double { map(\.length).mean }

  /// The mean reward, with lowest and highest where there are several.
  var rewardCell: ResultTable.Cell {
    let rewards = map(\.reward)
    guard let lower = rewards.min(), let upper = rewards.max(), count > 1 else {
      return .number(meanReward)
    }
    return .estimate(meanReward, lower: lower, upper: upper)
  }
}

/// Endless batches of row numbers: each pass over the rows in a new order, a batch never cut short.
struct ShuffledRows {
  private let count: Int
  private var random: SplitMix64
  private var waiting: [Int] = []

  init(count: Int, seed: String) {
    self.count = count
    random = SplitMix64(text: seed)
  }

  /// The next rows; at most as many as there are.
  mutating func next(_ size: Int) -> [Int] {
    while waiting.count < size {
      var order = Array(0..<count)
      for last in stride(from: count - 1, to: 0, by: -1) {
        order.swapAt(last, random.int(below: last + 1))
      }
      waiting += order
    }
    defer { waiting.removeFirst(size) }
    return Array(waiting.prefix(size))
  }
}
