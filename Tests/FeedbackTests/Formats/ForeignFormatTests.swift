// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Feedback

/// Every record is asymmetric, so that swapped sides or joined fields show.
@Suite("Foreign formats")
struct ForeignFormatTests {
  private func pair(_ record: Record) -> PreferencePair? {
    switch record.body {
    case .preference(let pair), .safetyPreference(let pair, _): pair
    default: nil
    }
  }

  @Test("Alpaca: instruction and input make the prompt, history comes before it")
  func alpaca() throws {
    let read = try records(
      #"{"instruction": "Add.", "input": "2 3", "output": "5", "system": "Be exact."}"#,
      #"{"instruction": "And 4?", "input": "", "output": "9", "history": [["Add.", "5?"], ["Sure?", "Yes."]]}"#
    )
    #expect(
      read[0].body
        == .promptCompletion(
          prompt: .messages([user("Add.\n2 3")]), completion: .messages([assistant("5")])))
    #expect(read[0].system == "Be exact.")
    #expect(
      read[1].body.prompt
        == .messages([
          user("Add."), assistant("5?"), user("Sure?"), assistant("Yes."), user("And 4?"),
        ]))
  }

  @Test("Alpaca preference")
  func alpacaPreference() throws {
    let record = try records(
      #"{"instruction": "Name a colour.", "input": "", "chosen": "Red.", "rejected": "Dog."}"#)[0]
    #expect(pair(record)?.chosen == .messages([assistant("Red.")]))
    #expect(pair(record)?.rejected == .messages([assistant("Dog.")]))
  }

  @Test("ShareGPT: speakers become roles, a function call becomes a tool call")
  func shareGPT() throws {
    let record = try records(
      #"{"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "time?"}, {"from": "function_call", "value": "{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}}"}, {"from": "observation", "value": "12:00"}, {"from": "gpt", "value": "Noon."}], "tools": "[{\"name\": \"clock\"}]"}"#
    )[0]
    let messages = try #require(record.body.completions[0].messages)
    #expect(messages.map(\.role) == [.system, .user, .assistant, .tool, .assistant])
    #expect(messages[2].toolCalls?[0]["function"]?["arguments"]?["zone"] == "UTC")
    #expect(messages[2].content == .none)
    #expect(messages[4].text == "Noon.")
    #expect(record.tools == [["name": "clock"]])
  }

  @Test("ShareGPT in a column 'conversation' and with other speakers")
  func shareGPTSingular() throws {
    let record = try records(
      #"{"conversation": [{"from": "user", "value": "q"}, {"from": "bot", "value": "a"}]}"#)[0]
    #expect(record.body == .languageModelling(.messages([user("q"), assistant("a")])))
  }

  @Test("ShareGPT preference")
  func shareGPTPreference() throws {
    let record = try records(
      #"{"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "good"}, "rejected": {"from": "gpt", "value": "bad"}}"#
    )[0]
    #expect(
      pair(record)
        == PreferencePair(
          prompt: .messages([user("q")]), chosen: .messages([assistant("good")]),
          rejected: .messages([assistant("bad")])))
  }

  @Test("kto_tag labels the last turn, in ShareGPT and in messages")
  func binary() throws {
    let shareGPT = try records(
      #"{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "kto_tag": false}"#
    )[0]
    let expected = RecordBody.unpairedPreference(
      prompt: .messages([user("q")]), completion: .messages([assistant("a")]), label: false)
    #expect(shareGPT.body == expected)
    let openAI = try records(
      #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "kto_tag": true}"#
    )[0]
    #expect(
      openAI.body
        == .unpairedPreference(
          prompt: .messages([user("q")]), completion: .messages([assistant("a")]), label: true))
  }

  @Test("HH transcripts are split at their last assistant turn")
  func transcripts() throws {
    let record = try records(
      #"{"chosen": "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: a list:\n\n1. x\n\nAssistant: good", "rejected": "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: a list:\n\n1. x\n\nAssistant: bad"}"#
    )[0]
    #expect(
      pair(record)
        == PreferencePair(
          prompt: .messages([user("hi"), assistant("hello"), user("a list:\n\n1. x")]),
          chosen: .messages([assistant("good")]), rejected: .messages([assistant("bad")])))
  }

  @Test("HH transcripts that part earlier share what comes before")
  func transcriptsParting() throws {
    let record = try records(
      #"{"chosen": "\n\nHuman: q\n\nAssistant: a\n\nHuman: more\n\nAssistant: b", "rejected": "\n\nHuman: q\n\nAssistant: no"}"#
    )[0]
    #expect(record.body.prompt == .messages([user("q")]))
    #expect(
      record.body.completions == [
        .messages([assistant("a"), user("more"), assistant("b")]), .messages([assistant("no")]),
      ])
  }

  @Test("comparisons of summaries: choice 1 prefers the second")
  func summaries() throws {
    let record = try records(
      #"{"info": {"id": "t3", "post": "Long post."}, "summaries": [{"text": "bad", "policy": "sup1"}, {"text": "good", "policy": "ref"}], "choice": 1, "worker": "w"}"#
    )[0]
    #expect(
      pair(record)
        == PreferencePair(
          prompt: .plain("Long post."), chosen: .plain("good"), rejected: .plain("bad")))
    #expect(record.extras["chosen_details"]?["policy"] == "ref")
    #expect(record.extras["info"]?["id"] == "t3")
    #expect(record.extras["worker"] == "w")
  }

  private let ultra =
    #"{"instruction": "q", "models": ["m1", "m2", "m3"], "completions": [{"response": "b", "overall_score": 6.5, "model": "m1"}, {"response": "a", "overall_score": 8, "model": "m2"}, {"response": "c", "overall_score": 2, "model": "m3"}]}"#

  @Test("UltraFeedback is a ranking by overall score")
  func ultraFeedback() throws {
    let record = try records(ultra)[0]
    #expect(
      record.body
        == .ranking(
          Ranking(
            prompt: .plain("q"), completions: [.plain("b"), .plain("a"), .plain("c")],
            ranks: [2, 1, 3], scores: [6.5, 8, 2])))
    #expect(record.extras["completion_details"]?.array?[1]["model"] == "m2")
  }

  @Test("UltraFeedback gives one pair a row: the best against another")
  func ultraFeedbackPairs() throws {
    let folder = try TemporaryFolder()
    let rows = Array(repeating: ultra, count: 40).joined(separator: "\n")
    let file = try folder.write(rows, to: "ultra.jsonl")
    let data = try Dataset.load(
      [DatasetSource(file)], accepting: [.preference], method: "dpo", seed: 1)
    #expect(data.records.count == 40)
    #expect(data.records.allSatisfy { $0.body.completions[0] == .plain("a") })
    let others = Set(data.records.map { $0.body.completions[1] })
    #expect(others == [.plain("b"), .plain("c")])
  }

  @Test("SafeRLHF counted from 0: the better may be the less safe")
  func safeRLHF() throws {
    let record = try records(
      #"{"prompt": "p", "response_0": "bad", "response_1": "good", "better_response_id": 1, "safer_response_id": 0, "is_response_0_safe": true, "is_response_1_safe": false, "response_0_severity_level": 0, "response_1_severity_level": 2}"#
    )[0]
    #expect(
      record.body
        == .safetyPreference(
          PreferencePair(prompt: .plain("p"), chosen: .plain("good"), rejected: .plain("bad")),
          SafetyMarks(
            safer: .rejected, isChosenSafe: false, isRejectedSafe: true, severityChosen: 2,
            severityRejected: 0)))
  }

  @Test("the multimodal edition of SafeRLHF counts from 1")
  func safeRLHFFromOne() throws {
    let record = try records(
      #"{"prompt": "p", "response_1": "good", "response_2": "bad", "more_helpful_response_id": 1, "safer_response_id": 2}"#
    )[0]
    #expect(pair(record)?.chosen == .plain("good"))
    guard case .safetyPreference(_, let marks) = record.body else {
      Issue.record("no marks")
      return
    }
    #expect(marks.safer == .rejected)
  }

  @Test("OpenAI preference files")
  func openAI() throws {
    let record = try records(
      #"{"input": {"messages": [{"role": "user", "content": "q"}], "tools": [{"type": "function"}], "parallel_tool_calls": true}, "preferred_output": [{"role": "assistant", "content": "good"}], "non_preferred_output": [{"role": "assistant", "content": "bad"}]}"#
    )[0]
    #expect(
      pair(record)
        == PreferencePair(
          prompt: .messages([user("q")]), chosen: .messages([assistant("good")]),
          rejected: .messages([assistant("bad")])))
    #expect(record.tools == [["type": "function"]])
    #expect(record.extras["input"]?["parallel_tool_calls"] == true)
  }

  @Test("HelpSteer: five attributes in their order")
  func helpSteer() throws {
    let record = try records(
      #"{"prompt": "p", "response": "r", "helpfulness": 4, "correctness": 3, "coherence": 2, "complexity": 1, "verbosity": 0}"#
    )[0]
    #expect(
      record.body
        == .scored(
          prompt: .plain("p"), completion: .plain("r"),
          scores: .aspects([
            AspectScore("helpfulness", 4), AspectScore("correctness", 3),
            AspectScore("coherence", 2), AspectScore("complexity", 1), AspectScore("verbosity", 0),
          ])))
  }

  @Test(
    "judgements in words",
    arguments: [
      ("a-is-better", 1.0, 2), ("a-is-slightly-better", 1, 1), ("tie", 0.5, nil),
      ("b-is-slightly-better", 0, 1), ("b-is-better", 0, 2),
    ] as [(String, Double, Int?)])
  func grades(word: String, preference: Double, strength: Int?) throws {
    let record = try records(
      "{\"prompt\": \"p\", \"completions\": [\"x\", \"y\"], \"preference\": \"\(word)\"}")[0]
    #expect(
      record.body
        == .comparison(
          Comparison(
            prompt: .plain("p"), first: .plain("x"), second: .plain("y"), preference: preference)))
    #expect(record.extras["strength"]?.integer == strength)
  }

  @Test("PRM800K: every alternative ends a solution of its own")
  func prm800K() throws {
    let read = try records(
      #"{"question": {"problem": "1+1?", "ground_truth_answer": "2"}, "label": {"steps": [{"completions": [{"text": "wrong", "rating": -1}, {"text": "add", "rating": 1}], "human_completion": null, "chosen_completion": 1}, {"completions": [{"text": "so 2", "rating": 0}], "human_completion": null, "chosen_completion": 0}], "finish_reason": "solution"}}"#
    )
    #expect(
      read.map(\.body) == [
        .stepwise(prompt: .plain("1+1?"), steps: ["wrong"], labels: [false]),
        .stepwise(prompt: .plain("1+1?"), steps: ["add", "so 2"], labels: [true, false]),
      ])
    #expect(read[0].extras["question"]?["ground_truth_answer"] == "2")
  }

  @Test("Math-Shepherd: marks stand where the step ends")
  func mathShepherd() throws {
    let record = try records(
      #"{"input": "Two and two? Step 1: 2 + 2 = 4 ки\nStep 2: The answer is: 5 ки", "label": "Two and two? Step 1: 2 + 2 = 4 +\nStep 2: The answer is: 5 -", "task": "GSM8K"}"#
    )[0]
    #expect(
      record.body
        == .stepwise(
          prompt: .plain("Two and two?"),
          steps: ["Step 1: 2 + 2 = 4", "Step 2: The answer is: 5"], labels: [true, false]))
  }

  @Test(
    "bad values in foreign formats are named by their path",
    arguments: [
      (
        #"{"conversations": [{"from": "alien", "value": "x"}]}"#,
        #"conversations[0].from: expected human, gpt, system, function_call or observation (or user, assistant, model, bot, tool), found "alien""#
      ),
      (
        #"{"conversations": [{"from": "function_call", "value": "clock()"}]}"#,
        #"conversations[0].value: a function_call holds JSON {"name", "arguments"}; line 1, column 1: expected a value, found clock"#
      ),
      (
        #"{"instruction": "i", "output": "o", "history": [["only one"]]}"#,
        "history[0]: expected [user, assistant], found a list of 1"
      ),
      (
        #"{"prompt": "p", "response_0": "a", "response_1": "b", "better_response_id": 2}"#,
        "better_response_id: expected 0 or 1, found the number 2"
      ),
      (
        #"{"info": {"post": "p"}, "summaries": [{"text": "a"}], "choice": 0}"#,
        "summaries: expected 2, found 1"
      ),
      (
        #"{"instruction": "i", "completions": [{"response": "a"}, {"response": "b"}]}"#,
        "completions[0].overall_score: is missing; found response"
      ),
      (
        #"{"chosen": "\n\nHuman: hi", "rejected": "\n\nHuman: hi\n\nAssistant: a"}"#,
        #"chosen: a transcript ends with an "Assistant:" turn after a "Human:" turn"#
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "preference": "left"}"#,
        #"preference: expected one of a, a-is-better, a-is-slightly-better, b, b-is-better, b-is-slightly-better, first, second, tie, found "left""#
      ),
    ])
  func badValues(row: String, expected: String) {
    #expect(message { try records(row) }.hasSuffix("rows.jsonl:1: \(expected)"))
  }
}
