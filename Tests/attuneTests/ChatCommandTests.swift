// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import LanguageModels
import Testing

@testable import attune

@Suite("attune chat")
struct ChatCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Says the lines to a session and gives what it wrote.
  private func chat(
    _ lines: [String], temperature: Double = 0, maxNewTokens: Int = 6, maximumLength: Int = 2048,
    system: String? = nil, isRaw: Bool = false
  ) throws -> (output: String, notes: String) {
    let model = try TinyPolicy.write(
      in: folder, "model\(maximumLength)", maximumLength: maximumLength)
    let precision = try PrecisionOptions.parse([])
    let policy = try LoadedPolicy(URL(filePath: model), precision)
    var session = ChatSession(
      policy: policy,
      settings: SamplingSettings(
        maxNewTokens: maxNewTokens, temperature: temperature, stopTokenIDs: policy.stopTokenIDs),
      seed: 3, system: system, isRaw: isRaw)
    let names = ["output", "notes"].map { "\($0)-\(UUID().uuidString)" }
    let files = try names.map { name in
      _ = try folder.write("", name)
      return try FileHandle(forWritingTo: folder.url.appending(path: name))
    }
    let output = Output(results: files[0].fileDescriptor, progress: files[1].fileDescriptor)
    try Output.$current.withValue(output) {
      try session.run(lines)
      try Output.current.flush()
    }
    for file in files { try file.close() }
    return (try folder.text(names[0]), try folder.text(names[1]))
  }

  private func saved(_ name: String) throws -> [JSONValue] {
    try JSONValue(parsing: folder.text(name))["messages"]?.array ?? []
  }

  @Test("turns are kept with their answers, and /save writes them as a row of messages")
  func history() throws {
    let path = folder.path("chat.jsonl")
    let (output, _) = try chat(["hello", "", "and now?", "/save \(path)"], system: "Be brief.")
    let messages = try saved("chat.jsonl")
    #expect(
      messages.map { $0["role"] } == ["system", "user", "assistant", "user", "assistant"])
    #expect(messages[1]["content"] == "hello")
    #expect(messages[3]["content"] == "and now?")
    let answers = [messages[2], messages[4]].compactMap { $0["content"]?.string }
    #expect(output == answers.map { $0 + "\n" }.joined())
  }

  @Test("the answer is the model's completion of the training layout")
  func layout() throws {
    let (output, _) = try chat(["hello"], system: "Be brief.")
    let model = folder.path("model2048")
    let prompt = "System: Be brief.\n\nUser: hello\n\nAssistant:"
    let generated = try attune(
      "generate", "--model_name_or_path", model, "--max_new_tokens", "6", "--temperature", "0",
      "--prompt", prompt)
    #expect(output == String(generated.output.drop { $0 == " " }))
  }

  @Test("/reset forgets, /quit ends, unknown commands are explained")
  func commands() throws {
    let path = folder.path("chat.jsonl")
    let (output, notes) = try chat(
      ["one", "/reset", "two", "/rsave x", "/help", "/save \(path)", "/quit", "three"])
    #expect(try saved("chat.jsonl").map { $0["content"] }.first == "two")
    #expect(try saved("chat.jsonl").count == 2)
    #expect(notes.contains("/rsave: no such command; did you mean '/save'?"))
    #expect(notes.contains("forget the conversation"))
    let (both, _) = try chat(["one", "/reset", "two"])
    #expect(output == both)
  }

  @Test("/retry draws another answer in place of the last one")
  func retry() throws {
    let path = folder.path("chat.jsonl")
    let (output, notes) = try chat(
      ["/retry", "hello", "/retry", "/save \(path)"], temperature: 1, maxNewTokens: 12)
    let messages = try saved("chat.jsonl")
    #expect(messages.map { $0["role"] } == ["user", "assistant"])
    let last = try #require(messages[1]["content"]?.string)
    #expect(output.hasSuffix(last + "\n"))
    #expect(output.utf8.count > last.utf8.count + 1)
    #expect(!output.hasPrefix(last))
    #expect(notes.contains("/retry: nothing was said yet"))
  }

  @Test("the oldest turns go where all no longer fit, and the user is told")
  func truncation() throws {
    let path = folder.path("chat.jsonl")
    let long = String(repeating: "x", count: 30)
    let (_, notes) = try chat(
      [long, long, "/save \(path)"], maxNewTokens: 6, maximumLength: 64)
    #expect(notes.contains("the 2 oldest turns no longer fit and were dropped"))
    #expect(try saved("chat.jsonl").count == 2)
    let (output, refusal) = try chat(
      [String(repeating: "x", count: 80)], maxNewTokens: 6, maximumLength: 64)
    #expect(output == "")
    #expect(refusal.contains("that is too long: with 6 tokens for the answer the model takes 58"))
  }

  @Test("raw lines are completed as they are, without history")
  func raw() throws {
    let (output, _) = try chat(["once upon", "once upon"], isRaw: true)
    let generated = try attune(
      "generate", "--model_name_or_path", folder.path("model2048"), "--max_new_tokens", "6",
      "--temperature", "0", "--prompt", "once upon")
    #expect(output == generated.output + generated.output)
  }

  @Test("settings that leave no room are refused")
  func usage() throws {
    let model = try TinyPolicy.write(in: folder, maximumLength: 64)
    let result = try attune("chat", "--model_name_or_path", model)
    #expect(result.status == 2)
    #expect(result.errors.contains("--max_new_tokens: 256 leaves no room"))
    let both = try attune("chat", "--model_name_or_path", model, "--raw", "--system", "x")
    #expect(both.status == 2)
  }
}
