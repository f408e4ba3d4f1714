// SPDX-License-Identifier: Apache-2.0

/// One text to be continued.
public struct DecodingRequest: Sendable, Equatable {
  /// The caller's name for it; no two requests on their way may share one.
  public var id: Int
  /// Token ids, at least one.
  public var prompt: [Int]
  /// How its tokens are chosen and when it ends.
  public var settings: SamplingSettings
  /// Fixes every random choice: the same prompt, settings and seed give the same completion, whatever shares the batch.
  public var seed: UInt64

  /// Creates a request.
  public init(id: Int, prompt: [Int], settings: SamplingSettings, seed: UInt64) {
    self.id = id
    self.prompt = prompt
    self.settings = settings
    self.seed = seed
  }
}

/// A token chosen for a request.
public struct DecodedToken: Sendable, Equatable {
  /// The token.
  public var id: Int
  /// log π of it under softmax(logits / temperature), nats: before penalties and truncation. For greedy decoding the
  /// temperature counts as 1.
  public var logProb: Float
  /// The likeliest tokens in its place, in descending order, as many as were asked for.
  public var alternatives: [TokenLogProb]

  /// Creates a token.
  public init(id: Int, logProb: Float, alternatives: [TokenLogProb]) {
    self.id = id
    self.logProb = logProb
    self.alternatives = alternatives
  }
}

/// What a step of decoding brought.
public enum DecodingEvent: Sendable, Equatable {
  /// A request's next token.
  case token(request: Int, DecodedToken)
  /// A request's end; the token that ended it came before.
  case finished(request: Int, StopReason)
}

/// Requests that wait for a row, in the order they came.
struct RequestQueue {
  private var slots: [DecodingRequest?] = []
  private var first = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ request: DecodingRequest) {
    slots.append(request)
    count += 1
  }

  /// Takes the first request among the next `limit` for which `accepts` holds.
  mutating func take(limit: Int, where accepts: (DecodingRequest) -> Bool) -> DecodingRequest? {
    var seen = 0
    for index in first..<slots.count {
      guard let request = slots[index] else { continue }
      if accepts(request) {
        remove(index)
        return request
      }
      seen += 1
      if seen == limit { break }
    }
    return nil
  }

  /// Takes back a request that has not begun; tells whether it was there.
  mutating func cancel(_ id: Int) -> Bool {
    guard let index = slots.indices.first(where: { slots[$0]?.id == id }) else { return false }
    remove(index)
    return true
  }

  private mutating func remove(_ index: Int) {
    slots[index] = nil
    count -= 1
    while first < slots.count, slots[first] == nil { first += 1 }
    if first > 64, first * 2 > slots.count {
      slots.removeFirst(first)
      first = 0
    }
  }
}
