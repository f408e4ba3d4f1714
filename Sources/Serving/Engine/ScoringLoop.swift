// SPDX-License-Identifier: Apache-2.0
public import LanguageModels
import Torch

/// Texts that one HTTP request wants scored.
public struct ScoringJob: Sendable, Equatable {
  /// The texts.
  public var rows: [TokenRow]

  /// Creates a job.
  public init(rows: [TokenRow]) { self.rows = rows }
}

/// What becomes of a ``ScoringJob``: one event, then the end.
public enum ScoringEvent: Sendable, Equatable {
  /// A list a text, one number a label.
  case scores([[Double]])
  /// There are none.
  case failed(ServingError)
}

/// The queue of a reward model.
public typealias ScoringQueue = JobQueue<ScoringJob, ScoringEvent>

/// Scores what a queue brings; texts of several requests share a forward pass.
///
/// Belongs to one thread, the one that ``run()`` is called on.
public final class ScoringLoop {
  private let queue: ScoringQueue
  private let score: ([TokenRow]) -> [[Double]]
  private let batchSize: Int
  private var waiting: [ScoringQueue.Job] = []

  /// Creates a loop.
  ///
  /// - Parameters:
  ///   - queue: brings the work.
  ///   - batchSize: texts taken from several requests together, at least 1.
  ///   - score: gives a list of numbers for each row, one a label.
  public init(
    queue: ScoringQueue, batchSize: Int, score: @escaping ([TokenRow]) -> [[Double]]
  ) {
    self.queue = queue
    self.batchSize = batchSize
    self.score = score
  }

  /// Works until the queue is closed and empty.
  public func run() {
    while advance() {}
  }

  /// Takes what arrived and scores a batch; false once the queue is closed and nothing is left.
  func advance() -> Bool {
    let arrivals = queue.take(waits: waiting.isEmpty)
    waiting += arrivals.jobs
    let cancelled = Set(arrivals.cancelledIDs)
    let now = ContinuousClock.now
    let left = waiting
    waiting = []
    for job in left {
      if cancelled.contains(job.id) {
        queue.end(job)
      } else if arrivals.isAborted {
        end(job, .failed(.stopping))
      } else if job.deadline <= now {
        end(job, .failed(.timedOut(queue.timeout)))
      } else {
        waiting.append(job)
      }
    }
    scoreBatch()
    return !(arrivals.isClosed && waiting.isEmpty)
  }

  private func scoreBatch() {
    var batch: [ScoringQueue.Job] = []
    var count = 0
    while let job = waiting.first, batch.isEmpty || count + job.work.rows.count <= batchSize {
      batch.append(waiting.removeFirst())
      count += job.work.rows.count
    }
    guard !batch.isEmpty else { return }
    queue.report(running: count)
    do {
      var scores = try withTensorErrors { score(batch.flatMap(\.work.rows)) }[...]
      for job in batch {
        end(job, .scores(Array(scores.prefix(job.work.rows.count))))
        scores = scores.dropFirst(job.work.rows.count)
      }
    } catch {
      for job in batch { end(job, .failed(.failed("\(error)"))) }
    }
    queue.report(running: 0)
  }

  private func end(_ job: ScoringQueue.Job, _ event: ScoringEvent) {
    job.events.yield(event)
    queue.end(job)
  }
}
