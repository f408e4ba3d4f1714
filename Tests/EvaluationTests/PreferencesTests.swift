// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Win rate")
struct WinRateTests {
  let scores = Array(repeating: 1.0, count: 12) + Array(repeating: 0, count: 6) + [0.5, 0.5]

  func comparisons(_ scores: [Double?]) -> [Comparison] {
    scores.enumerated().map { Comparison(prompt: "p\($0.offset)", score: $0.element) }
  }

  // numpy: s.mean(), s.std(ddof=1)/sqrt(20); scipy.stats.binomtest(6, 18)
  @Test("12 wins, 6 losses and 2 ties give the numbers NumPy and SciPy give")
  func golden() throws {
    let result = try WinRate()(comparisons(scores))
    expectClose(result.estimate.value, 0.65)
    expectClose(result.standardError, 0.103237)
    expectClose(result.signTestPValue, 0.237885)
    expectClose(result.withoutTies, 12.0 / 18)
    #expect((result.winCount, result.tieCount, result.lossCount) == (12, 2, 6))
    let interval = try #require(result.estimate.interval)
    expectClose([interval.lower, interval.upper], [0.432854, 0.818808])
  }

  @Test("unreadable judgements are dropped and counted")
  func invalid() throws {
    let result = try WinRate()(comparisons(scores + [nil, nil, nil]))
    #expect(result.invalidCount == 3)
    expectClose(result.estimate.value, 0.65)
    #expect(throws: EvaluationError.self) { try WinRate()(comparisons([nil])) }
    #expect(throws: EvaluationError.self) { try WinRate()(comparisons([1.2])) }
  }

  @Test("comparisons of one prompt count as one")
  func clusters() throws {
    let items = [
      Comparison(prompt: "a", score: 1), Comparison(prompt: "a", score: 1),
      Comparison(prompt: "a", score: 0), Comparison(prompt: "b", score: 0),
    ]
    let result = try WinRate()(items)
    expectClose(result.estimate.value, 1.0 / 3, within: 1e-12)
    #expect(result.estimate.count == 2)
  }

  @Test("w(A, B) + w(B, A) = 1, with mirrored intervals", arguments: [UInt64(1), 2, 3])
  func symmetry(seed: UInt64) throws {
    var generator = TestGenerator(seed)
    let scores = (0..<60).map { _ in [0, 0.5, 1][generator.below(3)] }
    for metric in [WinRate(), WinRate(bootstrap: Bootstrap(draws: 200, seed: seed))] {
      let one = try metric(comparisons(scores)).estimate
      let other = try metric(comparisons(scores.map { 1 - $0 })).estimate
      expectClose(one.value + other.value, 1, within: 1e-12)
      let a = try #require(one.interval)
      let b = try #require(other.interval)
      expectClose([a.lower, a.upper], [1 - b.upper, 1 - b.lower], within: 1e-9)
    }
  }

  @Test("probabilities average, and the discrete rate rounds them first")
  func weighted() throws {
    // 1 / (1 + e^{1.2})
    expectClose(weightedPreference(firstLogProb: -0.3, secondLogProb: -1.5), 0.231475)
    let result = try WinRate()(comparisons([0.9, 0.6, 0.2]))
    expectClose(result.estimate.value, 1.7 / 3)
    expectClose(result.discrete, 2.0 / 3)
  }
}

@Suite("Length-controlled win rate")
struct LengthControlledWinRateTests {
  let preferences = [0.9, 0.8, 0.3, 0.6, 0.2, 0.75, 0.55, 0.4]
  let first = [100, 200, 150, 300, 120, 90, 400, 210]
  let second = [220, 260, 140, 310, 100, 180, 380, 200]

  var items: [LengthControlledWinRate.Item] {
    preferences.indices.map {
      .init(preference: preferences[$0], baselineLength: first[$0], modelLength: second[$0])
    }
  }

  // SciPy: minimize of the cross-entropy over (theta, phi), float64
  @Test("the minimal formula matches a fit with SciPy")
  func golden() throws {
    let free = try LengthControlledWinRate(ridge: 0)(items)
    expectClose(free.lengthDifferenceDeviation, 54.967523)
    expectClose(free.lengthCoefficient, -1.747057)
    expectClose(free.strength, -0.066970)
    expectClose(free.raw, 0.5625)
    expectClose(free.estimate.value, 0.483264)
    let ridged = try LengthControlledWinRate()(items)
    expectClose(ridged.lengthCoefficient, -1.747053)
  }

  @Test("equal lengths leave the raw win rate")
  func equalLengths() throws {
    let same = preferences.map {
      LengthControlledWinRate.Item(preference: $0, baselineLength: 80, modelLength: 80)
    }
    let result = try LengthControlledWinRate()(same)
    #expect(result.estimate.value == result.raw)
    #expect(result.lengthCoefficient == 0 && result.warnings.isEmpty)
  }

  @Test("one-sided preferences stay finite")
  func separable() throws {
    let wins = items.map { item in
      var item = item
      item.preference = 1
      return item
    }
    let result = try LengthControlledWinRate()(wins)
    #expect(result.estimate.value > 0.99 && result.estimate.value <= 1)
  }

  /// Equal models, the evaluated one twice as long, a judge that likes length (φ = −1).
  func biased(_ seed: UInt64, spread: Double) -> [LengthControlledWinRate.Item] {
    var generator = TestGenerator(seed)
    let lengths = (0..<2000).map { _ in
      (300 * exp(spread * generator.normal()), 600 * exp(spread * generator.normal()))
    }
    let differences = lengths.map { $0.0 - $0.1 }
    let deviation = differences.standardDeviation
    return zip(lengths, differences).map { lengths, difference in
      let p = sigmoid(-tanh(difference / deviation))
      return .init(
        preference: generator.uniform() < p ? 1 : 0, baselineLength: Int(lengths.0),
        modelLength: Int(lengths.1))
    }
  }

  @Test("removes a planted love of length", arguments: [UInt64(1), 2, 3])
  func learning(seed: UInt64) throws {
    let result = try LengthControlledWinRate()(biased(seed, spread: 0.7))
    #expect(result.raw >= 0.55, "raw \(result.raw)")
    #expect((0.46...0.54).contains(result.estimate.value), "LC \(result.estimate.value)")
    #expect((-1.25 ... -0.75).contains(result.lengthCoefficient))
  }

  @Test("warns where lengths do not overlap")
  func extrapolation() throws {
    let result = try LengthControlledWinRate()(biased(4, spread: 0.05))
    #expect(result.warnings.contains(.extrapolated))
    #expect(try LengthControlledWinRate()(items).warnings.contains(.extrapolated) == false)
  }

  @Test("the bootstrap interval holds the estimate, and difficulty moves the predictions")
  func intervalAndDifficulty() throws {
    let metric = LengthControlledWinRate(bootstrap: Bootstrap(draws: 100, seed: 2))
    let result = try metric(items)
    #expect(result.estimate.interval?.contains(result.estimate.value) == true)
    #expect(result.predictionStandardError == 0)
    let graded = items.enumerated().map { index, item in
      var item = item
      item.difficulty = index.isMultiple(of: 2) ? 1 : -1
      return item
    }
    #expect(try LengthControlledWinRate()(graded).predictionStandardError > 0)
  }
}

@Suite("Bradley-Terry ratings")
struct BradleyTerryTests {
  let wins: [[Double]] = [[0, 7, 9], [3, 0, 6], [1, 4, 0]]
  let names = ["a", "b", "c"]

  // NumPy: Newton on the log-likelihood; standard errors from pinv of the information
  @Test("matches a Newton fit in NumPy")
  func golden() throws {
    let ratings = try BradleyTerry()(wins: wins, names: names)
    expectClose(ratings.strengths, [0.943606, -0.160161, -0.783445])
    expectClose(ratings.elo, [1163.921125, 972.177237, 863.901637])
    expectClose(ratings.winProbability(0, over: 1), 0.750965)
    expectClose(ratings.winProbability(0, over: 2), 0.849035)
    expectClose(ratings.logLikelihood, -16.324990)
    expectClose(ratings.standardErrors, [0.377207, 0.328251, 0.358146])
    expectClose(ratings.standardError(ofDifference: 0, 1), 0.609753)
    #expect(!ratings.usesPrior && ratings.battleCount == 30)
  }

  @Test("ties count half for both")
  func ties() throws {
    var battles: [Battle] = []
    for i in 0..<3 {
      for j in 0..<3 {
        battles += Array(
          repeating: Battle(first: names[i], second: names[j], score: 1), count: Int(wins[i][j]))
      }
    }
    battles += Array(repeating: Battle(first: "b", second: "a", score: 0.5), count: 2)
    battles += Array(repeating: Battle(first: "b", second: "c", score: 0.5), count: 4)
    let ratings = try BradleyTerry()(battles)
    #expect(ratings.names == names)
    expectClose(ratings.strengths, [0.843932, -0.161232, -0.682699])
  }

  @Test("two models: the difference is the logit of the share won")
  func twoModels() throws {
    let ratings = try BradleyTerry()(wins: [[0, 7], [3, 0]], names: ["x", "y"])
    expectClose(ratings.strengths[0] - ratings.strengths[1], log(7.0 / 3), within: 1e-10)
  }

  @Test("relabelling models permutes the ratings and nothing else")
  func relabelling() throws {
    let order = [2, 0, 1]
    let permuted = order.map { i in order.map { wins[i][$0] } }
    let plain = try BradleyTerry()(wins: wins, names: names)
    let other = try BradleyTerry()(wins: permuted, names: order.map { names[$0] })
    expectClose(other.strengths, order.map { plain.strengths[$0] }, within: 1e-10)
  }

  @Test("an anchor shifts all ratings alike")
  func anchor() throws {
    let plain = try BradleyTerry()(wins: wins, names: names).elo
    let anchored = try BradleyTerry(anchor: "c", anchorRating: 800)(wins: wins, names: names).elo
    #expect(anchored[2] == 800)
    expectClose(anchored[0] - anchored[1], plain[0] - plain[1], within: 1e-9)
    #expect(throws: EvaluationError.self) {
      try BradleyTerry(anchor: "d")(wins: wins, names: names)
    }
  }

  @Test("a model that never loses gets finite ratings from a prior, which is reported")
  func prior() throws {
    let ratings = try BradleyTerry()(wins: [[0, 5, 5], [0, 0, 3], [0, 2, 0]], names: names)
    #expect(ratings.usesPrior && ratings.options["prior ties"] == "0.1")
    #expect(ratings.strengths.allSatisfy(\.isFinite) && ratings.order[0] == 0)
    #expect(ratings.standardErrors.allSatisfy { $0.isFinite && $0 > 0 })
    expectClose(ratings.strengths.reduce(0, +), 0, within: 1e-9)
  }

  @Test("groups that never met are joined by the prior")
  func disconnected() throws {
    let ratings = try BradleyTerry()(
      wins: [[0, 3, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]], names: ["a", "b", "c", "d"])
    #expect(ratings.usesPrior && ratings.strengths.allSatisfy(\.isFinite))
    expectClose(ratings.strengths[2], ratings.strengths[3], within: 1e-9)
  }

  @Test("recovers planted strengths, with intervals and ranks that fit", arguments: [UInt64(1), 2])
  func learning(seed: UInt64) throws {
    let truth = [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]
    var generator = TestGenerator(seed)
    var battles: [Battle] = []
    for i in truth.indices {
      for j in 0..<i {
        for _ in 0..<400 {
          let isWin = generator.uniform() < sigmoid(truth[i] - truth[j])
          battles.append(Battle(first: "m\(i)", second: "m\(j)", score: isWin ? 1 : 0))
        }
      }
    }
    battles.shuffle()
    let ratings = try BradleyTerry(bootstrap: Bootstrap(draws: 100, seed: seed))(battles)
    #expect(ratings.order.map { ratings.names[$0] } == (0..<6).map { "m\($0)" })
    let errors = zip(ratings.names, ratings.strengths).map { name, strength in
      abs(strength - truth[Int(name.dropFirst()) ?? 0])
    }
    #expect((errors.max() ?? 1) <= 0.15)
    #expect(ratings.order.map { ratings.ranks[$0] } == [1, 2, 3, 4, 5, 6])
    #expect(zip(ratings.intervals, ratings.elo).allSatisfy { $0.contains($1) })
  }

  @Test("battles over one prompt are resampled together")
  func clusters() throws {
    // One prompt holds every battle, so every resample is the data and the interval is a point.
    let battles = [
      Battle(first: "a", second: "b", score: 1, prompt: "p"),
      Battle(first: "a", second: "b", score: 1, prompt: "p"),
      Battle(first: "a", second: "b", score: 0, prompt: "p"),
    ]
    let ratings = try BradleyTerry(bootstrap: Bootstrap(draws: 20, seed: 1))(battles)
    expectClose(ratings.intervals[0].upper - ratings.intervals[0].lower, 0, within: 1e-6)
  }
}

@Suite("Online Elo")
struct OnlineEloTests {
  let battles = [
    Battle(first: "A", second: "B", score: 1), Battle(first: "B", second: "C", score: 1),
    Battle(first: "A", second: "C", score: 0.5), Battle(first: "C", second: "A", score: 1),
    Battle(first: "A", second: "B", score: 1),
  ]

  // Python: r[a] += 4 * (s - 1 / (1 + 10 ** ((r[b] - r[a]) / 400))), in this order
  @Test("matches the same updates in Python and conserves the sum")
  func golden() {
    let ratings = OnlineElo()(battles)
    expectClose(ratings["A"], 1001.954414)
    expectClose(ratings["B"], 998.011182)
    expectClose(ratings["C"], 1000.034404)
    expectClose(ratings.values.reduce(0, +), 3000, within: 1e-9)
  }

  @Test("the mean over orders is reproducible and lies within its range")
  func shuffles() throws {
    let first = try OnlineElo(k: 32).shuffled(battles, count: 50, seed: 4)
    #expect(first == (try OnlineElo(k: 32).shuffled(battles, count: 50, seed: 4)))
    for estimate in first.values {
      #expect(estimate.interval?.contains(estimate.value) == true)
    }
  }
}

@Suite("Position debiasing")
struct PositionDebiasingTests {
  let judgements = zip([1, 1, 0, 1, 0.5, 1, 0, 1], [1, 0, 0, 1, 0.5, 0, 0, 1]).map {
    TwoOrderJudgement(whenFirst: $0, whenSecond: $1)
  }

  @Test("averages both orders and names the bias")
  func golden() throws {
    let result = try PositionDebiasing()(judgements)
    expectClose(result.debiased.value, 0.5625)
    expectClose(result.conservative, 0.5625)
    expectClose(result.consistency, 0.75)
    expectClose(result.positionBias.value, 0.25)
  }

  @Test("the conservative rate is the average for wins and losses, whatever the scores")
  func conservative() throws {
    var generator = TestGenerator(3)
    let items = (0..<50).map { _ in
      TwoOrderJudgement(
        whenFirst: Double(generator.below(2)), whenSecond: Double(generator.below(2)))
    }
    let result = try PositionDebiasing(bootstrap: Bootstrap(draws: 100, seed: 1))(items)
    expectClose(result.debiased.value, result.conservative, within: 1e-12)
    #expect(result.positionBias.interval != nil)
  }

  @Test("hashing shows the model first about half of the time, always the same way")
  func order() {
    let first = (0..<2000).count {
      PositionDebiasing.showsModelFirst(item: "item-\($0)", seed: 11)
    }
    #expect((900...1100).contains(first))
    let again = PositionDebiasing.showsModelFirst(item: "item-3", seed: 11)
    #expect(again == PositionDebiasing.showsModelFirst(item: "item-3", seed: 11))
    #expect(
      (0..<64).contains { PositionDebiasing.showsModelFirst(item: "item-3", seed: $0) != again })
  }
}
