// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// The bounded door between the tasks that speak HTTP and the one thread that computes.
///
/// Any number of tasks ``submit(_:weight:)`` work and read what comes of it; one thread takes what arrived and what was
/// taken back. What waits and what runs together never weigh more than ``capacity``.
public final class JobQueue<Work: Sendable, Event: Sendable>: Sendable {
  /// Work on its way.
  struct Job: Sendable {
    let id: Int
    let work: Work
    /// How much of the capacity it takes.
    let weight: Int
    /// When it is too late.
    let deadline: ContinuousClock.Instant
    /// Where its events go.
    let events: AsyncStream<Event>.Continuation
  }

  /// What happened since the thread looked last.
  struct Arrivals {
    var jobs: [Job] = []
    /// Ids of jobs whose client has gone.
    var cancelledIDs: [Int] = []
    /// Whether everything on its way shall end at once.
    var isAborted = false
    /// Whether nothing more will come.
    var isClosed = false
  }

  /// Numbers of sequences, for people who watch the server.
  public struct Load: Sendable, Equatable, Encodable {
    /// Decoded now.
    public var running = 0
    /// Waiting for a place.
    public var waiting = 0
  }

  private struct State {
    var arrivals = Arrivals()
    var weight = 0
    var running = 0
    var nextID = 0
    var isStopping = false
  }

  /// Most weight of jobs that wait or run.
  public let capacity: Int
  /// What a job may take from when it came.
  public let timeout: Duration
  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)

  /// Creates a queue.
  public init(capacity: Int, timeout: Duration) {
    precondition(capacity > 0, "job queue: capacity \(capacity); at least 1 is needed")
    self.capacity = capacity
    self.timeout = timeout
  }

  // MARK: For HTTP tasks

  /// Hands work over.
  ///
  /// - Parameters:
  ///   - work: what to do.
  ///   - weight: places it takes, such as one a sequence.
  /// - Returns: what comes of it. Who stops reading, by cancellation or otherwise, takes the work back.
  /// - Throws: ``ServingError`` where there is no place, or the server ends.
  public func submit(_ work: Work, weight: Int = 1) throws(ServingError) -> AsyncStream<Event> {
    let (stream, events) = AsyncStream<Event>.makeStream()
    let outcome = state.withLock { state -> Result<Int, ServingError> in
      guard !state.isStopping else { return .failure(.stopping) }
      guard state.weight + weight <= capacity else { return .failure(.overloaded) }
      state.weight += weight
      state.nextID += 1
      state.arrivals.jobs.append(
        Job(
          id: state.nextID, work: work, weight: weight,
          deadline: .now.advanced(by: timeout), events: events))
      return .success(state.nextID)
    }
    let id = try outcome.get()
    // Also at the regular end, when the thread no longer knows the id.
    events.onTermination = { [weak self] _ in self?.cancel(id) }
    wakeUp.signal()
    return stream
  }

  private func cancel(_ id: Int) {
    state.withLock { $0.arrivals.cancelledIDs.append(id) }
    wakeUp.signal()
  }

  /// What is on its way now.
  public var load: Load {
    state.withLock { Load(running: $0.running, waiting: max(0, $0.weight - $0.running)) }
  }

  // MARK: For whoever ends the server

  /// Takes no more work; what is there goes on.
  public func stop() { state.withLock { $0.isStopping = true } }

  /// Ends what is on its way with ``ServingError`` of status 503.
  public func abort() {
    state.withLock {
      $0.isStopping = true
      $0.arrivals.isAborted = true
    }
    wakeUp.signal()
  }

  /// Lets the computing thread end once nothing is left to do.
  public func close() {
    state.withLock {
      $0.isStopping = true
      $0.arrivals.isClosed = true
    }
    wakeUp.signal()
  }

  // MARK: For the thread that computes

  /// Takes what arrived.
  ///
  /// - Parameter waits: whether to wait where nothing did.
  /// - Returns: what arrived since the last call.
  func take(waits: Bool) -> Arrivals {
    while true {
      let found = state.withLock { state -> Arrivals? in
        let arrivals = state.arrivals
        let isEmpty =
          arrivals.jobs.isEmpty && arrivals.cancelledIDs.isEmpty && !arrivals.isAborted
        if waits, isEmpty, !arrivals.isClosed { return nil }
        state.arrivals = Arrivals(isClosed: arrivals.isClosed)
        return arrivals
      }
      if let found { return found }
      wakeUp.wait()
    }
  }

  /// Gives back the places of a job that ended, and closes its events.
  func end(_ job: Job) {
    state.withLock { $0.weight -= job.weight }
    job.events.finish()
  }

  /// Tells how many sequences are computed now.
  func report(running: Int) { state.withLock { $0.running = running } }
}
