// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Learning-rate schedules")
struct LearningRateScheduleTests {
  @Test("every schedule gives the rates of transformers")
  func golden() throws {
    let cases = try Fixture("schedules.json")["cases"].list
    #expect(
      Set(cases.map(\.["name"].text)) == Set(LearningRateSchedule.Kind.allCases.map(\.rawValue)))
    for expected in cases {
      let kind = try #require(LearningRateSchedule.Kind(rawValue: expected["name"].text))
      let schedule = LearningRateSchedule(
        kind, base: 0.5, warmupStepCount: Int(expected["warmup"].number),
        stepCount: Int(expected["steps"].number), minimumShare: 0.1)
      // transformers lets this one kind start its warm-up at the minimum; ours all start at zero.
      let first = kind == .warmupStableDecay ? schedule.warmupStepCount : 0
      let rates = (first...20).map { schedule.rate(at: $0) / 0.5 }
      expectClose(rates, Array(expected["factors"].numbers.dropFirst(first)), atol: 1e-12)
    }
  }

  @Test("after its end a run stays where it ended", arguments: LearningRateSchedule.Kind.allCases)
  func afterTheEnd(kind: LearningRateSchedule.Kind) {
    let schedule = LearningRateSchedule(kind, base: 2, warmupStepCount: 2, stepCount: 10)
    for step in [11, 15, 1000] { #expect(schedule.rate(at: step) == schedule.rate(at: 10)) }
  }

  @Test(
    "rates are never negative and never above the base",
    arguments: LearningRateSchedule.Kind.allCases)
  func bounds(kind: LearningRateSchedule.Kind) {
    for (warmup, steps) in [(0, 1), (1, 1), (5, 3), (0, 0), (3, 1000)] {
      let schedule = LearningRateSchedule(kind, base: 2, warmupStepCount: warmup, stepCount: steps)
      for step in [0, 1, 2, 3, 5, 999, 1000, 5000] {
        #expect((0...2).contains(schedule.rate(at: step)), "\(warmup) of \(steps), step \(step)")
      }
    }
  }
}
