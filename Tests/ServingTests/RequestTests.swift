// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Testing
import Training

@testable import Serving

@Suite("Requests")
struct RequestTests {
  let tiny: TinyService

  init() throws { tiny = try TinyService() }

  private func completion(_ json: String) throws -> AnswerPlan {
    try CompletionRequest(body: Data(json.utf8)).plan(tiny.served)
  }

  private func chat(_ json: String) throws -> AnswerPlan {
    try ChatRequest(body: Data(json.utf8)).plan(tiny.served)
  }

  private func refusal(_ read: () throws -> AnswerPlan) -> ServingError? {
    do {
      _ = try read()
      return nil
    } catch {
      return error as? ServingError
    }
  }

  @Test("fields become settings, and what is left open comes from the server's own")
  func settings() throws {
    let plan = try completion(
      """
      {"model": "tiny", "prompt": "abc", "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": -1,
       "min_p": 0.1, "presence_penalty": 1, "frequency_penalty": -2, "repetition_penalty": 1.5,
       "logit_bias": {"5": -100, "6": 2.5}, "seed": 9, "stop": ["x", "yz"], "n": 2, "logprobs": 3,
       "min_tokens": 2, "stop_token_ids": [4], "user": "somebody", "echo": null}
      """)
    let settings = plan.settings
    #expect(settings.maxNewTokens == 7 && settings.minNewTokens == 2)
    #expect(settings.temperature == 0.5 && settings.topP == 0.9 && settings.topK == 0)
    #expect(settings.minP == 0.1 && settings.repetitionPenalty == 1.5)
    #expect(settings.presencePenalty == 1 && settings.frequencyPenalty == -2)
    #expect(
      settings.sequenceBias == [
        SequenceBias.Entry(ids: [5], bias: -.infinity), SequenceBias.Entry(ids: [6], bias: 2.5),
      ])
    #expect(settings.stopStrings == ["x", "yz"] && settings.stopTokenIDs == [1, 4])
    #expect(settings.alternativeCount == 3)
    #expect(plan.job.completions.map(\.prompt) == [tiny.ids("abc"), tiny.ids("abc")])
    #expect(plan.job.completions[0].seed != plan.job.completions[1].seed)
    let again = try completion(#"{"prompt": "abc", "seed": 9, "n": 2}"#)
    #expect(again.job.completions.map(\.seed) == plan.job.completions.map(\.seed))
    #expect(again.settings.maxNewTokens == 16)
    #expect(again.settings.temperature == tiny.served.defaults.temperature)
    let open = try completion(#"{"prompt": "abc"}"#)
    #expect(
      try completion(#"{"prompt": "abc"}"#).job.completions[0].seed != open.job.completions[0].seed)
  }

  @Test("a prompt is a text, several, token ids, or several lists of them")
  func prompts() throws {
    let (a, b) = (tiny.ids("ab"), tiny.ids("c"))
    for (json, expected) in [
      (#""ab""#, [a]), (#"["ab", "c"]"#, [a, b]), ("\(a)", [a]), ("[\(a), \(b)]", [a, b]),
    ] {
      #expect(try completion("{\"prompt\": \(json)}").prompts == expected)
    }
    for json in ["5", "[]", "[[]]", #"["a", 5]"#, "[999]", #""""#, #"{"a": 1}"#] {
      #expect(refusal { try completion("{\"prompt\": \(json)}") }?.param == "prompt")
    }
  }

  @Test("what cannot be used is refused by name, with what was found")
  func refusals() {
    let cases: [(json: String, param: String?, words: String)] = [
      (
        #"{"prompt": "a", "temperature": "hot"}"#, "temperature",
        "expected a number, found a string"
      ),
      (#"{"prompt": "a", "temperature": -1}"#, "temperature", "at least 0"),
      (#"{"prompt": "a", "top_p": 0}"#, "top_p", "above 0 to 1"),
      (#"{"prompt": "a", "max_tokens": 0}"#, "max_tokens", "at least 1"),
      (#"{"prompt": "a", "max_tokens": 1.5}"#, "max_tokens", "expected a whole number"),
      (#"{"prompt": "a", "n": 0}"#, "n", "1 to 128"),
      (#"{"prompt": "a", "logprobs": 21}"#, "logprobs", "0 to 20"),
      (#"{"prompt": "a", "presence_penalty": 3}"#, "presence_penalty", "-2 to 2"),
      (#"{"prompt": "a", "logit_bias": {"x": 1}}"#, "logit_bias", "token ids"),
      (#"{"prompt": "a", "logit_bias": {"99": 1}}"#, "logit_bias", "0 to 58"),
      (#"{"prompt": "a", "stop": ""}"#, "stop", "empty"),
      (#"{"prompt": "a", "stop": 5}"#, "stop", "expected a string"),
      (#"{"prompt": "a", "best_of": 2}"#, "best_of", "not supported"),
      (#"{"prompt": "a", "suffix": "b"}"#, "suffix", "not supported"),
      (#"{"prompt": "a", "stream_options": {}}"#, "stream_options", "goes together"),
      (#"{"prompt": "a", "max_token": 5}"#, "max_token", "unknown field"),
      (#"{"temperature": 1}"#, "prompt", "is missing"),
      (#"{"prompt": "a", "max_tokens": 128}"#, "prompt", "takes 128 tokens in all"),
      (#"{"prompt": "a""#, nil, "not JSON: line 1"), ("[1]", nil, "must be a JSON object"),
      ("\u{FF}", nil, "not JSON"), ("", nil, "not JSON"),
    ]
    for (json, param, words) in cases {
      let error = refusal { try completion(json) }
      #expect(error?.status == 400, "\(json)")
      #expect(error?.param == param, "\(json): \(error?.message ?? "")")
      #expect(error?.message.contains(words) == true, "\(json): \(error?.message ?? "")")
    }
    let other = refusal { try completion(#"{"prompt": "a", "model": "gpt"}"#) }
    #expect(other?.status == 404 && other?.code == "model_not_found")
  }

  @Test("a conversation is laid out as the other commands do it")
  func chats() throws {
    let plan = try chat(
      """
      {"messages": [{"role": "system", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
       "logprobs": true, "top_logprobs": 2, "max_completion_tokens": 5, "stream": true,
       "stream_options": {"include_usage": true}}
      """)
    let messages = [
      Message(role: .system, "be kind"), Message(role: .user, content: .parts(["a", "b"])),
    ]
    #expect(plan.prompts == [try tiny.served.encoder.prompt(.messages(messages))])
    #expect(plan.settings.maxNewTokens == 5 && plan.settings.alternativeCount == 2)
    #expect(plan.streams && plan.includesUsage && plan.wantsLogProbs)
    #expect(
      try chat(#"{"messages": [{"role": "user", "content": "a"}]}"#).settings.maxNewTokens == .max)
  }

  @Test("messages that cannot be read are refused with their place")
  func badMessages() {
    for (json, param) in [
      ("[]", "messages"), ("5", "messages"), (#"[{"role": "user"}]"#, "messages[0].content"),
      (
        #"[{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]"#, "messages[1].role"
      ),
      (#"[{"content": "a"}]"#, "messages[0].role"),
      (#"[{"role": "user", "content": [{"type": "image_url"}]}]"#, "messages[0].content"),
    ] {
      let error = refusal { try chat("{\"messages\": \(json)}") }
      #expect(error?.status == 400 && error?.param == param, "\(json): \(error?.message ?? "")")
    }
    for field in [
      #""tools": []"#, #""response_format": {"type": "json_object"}"#, #""top_logprobs": 1"#,
    ] {
      let error = refusal {
        try chat("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \(field)}")
      }
      #expect(error?.status == 400, "\(field)")
    }
  }

  @Test("calls of tools keep the order of their keys, which templates write out")
  func order() throws {
    let call = #"{"z": 1, "a": {"y": 2, "b": 3}, "m": 4}"#
    let request = try ChatRequest(
      body: Data(
        """
        {"messages": [{"role": "assistant", "content": null, "tool_calls": [\(call)]}],
         "chat_template_kwargs": {"q": 1, "c": 2, "x": 3}}
        """.utf8))
    #expect(request.messages[0].message.toolCalls == [try JSONValue(parsing: call)])
    #expect(request.templateArguments?.object?.keys == ["q", "c", "x"])
  }

  @Test("texts to score come alone, in lists, with prompts or as messages")
  func scores() throws {
    func rows(_ json: String) throws -> [TokenRow] {
      try ScoreRequest(body: Data(json.utf8)).job(tiny.served).rows
    }
    let one = try rows(#"{"text": "abc"}"#)
    #expect(one.map(\.ids) == [tiny.ids("abc") + [TinyModel.endID]])
    #expect(try rows(#"{"texts": ["abc", "abc"]}"#) == one + one)
    #expect(try rows(#"{"prompt": "ab", "completion": "c"}"#).map(\.ids) == one.map(\.ids))
    #expect(
      try rows(#"{"rows": [{"text": "abc"}, {"prompt": "ab", "completion": "c"}]}"#).count == 2)
    #expect(try rows(#"{"text": "abc", "add_eos": false}"#).map(\.ids) == [tiny.ids("abc")])
    let messages = #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#
    #expect(try rows("{\"messages\": \(messages)}").count == 1)
    for json in ["{}", #"{"text": "a", "texts": ["b"]}"#, #"{"texts": []}"#, #"{"rows": [{}]}"#] {
      #expect(throws: ServingError.self) { try rows(json) }
    }
  }

  @Test("errors have the shape that clients of the API read")
  func shape() throws {
    let body = try JSONText.data(ErrorBody(.badRequest("no", param: "n")))
    #expect(
      String(decoding: body, as: UTF8.self)
        == #"{"error":{"code":null,"message":"no","param":"n","type":"invalid_request_error"}}"#)
    let plain = try JSONText.data(ErrorBody(.stopping))
    #expect(String(decoding: plain, as: UTF8.self).contains(#""param":null"#))
  }
}
