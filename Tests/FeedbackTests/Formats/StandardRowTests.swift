// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Feedback

@Suite("The project's own rows")
struct StandardRowTests {
  @Test(
    "every row comes back from its record as it was",
    arguments: [
      (#"{"text": "Once upon a time."}"#, RowType.languageModelling),
      (
        #"{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho", "weight": 0}]}"#,
        .languageModelling
      ),
      (#"{"prompt": "2 + 2 =", "answer": 4, "meta": {"b": [1], "a": null}}"#, .promptOnly),
      (
        #"{"prompt": [{"role": "system", "content": [{"type": "text", "text": "be"}, {"type": "text", "text": " kind"}]}], "ground_truth": "x"}"#,
        .promptOnly
      ),
      (#"{"prompt": "p", "completion": " c", "weight": 0.5, "system": "s"}"#, .promptCompletion),
      (
        #"{"prompt": "p", "chosen": "good", "rejected": "bad", "margin": 1.5, "annotator": "w7", "source": "web", "id": 3}"#,
        .preference
      ),
      (#"{"prompt": "p", "completion": "c", "label": false}"#, .unpairedPreference),
      (#"{"prompt": "p", "completions": ["one", "two"], "labels": [true, false]}"#, .stepwise),
      (#"{"prompt": "p", "completions": ["a", "b", "c"], "ranks": [2, 1, 2]}"#, .ranking),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "ranks": [2, 1], "scores": [0.25, 3]}"#,
        .ranking
      ),
      (#"{"prompt": "p", "completion": "c", "score": 0.7}"#, .scored),
      (#"{"prompt": "p", "completion": "c", "scores": {"safe": 1, "helpful": 3}}"#, .scored),
      (
        #"{"prompt": "p", "chosen": "a", "rejected": "b", "safer": "rejected", "is_chosen_safe": false, "is_rejected_safe": true, "severity_chosen": 2, "severity_rejected": 0, "safety_confidence": 0.6}"#,
        .safetyPreference
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "preference": 0.25, "shown_first": 1}"#,
        .comparison
      ),
      (#"{"prompt": "p", "completions": ["a", "b"], "preference": null}"#, .comparison),
      (
        #"{"prompt": "p", "completion": "c", "tools": [{"name": "t"}], "chat_template_kwargs": {"thinking": true}}"#,
        .promptCompletion
      ),
      (
        #"{"messages": [{"role": "assistant", "content": null, "reasoning_content": "r", "tool_calls": [{"id": "1"}]}, {"role": "tool", "content": "42", "tool_call_id": "1", "name": "t", "score": 0.5}]}"#,
        .languageModelling
      ),
    ])
  func roundTrip(row: String, type: RowType) throws {
    let read = try records(row)
    #expect(read.count == 1)
    #expect(read[0].type == type)
    #expect(JSONValue.object(read[0].json).serialized() == row)
  }

  @Test("reserved columns have their places and the rest stays by name")
  func reserved() throws {
    let record = try records(
      #"{"prompt": "p", "chosen": "good", "rejected": "bad", "weight": 2, "margin": 0.5, "annotator": 7, "source": "s", "system": "sys", "answer": "42"}"#
    )[0]
    #expect(record.weight == 2)
    #expect(record.margin == 0.5)
    #expect(record.annotator == "7")
    #expect(record.source == "s")
    #expect(record.system == "sys")
    #expect(record.extras == ["answer": "42"])
    #expect(record.provenance?.line == 1)
  }

  @Test("the longest common beginning of two texts is the prompt; its last space is not")
  func implicitPlain() throws {
    let record = try records(
      #"{"chosen": "The sky is blue.", "rejected": "The sky is green."}"#, accepting: [.preference])[
        0]
    #expect(
      record.body
        == .preference(
          PreferencePair(
            prompt: .plain("The sky is"), chosen: .plain(" blue."), rejected: .plain(" green."),
            isPromptImplicit: true)))
    #expect(record.json == ["chosen": "The sky is blue.", "rejected": "The sky is green."])
  }

  @Test("a shared prompt of conversations ends between messages, not between characters")
  func implicitConversation() throws {
    let record = try records(
      #"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "yes, always"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "yes, never"}]}"#
    )[0]
    #expect(
      record.body
        == .preference(
          PreferencePair(
            prompt: .messages([user("q")]), chosen: .messages([assistant("yes, always")]),
            rejected: .messages([assistant("yes, never")]), isPromptImplicit: true)))
  }

  @Test("equal conversations keep a last turn to learn from")
  func implicitEqual() throws {
    let turns = #"[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]"#
    let record = try records("{\"chosen\": \(turns), \"rejected\": \(turns)}")[0]
    #expect(record.body.prompt == .messages([user("q")]))
    #expect(record.body.completions == [.messages([assistant("a")]), .messages([assistant("a")])])
  }

  @Test("plain answers to a list of messages become assistant turns")
  func aligned() throws {
    let record = try records(
      #"{"prompt": [{"role": "user", "content": "q"}], "chosen": "good", "rejected": "bad"}"#)[0]
    #expect(
      record.body.completions == [.messages([assistant("good")]), .messages([assistant("bad")])])
  }

  @Test("scores without ranks rank from the highest, ties sharing a rank")
  func ranksOfScores() throws {
    let record = try records(
      #"{"prompt": "p", "completions": ["a", "b", "c", "d"], "scores": [1, 5, 5, 0.5]}"#)[0]
    guard case .ranking(let ranking) = record.body else {
      Issue.record("not a ranking: \(record.type)")
      return
    }
    #expect(ranking.ranks == [3, 1, 1, 4])
    #expect(ranking.scores == [1, 5, 5, 0.5])
  }

  @Test(
    "a value that does not fit is told with file, line and field",
    arguments: [
      (
        #"{"prompt": "p", "chosen": 3, "rejected": "b"}"#,
        "rows.jsonl:1: chosen: expected a string or a list of messages, found the number 3"
      ),
      (#"{"prompt": "p", "chosen": null, "rejected": "b"}"#, "rows.jsonl:1: chosen: is null"),
      (
        #"{"prompt": "p", "completion": "c", "label": "yes"}"#,
        "rows.jsonl:1: label: expected true or false, found a string"
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "labels": [true]}"#,
        "rows.jsonl:1: labels: 1 values for 2 completions; there must be as many"
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "ranks": [0, 1]}"#,
        "rows.jsonl:1: ranks[0]: expected 1 (best), 2, ..., found the number 0"
      ),
      (
        #"{"prompt": "p", "completions": ["a"], "ranks": [1]}"#,
        "rows.jsonl:1: completions: expected at least 2, found 1"
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b", "c"], "preference": 1}"#,
        "rows.jsonl:1: completions: a comparison has 2, found 3"
      ),
      (
        #"{"prompt": "p", "completions": ["a", "b"], "preference": 2}"#,
        "rows.jsonl:1: preference: expected the probability from 0 to 1 that the first completion is better, found 2.0"
      ),
      (
        #"{"prompt": "p", "completion": "c", "scores": {"a": "x"}}"#,
        "rows.jsonl:1: scores.a: expected a number, found a string"
      ),
      (
        #"{"prompt": "p", "chosen": "a", "rejected": "b", "safer": "first"}"#,
        #"rows.jsonl:1: safer: expected "chosen" or "rejected", found "first""#
      ),
      (#"{"text": "t", "weight": -1}"#, "rows.jsonl:1: weight: expected 0 or more, found -1.0"),
      (
        #"{"messages": [{"role": "human", "content": "x"}]}"#,
        #"rows.jsonl:1: messages[0].role: expected system, developer, user, assistant, tool, or another role of the chat template, found "human" (user?)"#
      ),
      (
        #"{"messages": [{"from": "human", "value": "x"}]}"#,
        "rows.jsonl:1: messages[0]: a message needs 'role' and 'content', found from, value; from/value turns belong in a 'conversations' column"
      ),
      (#"{"messages": [{"role": "user"}]}"#, "rows.jsonl:1: messages[0].content: is missing"),
      (
        #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#,
        #"rows.jsonl:1: messages[0].content[0]: expected {"type": "text", "text": ...}, found an object of type "image_url""#
      ),
    ])
  func badValues(row: String, expected: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(row, to: "rows.jsonl")
    #expect(message(in: folder) { try RecordReader(file).next() } == expected)
  }

  @Test("words and characters are counted as people count")
  func lengths() {
    let text = RecordText.plain("  One two,\u{00A0}three\nfour 😀 ")
    #expect(text.wordCount == 5)
    #expect(RecordText.messages([user("a b"), assistant("c é")]).wordCount == 4)
    #expect(RecordText.messages([user("a b"), assistant("c é")]).scalarCount == 6)
    #expect(RecordText.plain(" \n\t").isEmpty)
    #expect(!RecordText.messages([user(""), assistant("x")]).isEmpty)
  }
}
