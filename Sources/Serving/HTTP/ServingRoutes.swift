// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
public import Hummingbird
import LanguageModels

/// The paths of the server and what answers them.
public struct ServingRoutes: Sendable {
  /// What computes the answers.
  public enum Backend: Sendable {
    /// A language model: completions and chats.
    case languageModel(GenerationQueue)
    /// A reward model or classifier with its labels: scores.
    case rewardModel(ScoringQueue, labels: [String])
  }

  /// The model.
  public var served: ServedModel
  /// Its queue.
  public var backend: Backend
  /// The key that clients must know; nil asks for none.
  public var apiKey: String?
  /// Most bytes of a request's body.
  public var maximumBodySize: Int

  /// Creates the routes.
  public init(
    _ served: ServedModel, _ backend: Backend, apiKey: String? = nil,
    maximumBodySize: Int = 4 << 20
  ) {
    self.served = served
    self.backend = backend
    self.apiKey = apiKey
    self.maximumBodySize = maximumBodySize
  }

  /// The router.
  public func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.add(middleware: ErrorAnswers(maximumBodySize: maximumBodySize))
    router.get("health") { _, _ in try Response.json(Health(status: "ok", load: load)) }
    let guarded = router.group()
    if let apiKey { guarded.add(middleware: Authentication(key: apiKey)) }
    guarded.get("v1/models") { _, _ in try Response.json(ModelList(data: [.init(served)])) }
    guarded.get("v1/models/**") { request, _ in
      let name = String(request.uri.path.dropFirst("/v1/models/".count))
      let decoded = name.removingPercentEncoding ?? name
      guard decoded == served.name else {
        throw ServingError.unknownModel(decoded, served: served.name)
      }
      return try Response.json(ModelList.Model(served))
    }
    guarded.post("v1/completions") { request, _ in
      try await answer(request, CompletionFormat.self) { body in
        try CompletionRequest(body: body).plan(served)
      }
    }
    guarded.post("v1/chat/completions") { request, _ in
      try await answer(request, ChatFormat.self) { body in
        try ChatRequest(body: body).plan(served)
      }
    }
    for path in ["v1/score", "score"] {
      guarded.post(RouterPath(path)) { request, _ in try await score(request) }
    }
    return router
  }

  private struct Health: Encodable {
    var status: String
    var load: GenerationQueue.Load
  }

  private var load: GenerationQueue.Load {
    switch backend {
    case .languageModel(let queue): queue.load
    case .rewardModel(let queue, _):
      GenerationQueue.Load(running: queue.load.running, waiting: queue.load.waiting)
    }
  }

  // MARK: Bodies

  /// The body of a request, which then remembers it.
  private func body(of request: inout Request) async throws -> Data {
    let type = request.headers[.contentType] ?? ""
    // Also what keeps web pages of other sites out: browsers ask before they send this type.
    guard type.split(separator: ";").first?.lowercased() == "application/json" else {
      throw ServingError.wrongContentType
    }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maximumBodySize {
      throw ServingError.tooLarge(limit: maximumBodySize)
    }
    let buffer = try await request.collectBody(upTo: maximumBodySize)
    return Data(buffer.readableBytesView)
  }

  // MARK: Language models

  private func answer<Format: AnswerFormat>(
    _ request: Request, _ format: Format.Type,
    _ read: (Data) throws -> AnswerPlan
  ) async throws -> Response {
    guard case .languageModel(let queue) = backend else {
      throw ServingError.badRequest(
        "'\(served.name)' is a reward model and writes no text; POST /v1/score gives its scores")
    }
    var request = request
    let plan = try read(await body(of: &request))
    let writer = AnswerWriter<Format>(plan, served)
    let job = plan.job
    guard job.weight <= queue.capacity else {
      throw ServingError.badRequest(
        "the request asks for \(job.weight) completions at once, and this server takes "
          + "\(queue.capacity); send them in several requests")
    }
    let events = try queue.submit(job, weight: job.weight)
    guard plan.streams else { return try await whole(request, writer, events) }
    return Response(
      status: .ok, headers: EventStream.headers,
      body: ResponseBody { [request] body in
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          try await stream(writer, events, to: &body)
        }
        try await body.finish(nil)
      })
  }

  /// Waits for all of an answer, and gives up where the client does.
  private func whole<Format: AnswerFormat>(
    _ request: Request, _ writer: AnswerWriter<Format>, _ events: AsyncStream<GenerationEvent>
  ) async throws -> Response {
    try await answer(request) {
      var writer = writer
      for await event in events { _ = try writer.take(event) }
      guard writer.isComplete else { throw CancellationError() }
      return try JSONText.data(writer.whole)
    }
  }

  /// Answers with JSON unless the client leaves first. The connection ends with it, whatever it is: once somebody watched
  /// for the client to leave, nothing else can be read from it.
  private func answer(
    _ request: Request, _ json: @Sendable @escaping () async throws -> Data
  ) async throws -> Response {
    do {
      let data = try await request.body.consumeWithCancellationOnInboundClose { _ in
        try await json()
      }
      return Response(
        status: .ok, headers: [.contentType: "application/json", .connection: "close"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    } catch let error as ServingError {
      return try .error(error, closes: true)
    }
  }

  private func stream<Format: AnswerFormat>(
    _ writer: AnswerWriter<Format>, _ events: AsyncStream<GenerationEvent>,
    to body: inout any ResponseBodyWriter
  ) async throws {
    var writer = writer
    for chunk in writer.opening { try await body.write(EventStream.event(chunk)) }
    do {
      for await event in events {
        for chunk in try writer.take(event) { try await body.write(EventStream.event(chunk)) }
      }
    } catch let error as ServingError {
      // The status is long sent; clients look for errors among the events.
      return try await body.write(EventStream.event(ErrorBody(error)))
    }
    guard writer.isComplete else { throw CancellationError() }
    for chunk in writer.closing { try await body.write(EventStream.event(chunk)) }
    try await body.write(EventStream.end)
  }

  // MARK: Reward models

  private func score(_ request: Request) async throws -> Response {
    guard case .rewardModel(let queue, let labels) = backend else {
      throw ServingError.badRequest(
        "'\(served.name)' is a language model and has no scores; its log-probabilities come with "
          + "POST /v1/completions, \"echo\": true, \"max_tokens\": 0, \"logprobs\": 0")
    }
    var request = request
    let job = try ScoreRequest(body: await body(of: &request)).job(served)
    guard job.rows.count <= queue.capacity else {
      throw ServingError.badRequest(
        "the request has \(job.rows.count) texts, and this server takes \(queue.capacity) at once")
    }
    let events = try queue.submit(job, weight: job.rows.count)
    let tokenCount = job.rows.reduce(0) { $0 + $1.ids.count }
    return try await answer(request) {
      for await event in events {
        switch event {
        case .scores(let scores):
          return try JSONText.data(
            ScoreAnswer(
              scores, labels: labels, tokenCount: tokenCount, AnswerHead(model: served.name)))
        case .failed(let error): throw error
        }
      }
      throw CancellationError()
    }
  }
}
