// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("The bookkeeping of a run")
struct TrainingRunTests {
  private func metrics(_ loss: Double) -> MetricMeans {
    var means = MetricMeans()
    means.add("loss", loss)
    return means
  }

  private func save(_ folder: URL) throws {
    try Data("weights".utf8).write(to: folder.appending(path: "model"))
  }

  /// Runs steps with loss = step.
  private func run(_ run: TrainingRun, to last: Int, eval: ((Int) -> Double)? = nil) throws {
    try run.begin(save: save)
    while run.step < last {
      let step = run.step + 1
      try run.finishStep(
        metrics(Double(step)), epoch: Double(step) / 10, tokenCount: 5,
        evaluate: eval.map { value in { [("loss", value(step)), ("accuracy", 0.5)] } }, save: save)
    }
  }

  @Test("a log line holds the means since the last one; the first and the last step have lines")
  func intervals() throws {
    let run = try quietRun(steps: 7) { $0.loggingSteps = 3 }
    try self.run(run, to: 7)
    #expect(run.log.history.map { $0["step"] } == [1, 3, 6, 7])
    #expect(run.log.history.map { $0["loss"] } == [1, 2.5, 5, 7])
    #expect(run.log.history.map { $0["num_tokens"] } == [5, 15, 30, 35])
    try run.end(sampleCount: 7)
    #expect(run.log.history.last?["train_loss"] == 4)  // the mean of 1...7
  }

  @Test("a checkpoint inside an interval keeps its sums, so the resumed run logs the same means")
  func interruptedInterval() throws {
    let folder = try ScratchFolder()
    let settings = { (settings: inout RunSettings) in
      settings.loggingSteps = 4
      settings.saveSteps = 3
    }
    let whole = try quietRun(steps: 8, folder: folder["a"], change: settings)
    try run(whole, to: 8)
    try whole.end(sampleCount: 8)
    let first = try quietRun(steps: 8, folder: folder["b"], change: settings)
    try run(first, to: 3)
    let second = try quietRun(
      steps: 8, folder: folder["b"], resumingFrom: folder["b/checkpoint-3"], change: settings)
    #expect(second.step == 3)
    try run(second, to: 8)
    try second.end(sampleCount: 5)
    #expect(whole.log.history.compactMap { $0["loss"] } == [1, 3, 6.5])
    #expect(second.log.history.compactMap { $0["loss"] } == [3, 6.5])
    #expect(second.log.history.last?["train_loss"] == whole.log.history.last?["train_loss"])
  }

  @Test(
    "a metric that is not finite in an open interval does not keep a checkpoint from being saved")
  func notFiniteInterval() throws {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 9, folder: folder.url) {
      $0.loggingSteps = 9
      $0.saveSteps = 2
    }
    for _ in 0..<2 {
      var step = metrics(1)
      step.add("kl", .infinity)
      step.add("spread", .nan)
      try run.finishStep(step, epoch: 0, tokenCount: 1, save: save)
    }
    let state = try TrainerState(checkpoint: folder["checkpoint-2"])
    #expect(state.interval["kl"] == .infinity)
    #expect(state.interval["spread"]?.isNaN == true)
    #expect(state.interval["loss"] == 1)
  }

  /// Runs 7 steps of 0.4 epochs and tells after which steps were evaluations and checkpoints.
  private func places(
    _ change: (inout RunSettings) -> Void, losses: [Double] = [3, 5, 2, 4, 1, 6, 7]
  ) throws -> (evaluations: [Int], checkpoints: [Int]) {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 7, folder: folder.url, change: change)
    var evaluations: [Int] = []
    try run.begin(save: save)
    while run.step < 7 {
      let step = run.step + 1
      try run.finishStep(
        metrics(1), epoch: Double(2 * step) / 5, tokenCount: 1,
        evaluate: {
          evaluations.append(step)
          return [("loss", losses[step - 1])]
        }, save: save)
    }
    return (evaluations, run.store.steps)
  }

  // Epochs after the steps: 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8.
  @Test("strategies say when there are evaluations and checkpoints")
  func strategies() throws {
    let never = try places {
      $0.saveStrategy = .no
      $0.evalStrategy = .no
      $0.saveSteps = 1
      $0.evalSteps = 1
    }
    #expect(never.evaluations.isEmpty && never.checkpoints.isEmpty)
    let steps = try places {
      $0.saveSteps = 3
      $0.evalSteps = 2
    }
    #expect(steps.evaluations == [2, 4, 6, 7])
    #expect(steps.checkpoints == [3, 6, 7])
    let epochs = try places {
      $0.saveStrategy = .epoch
      $0.evalStrategy = .epoch
      $0.saveSteps = 1
      $0.evalSteps = 1
    }
    #expect(epochs.evaluations == [3, 5, 7])
    #expect(epochs.checkpoints == [3, 5, 7])
    let best = try places {
      $0.saveStrategy = .best
      $0.evalSteps = 1
      $0.bestMetric = "loss"
    }
    #expect(best.checkpoints == [1, 3, 5])
  }

  @Test("a resumed run keeps its epochs", arguments: [2, 3])
  func resumedEpochs(stop: Int) throws {
    let folder = try ScratchFolder()
    let change = { (settings: inout RunSettings) in settings.saveStrategy = .epoch }
    func train(_ run: TrainingRun, to last: Int) throws {
      run.isInterrupted = { run.step == stop && last == stop }
      do {
        while run.step < last {
          try run.finishStep(
            metrics(1), epoch: Double(run.step + 1) / 3, tokenCount: 1, save: save)
        }
      } catch is TrainingInterrupted {}
    }
    try train(quietRun(steps: 9, folder: folder.url, change: change), to: stop)
    let second = try quietRun(
      steps: 9, folder: folder.url, resumingFrom: folder["checkpoint-\(stop)"], change: change)
    try train(second, to: 9)
    #expect(second.store.steps == (stop == 2 ? [2, 3, 6, 9] : [3, 6, 9]))
  }

  @Test("a request to stop saves after the step in progress and names the checkpoint")
  func interruption() throws {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 9, folder: folder.url)
    var steps = 0
    run.isInterrupted = {
      steps += 1
      return steps == 4
    }
    let error = #expect(throws: TrainingInterrupted.self) { try self.run(run, to: 9) }
    #expect(error?.step == 4)
    #expect(error?.checkpoint == folder["checkpoint-4"])
    #expect(run.store.steps == [4])
    #expect(try TrainerState(checkpoint: folder["checkpoint-4"]).globalStep == 4)
  }

  @Test("a request to stop during the last step lets the run end")
  func interruptionAtTheEnd() throws {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 2, folder: folder.url)
    run.isInterrupted = { run.step == 2 }
    try self.run(run, to: 2)
    #expect(run.store.steps.isEmpty)
  }

  @Test("save_first writes a checkpoint before the first step, and not again on resuming")
  func saveFirst() throws {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 2, folder: folder.url) { $0.savesFirst = true }
    try run.begin(save: save)
    #expect(run.store.steps == [0])
    #expect(try TrainerState(checkpoint: folder["checkpoint-0"]).globalStep == 0)
  }

  @Test(
    "the best of a watched metric is saved and kept", arguments: [(false, 2), (true, 5)])
  func best(greaterIsBetter: Bool, expected: Int) throws {
    let folder = try ScratchFolder()
    let values = [0.5, 0.1, 0.4, 0.3, 0.9, 0.2]
    let run = try quietRun(steps: 6, folder: folder.url, limit: 1) {
      $0.evalSteps = 1
      $0.saveSteps = 1
      $0.bestMetric = "eval_loss"
      $0.greaterIsBetter = greaterIsBetter
    }
    try self.run(run, to: 6) { values[$0 - 1] }
    #expect(run.state.bestStep == expected)
    #expect(run.state.bestMetric == values[expected - 1])
    #expect(run.store.steps == [expected, 6])
    let state = try TrainerState(checkpoint: folder["checkpoint-6"])
    #expect(state.bestStep == expected)
  }

  @Test("a watched metric that the evaluation does not give is said aloud, with the names it gives")
  func unknownBest() throws {
    let run = try quietRun(steps: 1) { $0.bestMetric = "eval_bleu" }
    try self.run(run, to: 1) { _ in 1 }
    #expect(run.log.warnings.count == 1)
    #expect(run.log.warnings[0].contains("'eval_bleu'"))
    #expect(run.log.warnings[0].contains("eval_loss, eval_accuracy"))
  }

  @Test("an evaluation that is not finite is never the best")
  func notFiniteBest() throws {
    let folder = try ScratchFolder()
    let run = try quietRun(steps: 2, folder: folder.url) {
      $0.evalSteps = 1
      $0.bestMetric = "loss"
    }
    try self.run(run, to: 2) { $0 == 1 ? .nan : 3 }
    #expect(run.state.bestStep == 2)
  }
}
