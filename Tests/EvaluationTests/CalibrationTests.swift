// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Calibration")
struct CalibrationTests {
  let predictions = [0.95, 0.9, 0.8, 0.75, 0.62, 0.55, 0.7, 0.85, 0.58, 0.99]
  let outcomes: [Double] = [1, 1, 1, 0, 1, 0, 0, 1, 1, 1]

  // NumPy; Brier and NLL also scikit-learn's brier_score_loss and log_loss
  @Test("errors and scores match NumPy and scikit-learn")
  func golden() throws {
    let width = try CalibrationError()(predictions: predictions, outcomes: outcomes)
    expectClose(width.expected.value, 0.247)
    expectClose(width.maximum, 0.725)
    let mass = try CalibrationError(binCount: 5, binning: .equalMass)(
      predictions: predictions, outcomes: outcomes)
    expectClose(mass.expected.value, 0.131)
    #expect(mass.bins.map(\.count) == [2, 2, 2, 2, 2])
    expectClose(
      try brierScore(predictions: predictions, outcomes: outcomes).value, 0.175090)
    expectClose(
      try negativeLogLikelihood(predictions: predictions, outcomes: outcomes).value, 0.496390)
  }

  @Test("always saying the base rate is perfectly calibrated")
  func baseRate() throws {
    let outcomes: [Double] = [1, 0, 0, 1, 0, 0, 0, 0]
    let result = try CalibrationError()(
      predictions: Array(repeating: 0.25, count: 8), outcomes: outcomes)
    #expect(result.expected.value == 0 && result.bins.count == 1)
  }

  @Test("the edges 0 and 1 have bins, values outside are refused")
  func edges() throws {
    let result = try CalibrationError()(predictions: [0, 1], outcomes: [0, 1])
    #expect(result.bins.count == 2 && result.expected.value == 0)
    #expect(throws: EvaluationError.self) {
      try CalibrationError()(predictions: [1.01], outcomes: [1])
    }
    #expect(throws: EvaluationError.self) {
      try brierScore(predictions: [0.5], outcomes: [1, 0])
    }
  }

  @Test("certainty that is right costs nothing, certainty that is wrong everything")
  func certainty() throws {
    #expect(try negativeLogLikelihood(predictions: [1, 0], outcomes: [1, 0]).value == 0)
    #expect(try negativeLogLikelihood(predictions: [1], outcomes: [0]).value == .infinity)
  }

  @Test("a margin is judged by its size, whichever side it falls on")
  func margins() {
    let (predictions, outcomes) = CalibrationError.confidences(ofMargins: [2, -2, 0])
    #expect(predictions[0] == predictions[1] && predictions[2] == 0.5)
    #expect(outcomes == [1, 0, 0.5])
  }
}

@Suite("Temperature scaling")
struct TemperatureScalingTests {
  // scipy.optimize.minimize_scalar(lambda T: log1p(exp(-m/T)).mean())
  @Test("matches a search with SciPy")
  func golden() throws {
    let fit = try TemperatureScaling(margins: [2, 1.5, 0.3, -0.4, 1, -1.2, 0.8, 0.1])
    expectClose(fit.temperature, 0.970331)
    expectClose(fit.loss, 0.573388)
    expectClose(fit.lossBefore, 0.573469)
  }

  @Test("scaling all margins scales the temperature")
  func homogeneous() throws {
    let margins = [2, 1.5, 0.3, -0.4, 1, -1.2, 0.8, 0.1]
    let fit = try TemperatureScaling(margins: margins.map { 3 * $0 })
    expectClose(fit.temperature, 3 * 0.970331, within: 3e-6)
  }

  @Test("says why there is no temperature")
  func undefined() {
    #expect(throws: EvaluationError.self) { try TemperatureScaling(margins: [1, 2]) }
    #expect(throws: EvaluationError.self) { try TemperatureScaling(margins: [-1, 0.5]) }
  }
}
