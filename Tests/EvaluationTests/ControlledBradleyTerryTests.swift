// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Controlled Bradley-Terry")
struct ControlledBradleyTerryTests {
  let truth = [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]

  /// 400 battles a pair, the weaker model first and the weaker ones longer, before a judge who
  /// likes both.
  func battles(_ seed: UInt64, tieShare: Double) -> [ControlledBattle] {
    var generator = TestGenerator(seed)
    var battles: [ControlledBattle] = []
    for strong in truth.indices {
      for weak in (strong + 1)..<max(strong + 1, truth.count) {
        for _ in 0..<400 {
          let isSwapped = generator.uniform() < 0.3
          let (first, second) = isSwapped ? (strong, weak) : (weak, strong)
          let length = tanh(0.3 * Double(first - second) + generator.normal())
          let logit = truth[first] - truth[second] + 0.3 + 0.5 * length
          let isWin = generator.uniform() < sigmoid(logit)
          let score = generator.uniform() < tieShare ? 0.5 : isWin ? 1 : 0
          battles.append(
            ControlledBattle(
              Battle(first: "m\(first)", second: "m\(second)", score: score),
              features: [1, length]))
        }
      }
    }
    return battles
  }

  func largestError(_ names: [String], _ strengths: [Double]) -> Double {
    zip(names, strengths).map { abs($1 - truth[Int($0.dropFirst()) ?? 0]) }.max() ?? 0
  }

  @Test(
    "recovers strengths that position and length hide from plain ratings",
    arguments: [UInt64(1), 2, 3, 4, 5])
  func learning(seed: UInt64) throws {
    let data = battles(seed, tieShare: 0)
    let fit = try ControlledBradleyTerry(featureNames: ["first", "length"])(data)
    let naive = try BradleyTerry()(data.map(\.battle))
    #expect(fit.order.map { fit.names[$0] } == (0..<6).map { "m\($0)" })
    let error = largestError(fit.names, fit.strengths)
    #expect(error <= 0.15, "error \(error)")
    #expect(error < largestError(naive.names, naive.strengths))
    #expect(abs(fit.featureCoefficients[0] - 0.3) < 0.12)
    #expect(abs(fit.featureCoefficients[1] / fit.featureScales[1] - 0.5) < 0.2)
  }

  @Test("random ties shrink strengths and keep their order", arguments: [UInt64(1), 2, 3, 4, 5])
  func ties(seed: UInt64) throws {
    let fit = try ControlledBradleyTerry(featureNames: ["first", "length"])(
      battles(seed, tieShare: 0.1))
    #expect(fit.order.map { fit.names[$0] } == (0..<6).map { "m\($0)" })
    #expect(largestError(fit.names, fit.strengths) <= 0.25)
    #expect(fit.strengths.map(abs).reduce(0, +) < truth.map(abs).reduce(0, +))
  }

  @Test("without features it is Bradley-Terry, errors included")
  func plain() throws {
    let wins: [[Double]] = [[0, 7, 9], [3, 0, 6], [1, 4, 0]]
    var battles: [Battle] = []
    for i in 0..<3 {
      for j in 0..<3 {
        battles += Array(
          repeating: Battle(first: "\(i)", second: "\(j)", score: 1), count: Int(wins[i][j]))
      }
    }
    let fit = try ControlledBradleyTerry(featureNames: [])(
      battles.map { ControlledBattle($0, features: []) })
    let reference = try BradleyTerry()(battles)
    #expect(fit.names == reference.names)
    expectClose(fit.strengths, reference.strengths, within: 1e-5)
    expectClose(fit.standardErrors, reference.standardErrors, within: 1e-5)
  }

  @Test("refuses battles with another number of features")
  func refusals() {
    let battle = ControlledBattle(Battle(first: "a", second: "b", score: 1), features: [1])
    #expect(throws: EvaluationError.self) {
      try ControlledBradleyTerry(featureNames: [])([battle])
    }
    #expect(ControlledBradleyTerry.normalizedDifference(3, 1) == 0.5)
    #expect(ControlledBradleyTerry.normalizedDifference(0, 0) == 0)
  }
}
