// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Serving

private struct Answer {
  var status: Int
  var headers: HTTPFields
  var text: String

  func json() throws -> JSONValue { try JSONValue(parsing: text) }
  var code: String? { (try? json())?["error"]?["code"]?.string }
  /// The objects of a stream.
  func events() throws -> [JSONValue] {
    try text.split(separator: "\n\n").filter { $0 != "data: [DONE]" }.map {
      try JSONValue(parsing: String($0.dropFirst("data: ".count)))
    }
  }
}

private func post(
  _ client: any TestClientProtocol, _ path: String, _ body: String,
  _ headers: HTTPFields = [.contentType: "application/json"]
) async throws -> Answer {
  try await client.execute(
    uri: path, method: .post, headers: headers, body: ByteBuffer(string: body)
  ) { response in
    Answer(
      status: response.status.code, headers: response.headers,
      text: String(buffer: response.body))
  }
}

private func get(
  _ client: any TestClientProtocol, _ path: String, _ headers: HTTPFields = [:]
) async throws -> Answer {
  try await client.execute(uri: path, method: .get, headers: headers, body: nil) { response in
    Answer(
      status: response.status.code, headers: response.headers,
      text: String(buffer: response.body))
  }
}

@Suite("Routes")
struct RouteTests {
  let tiny: TinyService

  init() throws { tiny = try TinyService() }

  @Test("a stream's pieces joined are the whole answer, for completions and chats")
  func streams() async throws {
    try await tiny.serve { client in
      for (path, input) in [
        ("/v1/completions", #""prompt": ["once", "upon a"]"#),
        ("/v1/chat/completions", #""messages": [{"role": "user", "content": "once"}]"#),
      ] {
        let options =
          #""max_tokens": 12, "seed": 5, "n": 2, "logprobs": \#(path.contains("chat") ? "true" : "1")"#
        let whole = try await post(client, path, "{\(input), \(options)}")
        #expect(whole.status == 200, "\(whole.text)")
        let stream = try await post(
          client, path,
          "{\(input), \(options), \"stream\": true, \"stream_options\": {\"include_usage\": true}}")
        #expect(stream.headers[.contentType] == "text/event-stream")
        #expect(stream.text.hasSuffix("data: [DONE]\n\n"))
        let events = try stream.events()
        let usage = try whole.json()["usage"]
        #expect(events.last?["usage"] == usage)
        let choices = try #require(try whole.json()["choices"]?.array)
        #expect(choices.count == (path.contains("chat") ? 2 : 4))
        for (index, choice) in choices.enumerated() {
          let pieces = events.compactMap { $0["choices"]?.array?.first }.filter {
            $0["index"] == .integer(index)
          }
          let text = pieces.compactMap { ($0["delta"]?["content"] ?? $0["text"])?.string }.joined()
          #expect(text == (choice["message"]?["content"] ?? choice["text"])?.string)
          #expect(pieces.last?["finish_reason"] == choice["finish_reason"])
          #expect(pieces.dropLast().allSatisfy { $0["finish_reason"] == .null })
          // Their log-probabilities may differ in the last digit: other texts share the batch.
          let tokens = pieces.flatMap { Self.tokenNames($0["logprobs"]) }
          #expect(!tokens.isEmpty && tokens == Self.tokenNames(choice["logprobs"]))
        }
      }
    }
  }

  /// Names of the tokens that log-probabilities of either kind of answer are of.
  private static func tokenNames(_ logProbs: JSONValue?) -> [JSONValue] {
    logProbs?["tokens"]?.array ?? logProbs?["content"]?.array?.compactMap { $0["token"] } ?? []
  }

  @Test("answers stop before a stop string, and say how many tokens they took")
  func stops() async throws {
    try await tiny.serve { client in
      let long = try await post(
        client, "/v1/completions", #"{"prompt": "once", "max_tokens": 40, "temperature": 0}"#)
      let choice = try #require(try long.json()["choices"]?.array?.first)
      let text = try #require(choice["text"]?.string)
      try #require(text.count > 6)
      let stop = String(text.dropFirst(3).prefix(3))
      let expected = try #require(text.firstRange(of: stop)).lowerBound
      let cut = try await post(
        client, "/v1/completions",
        "{\"prompt\": \"once\", \"max_tokens\": 40, \"temperature\": 0, \"stop\": [\(JSONValue.string(stop).serialized())]}"
      )
      let end = try #require(try cut.json()["choices"]?.array?.first)
      #expect(end["text"]?.string == String(text[..<expected]))
      #expect(end["finish_reason"] == "stop")
      #expect(try long.json()["usage"]?["completion_tokens"] == 40)
      #expect(try long.json()["usage"]?["prompt_tokens"] == 4)
    }
  }

  @Test("a prompt comes back with the log-probabilities of its own tokens")
  func echo() async throws {
    try await tiny.serve { client in
      let fields = #""prompt": "once upon", "echo": true, "logprobs": 2"#
      for stream in ["false", "true"] {
        let answer = try await post(
          client, "/v1/completions", "{\(fields), \"max_tokens\": 0, \"stream\": \(stream)}")
        let body = stream == "true" ? try #require(try answer.events().first) : try answer.json()
        let choice = try #require(body["choices"]?.array?.first)
        #expect(choice["text"] == "once upon")
        let logProbs = choice["logprobs"]
        #expect(logProbs?["tokens"]?.array?.count == 9)
        #expect(logProbs?["token_logprobs"]?.array?.first == .null)
        #expect(logProbs?["text_offset"]?.array == (0..<9).map { .integer($0) })
      }
      let both = try await post(client, "/v1/completions", "{\(fields), \"max_tokens\": 3}")
      let choice = try #require(try both.json()["choices"]?.array?.first)
      #expect(choice["text"]?.string?.hasPrefix("once upon") == true)
      #expect(choice["logprobs"]?["tokens"]?.array?.count == 12)
      #expect(choice["logprobs"]?["text_offset"]?.array?.last == 11)
    }
  }

  @Test("who does not know the key is let in nowhere but where health is told")
  func keys() async throws {
    try await tiny.serve(apiKey: "secret") { client in
      #expect(try await get(client, "/health").status == 200)
      for header in [nil, "Bearer wrong", "Bearer secretx", "Basic secret", "secret", "Bearer "] {
        let answer = try await get(
          client, "/v1/models", header.map { [.authorization: $0] } ?? [:])
        #expect(answer.status == 401 && answer.code == "invalid_api_key")
      }
      let models = try await get(client, "/v1/models", [.authorization: "bearer secret"])
      #expect(try models.json()["data"]?.array?.first?["id"] == "tiny")
      #expect(
        try await get(client, "/v1/models/tiny", [.authorization: "Bearer secret"]).status == 200)
      #expect(
        try await get(client, "/v1/models/other", [.authorization: "Bearer secret"]).code
          == "model_not_found")
    }
  }

  @Test("bodies that are none of the kind get the status that says so")
  func bodies() async throws {
    try await tiny.serve(maximumBodySize: 2000) { client in
      let large = "{\"prompt\": \"\(String(repeating: "a", count: 3000))\"}"
      let json: HTTPFields = [.contentType: "application/json"]
      let cases: [(path: String, body: String, headers: HTTPFields, status: Int, code: String?)] = [
        ("/v1/completions", large, json, 413, "request_too_large"),
        ("/v1/completions", "{}", [.contentType: "text/plain"], 415, "unsupported_media_type"),
        ("/v1/completions", "{}", [:], 415, "unsupported_media_type"),
        ("/v1/completions", "\u{0}\u{1}{[", json, 400, nil),
        ("/v1/nothing", "{}", json, 404, "unknown_url"),
        ("/v1/score", #"{"text": "a"}"#, json, 400, nil),
      ]
      for (path, body, headers, status, code) in cases {
        let answer = try await post(client, path, body, headers)
        #expect(answer.status == status && answer.code == code, "\(path) \(answer.text)")
      }
      let wrongMethod = try await get(client, "/v1/completions")
      #expect(wrongMethod.status == 404)
    }
  }

  @Test("a full queue answers 503 with the time to come back")
  func overload() async throws {
    let queue = GenerationQueue(capacity: 2, timeout: .seconds(60))
    let blocker = try queue.submit(tiny.job("a", count: 1), weight: 2)
    let routes = ServingRoutes(tiny.served, .languageModel(queue))
    try await Application(router: routes.router()).test(.router) { client in
      let answer = try await post(client, "/v1/completions", #"{"prompt": "abc"}"#)
      #expect(answer.status == 503 && answer.code == "overloaded")
      #expect(answer.headers[.retryAfter] == "1")
      let many = try await post(client, "/v1/completions", #"{"prompt": "abc", "n": 3}"#)
      #expect(many.status == 400)
    }
    _ = blocker
  }

  @Test("a time that is over is status 504, and an event where a stream has begun")
  func timeOut() async throws {
    let queue = GenerationQueue(capacity: 8, timeout: .nanoseconds(1))
    try await tiny.serve(queue: queue) { client in
      let whole = try await post(client, "/v1/completions", #"{"prompt": "abc"}"#)
      #expect(whole.status == 504 && whole.code == "timeout")
      let stream = try await post(client, "/v1/completions", #"{"prompt": "abc", "stream": true}"#)
      #expect(try stream.events().last?["error"]?["code"] == "timeout")
      #expect(!stream.text.contains("[DONE]"))
    }
  }

  @Test("texts of several requests share a batch, and each gets its own scores")
  func scoring() async throws {
    let queue = ScoringQueue(capacity: 8, timeout: .seconds(60))
    let loop = ScoringLoop(queue: queue, batchSize: 4) { rows in rows.map { [Double($0.ids.count)] }
    }
    let jobs = [["ab"], ["abc", "a"], ["abcd", "ab", "a"]]
    let streams = try jobs.map { texts in
      try queue.submit(
        ScoringJob(rows: texts.map { TokenRow(prompt: [], completion: tiny.ids($0)) }),
        weight: texts.count)
    }
    queue.close()
    loop.run()
    for (texts, stream) in zip(jobs, streams) {
      var events: [ScoringEvent] = []
      for await event in stream { events.append(event) }
      #expect(events == [.scores(texts.map { [Double($0.count)] })])
    }
    #expect(queue.load == ScoringQueue.Load())
  }
}
