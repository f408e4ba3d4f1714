// SPDX-License-Identifier: Apache-2.0
import Foundation
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Score processing")
struct ScoreProcessingTests {
  @Test("leaves scores alone by default")
  func identity() {
    var processing = ScoreProcessing()
    expectClose(processing(Tensor([3.0, -100, 0.5])), [3, -100, 0.5])
    #expect(processing.moments.count == 0)
  }

  @Test("centres on the reference, then clips")
  func centreAndClip() {
    var processing = ScoreProcessing(referenceMean: 1.5, clip: 2)
    expectClose(processing(Tensor([1.5, 2.5, 9, -9])), [0, 1, 2, -2])
  }

  // NumPy: np.std([1, 2, 4, 8, -3, 0], ddof=1) after each batch of two
  @Test("divides by the deviation of all scores so far, the mean untouched")
  func running() {
    var processing = ScoreProcessing(scaling: .running)
    let batches = [[1.0, 2], [4, 8], [-3, 0]]
    let deviations = [0.7071067811865476, 3.095695936834452, 3.7416573867739413]
    for (batch, deviation) in zip(batches, deviations) {
      expectClose(processing(Tensor(batch)), batch.map { $0 / deviation }, atol: 1e-12)
    }
    #expect(processing.moments.count == 6)
  }

  @Test("state read back from JSON continues bit for bit")
  func coding() throws {
    var processing = ScoreProcessing(referenceMean: 0.1, scaling: .running, clip: 5)
    _ = processing(Tensor([0.3, 1.7, -2.2]))
    var copy = try JSONDecoder().decode(
      ScoreProcessing.self, from: JSONEncoder().encode(processing))
    #expect(copy == processing)
    let next = Tensor([0.9, -0.4])
    #expect(copy(next).doubles == processing(next).doubles)
  }

  @Test("whitens a batch around its mean")
  func batch() {
    var processing = ScoreProcessing(scaling: .batch)
    // mean 2, population deviation sqrt(2)
    expectClose(
      processing(Tensor([0.0, 2, 4, 2])),
      [2 - 2 / 2.0.squareRoot(), 2, 2 + 2 / 2.0.squareRoot(), 2],
      atol: 1e-6)
  }

  @Test(
    "equal scores and a single score are scaled by one", arguments: ScoreProcessing.Scaling.allCases
  )
  func noSpread(scaling: ScoreProcessing.Scaling) {
    var processing = ScoreProcessing(scaling: scaling)
    expectClose(processing(Tensor([3.0])), [3])
    expectClose(processing(Tensor([3.0, 3])), [3, 3])
  }

  @Test("a score that is not finite spoils only itself")
  func notFinite() {
    var processing = ScoreProcessing(scaling: .running)
    let found = processing(Tensor([1.0, .nan, 3])).doubles
    expectClose([found[0], found[2]], [1 / 2.0.squareRoot(), 3 / 2.0.squareRoot()], atol: 1e-12)
    #expect(found[1].isNaN && processing.moments.count == 2)
  }

  @Test("running moments equal those of all numbers at once, far from zero too")
  func moments() {
    let numbers = (0..<1000).map { 1e6 + Double($0 * $0 % 97) }
    var running = RunningMoments()
    for start in stride(from: 0, to: 1000, by: 37) {
      running.add(Array(numbers[start..<min(start + 37, 1000)]))
    }
    let mean = numbers.reduce(0, +) / 1000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 999
    expectClose([running.mean], [mean], atol: 1e-7)
    expectClose([running.deviation ?? .nan], [variance.squareRoot()], atol: 1e-7)
    #expect(RunningMoments().deviation == nil)
  }

  @Test("a clip bound of zero is refused in words")
  func settings() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { ScoreProcessing(clip: 0) }
    }
    #expect(
      error?.description == "score processing: the clip bound must be above 0; got 0.0")
  }
}
