// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Objectives

@Suite("Reliability bins")
struct ReliabilityBinsTests {
  let margins = [2.0, -2, 0, 0.1, 0.7, -0.3, 3.5, 1.2]

  // NumPy: conf = 1/(1+exp(-abs(m))); out = 1, .5, 0 by the sign of m; bins floor(10 conf), the last closed;
  // sum over bins of n_b/n * abs(out.mean() - conf.mean())
  @Test("the calibration error of margins matches NumPy")
  func golden() {
    expectClose([ReliabilityBins(margins: margins).expectedError], [0.181701942], atol: 1e-9)
  }

  @Test("margins that are always right by much are calibrated, always wrong ones are not")
  func extremes() {
    #expect(ReliabilityBins(margins: [50, 60]).expectedError < 1e-9)
    #expect(ReliabilityBins(margins: [-50, -60]).expectedError > 1 - 1e-9)
    #expect(ReliabilityBins(margins: [0, 0, 0]).expectedError == 0)
  }

  @Test("no margins have no error, and the edges of [0, 1] have bins")
  func edges() {
    #expect(ReliabilityBins(margins: []).expectedError == 0)
    let bins = ReliabilityBins(predictions: [0, 1], outcomes: [0, 1]).bins
    #expect(bins.map(\.count) == [1, 1])
    #expect(bins.map(\.confidence) == [0, 1])
  }
}
