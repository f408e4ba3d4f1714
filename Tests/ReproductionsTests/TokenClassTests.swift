// SPDX-License-Identifier: Apache-2.0

import Environments
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Reproductions

@Suite("The small language model of token classes")
struct TokenClassTests {
  @Test("it has 103,000 numbers, and answers follow from its seed, the topic's place and their own")
  func writer() throws {
    let writer = try ClassWriter(seed: 3)
    #expect(writer.model.parameterCount == 103_232)
    let topics = [4, 9, 17]
    let answers = writer.answers(to: topics, seed: 5)
    #expect(answers == writer.answers(to: topics, seed: 5))
    #expect(answers != writer.answers(to: topics, seed: 6))
    #expect(Array(answers.prefix(2)) == writer.answers(to: [4, 9], seed: 5))
    #expect(answers.allSatisfy { (1...TokenClasses.longestAnswer).contains($0.tokens.count) })
  }

  @Test("a copy is trained on its own, and scores are sums of next-token log-probabilities")
  func copies() throws {
    let writer = try ClassWriter(seed: 3)
    let copy = try writer.copy()
    let answer = ClassAnswer(topic: 5, tokens: [4, 7, 1])
    let before = writer.scores(of: [answer])
    let tokens = withoutGrad { writer.tokenLogProbs(of: [answer]).values.doubles }
    expectClose(before, [tokens.reduce(0, +)], atol: 1e-5)
    let optimizer = AdamW(copy.model.parameters, learningRate: 1e-2)
    (-copy.logProbs(of: [answer]).sum()).backward()
    optimizer.step()
    #expect(writer.scores(of: [answer]) == before)
    #expect(copy.scores(of: [answer])[0] > before[0])
  }

  @Test("a reading has no distance from itself, and some from another model")
  func reading() throws {
    let writer = try ClassWriter(seed: 3)
    let own = ClassReading(writer, reference: writer, seed: 1, count: 64)
    expectClose([own.kl], [0], atol: 1e-4)
    let other = ClassReading(writer, reference: try ClassWriter(seed: 4), seed: 1, count: 64)
    #expect(other.kl > 0.01 && other.reward == own.reward && other.length == own.length)
  }

  @Test("batches go through all rows before any comes again")
  func shuffling() {
    var rows = ShuffledRows(count: 10, seed: "rows")
    let passes = (0..<4).map { _ in rows.next(5) }
    #expect(Set(passes[0] + passes[1]) == Set(0..<10))
    #expect(Set(passes[2] + passes[3]) == Set(0..<10))
    #expect(passes[0] + passes[1] != passes[2] + passes[3])
  }

  @Test("lists share a topic, labels rise with the reward, and the first answers make a batch")
  func lists() throws {
    let writer = try ClassWriter(seed: 3)
    let lists = AnswerLists(count: 40, width: 4, from: writer, seed: 2)
    #expect(lists.answers.allSatisfy { list in list.allSatisfy { $0.topic == list[0].topic } })
    let all = zip(lists.answers.joined(), lists.labels.joined()).map { ($0.0.reward, $0.1) }
    let good = all.filter { $0.0 > 1 }.map(\.1)
    let bad = all.filter { $0.0 < 0 }.map(\.1)
    #expect(good.count > 5 && bad.count > 5 && good.mean > bad.mean + 0.2)
    let batch = lists.batch([7, 0], width: 2)
    #expect(batch.answers == Array(lists.answers[7].prefix(2) + lists.answers[0].prefix(2)))
    expectClose(
      batch.reference, Array(lists.references[7].prefix(2)) + Array(lists.references[0].prefix(2)),
      atol: 1e-4)
  }

  @Test("the gain of a ranking is the sum of discounted gains over the best there is")
  func gain() {
    // 2^0.5 − 1 = 0.414214; best order 1, 0.414214, 0.
    let labels = [0.5, 1, 0]
    #expect(RankingTest.gain([1, 2, 0], labels, cutoff: 3) == 1)
    expectClose([RankingTest.gain([2, 1, 0], labels, cutoff: 1)], [0.414214], atol: 1e-6)
    // (0.414214/ln 2 + 1/ln 3) / (1/ln 2 + 0.414214/ln 3)
    expectClose([RankingTest.gain([2, 1, 0], labels, cutoff: 2)], [0.828598], atol: 1e-6)
  }

  @Test(
    "free scores end in order under pair-logistic, and in the reverse order with flipped labels")
  func ranking() throws {
    let right = RankingTest(run: ReproductionRun(seeds: [1]))
    let end = try #require(right.gains.first { $0.stepCount == RankingTest.budget })
    #expect(end.pairLogistic[0].mean == 1 && end.pairLogistic[1].mean == 1)
    #expect(end.lambda[0].mean > 0.95)
    let flipped = RankingTest(
      run: ReproductionRun(seeds: [1], breakage: LiPOReproduction.flippedLabels))
    let worst = try #require(flipped.gains.first { $0.stepCount == RankingTest.budget })
    #expect(worst.pairLogistic[0].mean < 0.1)
  }
}
