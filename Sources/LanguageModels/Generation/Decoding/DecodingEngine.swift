// SPDX-License-Identifier: Apache-2.0
import Torch

/// Continues many texts at once: a request takes a row of the key-value cache as soon as one is free.
///
/// Each request has its own settings and random stream, so what it becomes does not depend on the rows beside it, on
/// their number or on the order of requests, up to the rounding of sums. Prompts are read in pieces while other rows go
/// on; what a prompt shares with the text of another row, or with one that ended before and is still kept, is copied
/// rather than read again. Synchronous, and used from one thread.
///
/// ```swift
/// let engine = DecodingEngine(model, rowCount: 8)
/// try engine.submit(DecodingRequest(id: 1, prompt: ids, settings: settings, seed: 7))
/// while !engine.isIdle {
///   for event in engine.step() { print(event) }
/// }
/// ```
public final class DecodingEngine {
  /// A text on its way; its place in `rows` is its row of the cache.
  struct Row {
    let request: DecodingRequest
    let plan: DecodingPlan
    /// Prompt and completion.
    var ids: [Int]
    var random: SplitMix
    /// Most tokens of prompt and completion.
    let limit: Int

    var completion: ArraySlice<Int> { ids[request.prompt.count...] }
  }

  /// The model as it was when the engine was made, laid out for decoding.
  public let model: any LanguageModel
  /// The output matrix laid out likewise, where that can be.
  let head: PackedMatrix?
  /// Texts decoded together at most.
  public let rowCount: Int
  /// Tokens of prompts read in a step at most, except that a single prompt is never cut in a way that changes its keys.
  public let promptTokensPerStep: Int

  let cache: KVCache
  var rows: [Row] = []
  var queue = RequestQueue()
  /// Requests that wait or have a row.
  var knownIDs: Set<Int> = []
  var prefixes: PrefixCache?
  private var plans: [SamplingSettings: DecodingPlan] = [:]
  private let processors: [any LogitsProcessor]
  let decode: (([Int]) -> String)?
  private let vocabularyCount: Int
  /// Events that need no computation, told with the next step.
  private var pending: [DecodingEvent] = []
  /// What was done so far.
  public internal(set) var statistics = Statistics()

  /// Shared beginnings shorter than this are read again: copying them saves nothing.
  static let leastSharedCount = 8
  /// Requests looked at behind one that waits for another's prompt.
  static let lookAhead = 64

  /// What the engine did so far.
  public struct Statistics: Sendable, Equatable {
    /// Tokens of prompts that were read.
    public var promptTokensRead = 0
    /// Tokens of prompts that were copied from other texts.
    public var promptTokensShared = 0
    /// Tokens chosen.
    public var tokensChosen = 0
  }

  /// Creates an engine.
  ///
  /// - Parameters:
  ///   - model: the policy; changes of its parameters are for an engine made after them.
  ///   - rowCount: texts decoded together, at least 1.
  ///   - capacity: tokens a row has room for at first; rows grow as their texts do.
  ///   - prefixCacheTokens: tokens of ended texts kept for prompts that begin as they do; 0 keeps none.
  ///   - promptTokensPerStep: prompts are read in pieces of about this many tokens a step.
  ///   - processors: change the scores of every request, behind its own settings and before truncation.
  ///   - decode: turns a completion's tokens into text; needed where stop strings are.
  public init(
    _ model: any LanguageModel, rowCount: Int, capacity: Int = 256, prefixCacheTokens: Int = 0,
    promptTokensPerStep: Int = 4096, processors: [any LogitsProcessor] = [],
    decode: (([Int]) -> String)? = nil
  ) {
    precondition(rowCount > 0, "decoding engine: at least one row, got \(rowCount)")
    let model = (try? model.packed()) ?? model
    self.model = model
    head =
      PackedMatrix.fits(model.elementType, on: model.device)
      ? PackedMatrix(model.outputWeight) : nil
    self.rowCount = rowCount
    self.promptTokensPerStep = promptTokensPerStep
    self.processors = processors
    self.decode = decode
    cache = model.makeCache(rowCount: rowCount, capacity: capacity)
    prefixes = prefixCacheTokens > 0 ? PrefixCache(capacity: prefixCacheTokens) : nil
    vocabularyCount = model.outputWeight.size(0)
  }

  /// Whether nothing is left to do.
  public var isIdle: Bool { rows.isEmpty && queue.isEmpty && pending.isEmpty }

  /// Requests that wait for a row.
  public var waitingCount: Int { queue.count }

  /// Requests that have a row.
  public var activeCount: Int { rows.count }

  /// Hands over a request after checking it.
  ///
  /// - Throws: ``GenerationError`` where its prompt or settings cannot be used.
  public func submit(_ request: DecodingRequest) throws {
    try request.settings.validate(vocabularyCount: vocabularyCount)
    guard !request.prompt.isEmpty else { throw GenerationError.badPrompt(problem: "is empty") }
    if let id = request.prompt.first(where: { $0 < 0 || $0 >= vocabularyCount }) {
      throw GenerationError.badPrompt(
        problem: "has the token id \(id); the model knows 0 to \(vocabularyCount - 1)")
    }
    if let limit = model.configuration.maximumLength, request.prompt.count >= limit {
      throw GenerationError.badPrompt(
        problem: "has \(request.prompt.count) tokens, and the model takes \(limit) with the "
          + "completion; shorten it")
    }
    guard !knownIDs.contains(request.id) else {
      throw GenerationError.badPrompt(problem: "came as request \(request.id), which is on its way")
    }
    guard request.settings.stopStrings.isEmpty || decode != nil else {
      throw GenerationError.badSetting(
        option: "stop_strings", problem: "this engine was made without a way to decode")
    }
    enqueue(request)
  }

  /// Hands over a request that is known to be right; one without room for a token ends at once.
  func enqueue(_ request: DecodingRequest) {
    precondition(!request.prompt.isEmpty, "decoding: request \(request.id) has an empty prompt")
    guard request.prompt.count < limit(request) else {
      return pending.append(.finished(request: request.id, .length))
    }
    let isNew = knownIDs.insert(request.id).inserted
    precondition(isNew, "decoding: there is a request \(request.id) already")
    queue.append(request)
  }

  /// Ends a request without an event; tells whether it was there.
  @discardableResult
  public func cancel(_ id: Int) -> Bool {
    if let row = rows.firstIndex(where: { $0.request.id == id }) {
      release([row])
      return true
    }
    knownIDs.remove(id)
    return queue.cancel(id)
  }

  /// Reads prompts, chooses a token for every text whose prompt is read, and lets waiting requests in.
  ///
  /// - Returns: what happened, tokens of a request before its end; empty where only prompts were read.
  public func step() -> [DecodingEvent] {
    var events = pending
    pending = []
    withoutGrad {
      admit()
      let (places, states) = readTokens()
      if let states {
        let tokens = choose(places, states)
        for (place, token) in zip(places, tokens) {
          events.append(.token(request: rows[place].request.id, token))
        }
        let ended = zip(places, tokens).compactMap { place, token in
          accept(token.id, place).map { (place, $0) }
        }
        events += ended.map { .finished(request: rows[$0].request.id, $1) }
        release(ended.map(\.0))
      }
    }
    return events
  }

  func limit(_ request: DecodingRequest) -> Int {
    let (count, overflows) = request.prompt.count.addingReportingOverflow(
      request.settings.maxNewTokens)
    let bounds = [
      overflows ? .max : count, request.settings.maxLength, model.configuration.maximumLength,
    ]
    return bounds.compactMap { $0 }.min() ?? .max
  }

  func plan(_ settings: SamplingSettings) -> DecodingPlan {
    if let known = plans[settings] { return known }
    if plans.count >= 4 * rowCount {
      plans = Dictionary(
        rows.map { ($0.plan.settings, $0.plan) }, uniquingKeysWith: { first, _ in first })
    }
    let plan = DecodingPlan(
      settings, vocabularyCount: vocabularyCount, device: model.device, others: processors)
    plans[settings] = plan
    return plan
  }
}
