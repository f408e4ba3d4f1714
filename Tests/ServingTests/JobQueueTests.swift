// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Serving

@Suite("Queue of jobs")
struct JobQueueTests {
  private typealias Queue = JobQueue<String, Int>

  @Test("work beyond the capacity is refused until a place is free again")
  func bound() throws {
    let queue = Queue(capacity: 3, timeout: .seconds(60))
    let streams = [try queue.submit("a", weight: 2), try queue.submit("b")]
    #expect(throws: ServingError.overloaded) { try queue.submit("c") }
    #expect(ServingError.overloaded.status == 503)
    #expect(ServingError.overloaded.retryAfterSeconds == 1)
    let jobs = queue.take(waits: true).jobs
    #expect(jobs.map(\.work) == ["a", "b"])
    #expect(queue.load == Queue.Load(running: 0, waiting: 3))
    queue.end(jobs[1])
    _ = try queue.submit("c")
    #expect(throws: ServingError.overloaded) { try queue.submit("d") }
    _ = streams
  }

  @Test("a job whose reader goes is reported as cancelled, before and after it was taken")
  func cancellation() async throws {
    let queue = Queue(capacity: 3, timeout: .seconds(60))
    var stream: AsyncStream<Int>? = try queue.submit("a")
    #expect(stream != nil)
    stream = nil
    let arrivals = queue.take(waits: true)
    #expect(arrivals.cancelledIDs == arrivals.jobs.map(\.id))
    let events = try queue.submit("b")
    let reader = Task {
      for await _ in events {}
    }
    let job = try #require(queue.take(waits: true).jobs.first)
    reader.cancel()
    await reader.value
    #expect(queue.take(waits: true).cancelledIDs == [job.id])
  }

  @Test("a queue that stops takes nothing more and keeps what it has")
  func stopping() throws {
    let queue = Queue(capacity: 3, timeout: .seconds(60))
    let stream = try queue.submit("a")
    queue.stop()
    #expect(throws: ServingError.stopping) { try queue.submit("b") }
    let arrivals = queue.take(waits: true)
    #expect(arrivals.jobs.count == 1 && !arrivals.isClosed && !arrivals.isAborted)
    queue.abort()
    #expect(queue.take(waits: true).isAborted)
    queue.close()
    #expect(queue.take(waits: true).isClosed)
    _ = stream
  }

  @Test("a deadline is the time of arrival and the time a job may take")
  func deadline() throws {
    let queue = Queue(capacity: 1, timeout: .seconds(5))
    let before = ContinuousClock.now
    let stream = try queue.submit("a")
    let job = try #require(queue.take(waits: false).jobs.first)
    #expect(job.deadline >= before + .seconds(5) && job.deadline <= .now + .seconds(5))
    _ = stream
  }
}
