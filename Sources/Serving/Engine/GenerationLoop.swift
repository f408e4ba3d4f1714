// SPDX-License-Identifier: Apache-2.0
public import LanguageModels
public import Tokenizers
import Torch

/// Decodes what a queue brings, many requests side by side: new ones join the batch between two tokens, and those that
/// ended, timed out or lost their client leave it.
///
/// Belongs to one thread, the one that ``run()`` is called on.
public final class GenerationLoop {
  private struct Running {
    let job: GenerationQueue.Job
    /// Requests of the engine on their way.
    var requests: Set<Int>
  }

  private let queue: GenerationQueue
  private let model: any LanguageModel
  private let makeEngine: () -> DecodingEngine
  private var engine: DecodingEngine
  private var running: [Int: Running] = [:]
  /// Job and place in it, by request of the engine.
  private var origins: [Int: (job: Int, completion: Int)] = [:]
  private var nextRequest = 0
  /// Requests whose rows are to be freed before the next token.
  private var discarded: [Int] = []

  /// Creates a loop.
  ///
  /// - Parameters:
  ///   - model: the policy.
  ///   - tokenizer: looks for stop strings.
  ///   - queue: brings the work.
  ///   - rowCount: texts decoded together, at least 1.
  ///   - prefixCacheTokens: tokens of ended texts kept for prompts that begin as they do.
  public init(
    _ model: any LanguageModel, tokenizer: Tokenizer, queue: GenerationQueue, rowCount: Int,
    prefixCacheTokens: Int
  ) {
    self.queue = queue
    self.model = model
    makeEngine = {
      DecodingEngine(
        model, rowCount: rowCount, prefixCacheTokens: prefixCacheTokens,
        promptTokensPerStep: 512, decode: { tokenizer.decode($0) })
    }
    engine = makeEngine()
  }

  /// Works until the queue is closed and empty.
  public func run() {
    withoutGrad {
      while advance() {}
    }
  }

  /// Takes what arrived and decodes a token of every text; false once the queue is closed and nothing is left.
  func advance() -> Bool {
    let isIdle = running.isEmpty && engine.isIdle
    let arrivals = queue.take(waits: isIdle)
    for id in arrivals.cancelledIDs { drop(id, telling: nil) }
    for job in arrivals.jobs { begin(job) }
    if arrivals.isAborted { dropAll(telling: .stopping) }
    let now = ContinuousClock.now
    for (id, entry) in running where entry.job.deadline <= now {
      drop(id, telling: .timedOut(queue.timeout))
    }
    step()
    queue.report(running: engine.activeCount)
    return !(arrivals.isClosed && running.isEmpty)
  }

  private func step() {
    do {
      let events = try withTensorErrors {
        for request in discarded { engine.cancel(request) }
        return engine.step()
      }
      for event in events { tell(event) }
    } catch {
      // Half a step may have been taken: nothing of the engine can be relied on any more.
      engine = makeEngine()
      dropAll(telling: .failed("\(error)"))
    }
    discarded = []
  }

  private func begin(_ job: GenerationQueue.Job) {
    var requests: Set<Int> = []
    running[job.id] = Running(job: job, requests: [])
    do {
      for (place, text) in job.work.scoredTexts.enumerated() {
        let tokens = try withTensorErrors { model.tokenLogProbs(of: text) }
        job.events.yield(.scored(text: place, tokens))
      }
      for (place, completion) in job.work.completions.enumerated() {
        nextRequest += 1
        try engine.submit(
          DecodingRequest(
            id: nextRequest, prompt: completion.prompt, settings: completion.settings,
            seed: completion.seed))
        origins[nextRequest] = (job.id, place)
        requests.insert(nextRequest)
        running[job.id]?.requests = requests
      }
    } catch {
      drop(
        job.id,
        telling: error is GenerationError ? .badRequest("\(error)") : .failed("\(error)"))
    }
    if requests.isEmpty { drop(job.id, telling: nil) }
  }

  private func tell(_ event: DecodingEvent) {
    switch event {
    case .token(let request, let token):
      guard let origin = origins[request] else { return }
      running[origin.job]?.job.events.yield(.token(completion: origin.completion, token))
    case .finished(let request, let reason):
      guard let origin = origins.removeValue(forKey: request) else { return }
      running[origin.job]?.job.events.yield(.finished(completion: origin.completion, reason))
      running[origin.job]?.requests.remove(request)
      if running[origin.job]?.requests.isEmpty == true { drop(origin.job, telling: nil) }
    }
  }

  /// Ends a job, and frees its rows.
  private func drop(_ id: Int, telling error: ServingError?) {
    guard let entry = running.removeValue(forKey: id) else { return }
    discarded += entry.requests
    for request in entry.requests { origins[request] = nil }
    if let error { entry.job.events.yield(.failed(error)) }
    queue.end(entry.job)
  }

  private func dropAll(telling error: ServingError) {
    for id in Array(running.keys) { drop(id, telling: error) }
  }
}
