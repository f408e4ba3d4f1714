// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import LanguageModels
import Synchronization
import Testing

@testable import attune

@Suite("attune chat")
struct ChatCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Says the lines to a session and gives what it wrote.
  private func chat(
    _ lines: [String], temperature: Double = 0, maxNewTokens: Int = 6, maximumLength: Int = 2048,
    system: String? = nil, isRaw: Bool = false, modelSeeds: [UInt64] = [1], columns: Int? = nil,
    interrupt: AnswerInterrupt = AnswerInterrupt { false }
  ) throws -> (output: String, notes: String) {
    let precision = try PrecisionOptions.parse([])
    let speakers = try modelSeeds.enumerated().map { index, seed in
      let name = "model\(maximumLength)" + (index == 0 ? "" : "-\(index)")
      let model = try TinyPolicy.write(
        in: folder, name, seed: seed, maximumLength: maximumLength)
      let policy = try LoadedPolicy(URL(filePath: model), precision)
      return ChatSpeaker(
        "m\(index)", policy,
        SamplingSettings(
          maxNewTokens: maxNewTokens, temperature: temperature, stopTokenIDs: policy.stopTokenIDs))
    }
    var session = ChatSession(
      speakers, seed: 3, system: system, isRaw: isRaw, interrupt: interrupt, columns: columns)
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

  @Test("/undo takes a question back with its answer, as if it had not been asked")
  func undo() throws {
    let path = folder.path("chat.jsonl")
    let (_, notes) = try chat(["/undo", "one", "two", "/undo", "three", "/save \(path)"])
    let messages = try saved("chat.jsonl")
    _ = try chat(["one", "three", "/save \(path)"])
    let straight = try saved("chat.jsonl")
    #expect(messages.count == 4 && messages == straight)
    #expect(notes.contains("/undo: nothing was said yet") && notes.contains("taken back: two"))
  }

  @Test("/system changes the instructions for what follows")
  func system() throws {
    let path = folder.path("chat.jsonl")
    let (_, notes) = try chat(
      ["/system", "/system Be brief.", "/system", "hello", "/save \(path)"])
    #expect(try saved("chat.jsonl").first?["content"] == "Be brief.")
    #expect(
      notes.contains("there are no instructions") && notes.contains("instructions: Be brief."))
    let (changed, _) = try chat(["/system Be brief.", "hello"])
    #expect(changed == (try chat(["hello"], system: "Be brief.").output))
    #expect(try chat(["/system x"], isRaw: true).notes.contains("with --raw there are no roles"))
  }

  @Test("an answer that is stopped keeps what there is of it, and the conversation goes on")
  func interruption() throws {
    let path = folder.path("chat.jsonl")
    let asked = Mutex(0)
    // Looked at before each token: the first answer stops after three.
    let interrupt = AnswerInterrupt {
      asked.withLock { count in
        count += 1
        return count == 4
      }
    }
    let (output, notes) = try chat(
      ["hello", "again", "/save \(path)"], maxNewTokens: 20, interrupt: interrupt)
    #expect(notes.contains("(stopped)"))
    let messages = try saved("chat.jsonl")
    #expect(messages.count == 4)
    let whole = try chat(["hello"], maxNewTokens: 20).output
    let first = try #require(messages[1]["content"]?.string)
    #expect(whole.hasPrefix(first) && first.utf8.count < whole.utf8.count - 1)
    #expect(output.hasPrefix(first + "\n"))
  }

  @Test("two models answer the same questions, each from its own conversation")
  func comparison() throws {
    let path = folder.path("chat.jsonl")
    let (output, _) = try chat(
      ["hello", "and now?", "/save \(path)"], modelSeeds: [1, 2])
    let first = try chat(["hello", "and now?"]).output.split(
      separator: "\n", omittingEmptySubsequences: false)
    let second = try chat(["hello", "and now?"], modelSeeds: [2]).output
      .split(separator: "\n", omittingEmptySubsequences: false)
    let rows = try folder.text("chat.jsonl").split(separator: "\n")
    #expect(rows.count == 2)
    #expect(try rows.map { try JSONValue(parsing: String($0))["model"] } == ["m0", "m1"])
    try #require(first.count == 3 && second.count == 3)
    #expect(
      output == "[m0]\n\(first[0])\n[m1]\n\(second[0])\n[m0]\n\(first[1])\n[m1]\n\(second[1])\n")
    let (beside, _) = try chat(["hello"], modelSeeds: [1, 2], columns: 80)
    #expect(beside.hasPrefix("[m0]") && beside.split(separator: "\n")[0].contains("│  [m1]"))
  }

  @Test("columns are as wide as they may be and break at blanks")
  func columns() {
    #expect(SideBySide.lines(of: "one two three", 8) == ["one two", "three"])
    #expect(SideBySide.lines(of: "abcdefghij\n\nk", 4) == ["abcd", "efgh", "ij", "", "k"])
    let text = SideBySide.text([("A", "one two three four"), ("B", "five")], width: 25)
    #expect(
      text.split(separator: "\n").map(String.init) == [
        "A           │  B", "one two     │  five", "three four  │  ",
      ])
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
