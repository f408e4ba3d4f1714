// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Feedback

@Suite("Detection of formats")
struct DetectionTests {
  @Test("a failure names the columns found, the sets accepted and the flag that helps")
  func unrecognised() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"question": "q", "best": "a", "worst": "b", "id": 1}"#, to: "pairs.jsonl")
    let text = message(in: folder) {
      try RecordReader(file, accepting: [.preference], method: "dpo")
    }
    #expect(
      text == """
        pairs.jsonl: the columns make no row that dpo can use
          found: question, best, worst, id
          accepted: preference {prompt, chosen, rejected}
                    preference {chosen, rejected}
                    Alpaca preference {instruction, chosen, rejected}
                    ShareGPT preference {conversations, chosen, rejected}
                    OpenAI preference {input, preferred_output, non_preferred_output}
                    summary comparison {info, summaries, choice}
                    HH transcripts {chosen, rejected}
          try: --columns prompt=question,chosen=best,rejected=worst
        """)
  }

  @Test("following the advice works")
  func advice() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"question": "q", "best": "a", "worst": "b", "id": 1}"#, to: "pairs.jsonl")
    let columns = try ColumnMapping(parsing: "prompt=question, chosen=best,rejected=worst")
    let reader = try RecordReader(file, columns: columns, accepting: [.preference])
    let record = try #require(try reader.next())
    #expect(
      record.body
        == .preference(
          PreferencePair(prompt: .plain("q"), chosen: .plain("a"), rejected: .plain("b"))))
    #expect(record.extras == ["id": 1])
    #expect(reader.usedColumns == ["prompt", "chosen", "rejected"])
    #expect(reader.ignoredColumns == ["id"])
  }

  @Test(
    "the nearest fix is found by synonym, by case and by a slip of the finger",
    arguments: [
      (
        ["question", "answer"], [RowType.promptCompletion],
        "--columns prompt=question,completion=answer"
      ),
      (
        ["prompt", "response"], [.promptCompletion, .languageModelling],
        "--columns completion=response"
      ),
      (["prompt", "chosne", "rejected"], [.preference], "--columns chosen=chosne"),
      (
        ["Prompt", "Chosen", "Rejected"], [.preference],
        "--columns prompt=Prompt,chosen=Chosen,rejected=Rejected"
      ),
      (["query"], [.promptOnly], "--columns prompt=query"),
      (["prompt", "completion", "reward"], [.scored], "--columns score=reward"),
      (["story"], [.languageModelling, .promptCompletion], "--columns text=story"),
    ])
  func fixes(found: [String], accepting: [RowType], expected: String) {
    let layouts = RowLayout.all.filter { accepting.contains($0.rowType) && $0.format == nil }
    #expect(ColumnSuggestion.nearest(found: found, layouts: layouts) == expected)
  }

  @Test("where nothing is near, no fix is invented")
  func noFix() {
    #expect(ColumnSuggestion.nearest(found: ["x", "y"], layouts: [RowLayout.preference]) == nil)
  }

  @Test("plain text is no prompt unless it is called one")
  func textIsNoPrompt() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(#"{"text": "t"}"#, to: "rows.jsonl")
    #expect(
      message(in: folder) { try RecordReader(file, accepting: [.promptOnly], method: "grpo") }
        .hasSuffix("try: --columns prompt=text"))
  }

  @Test("a prompt under another name is not passed over in silence")
  func hiddenPrompt() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"question": "q", "chosen": "a", "rejected": "b"}"#, to: "pairs.jsonl")
    #expect(
      message(in: folder) { try RecordReader(file, accepting: [.preference], method: "dpo") }
        .hasSuffix("try: --columns prompt=question"))
  }

  @Test("rows may differ in their other columns; a column in another place stays what it is")
  func ragged() throws {
    let read = try records(
      #"{"prompt": "p", "id": 1, "completion": "c", "annotator": [1], "source": 5}"#,
      #"{"prompt": "p", "id": 2, "completion": "c", "annotator": 7, "source": "web"}"#,
      #"{"completion": "c", "prompt": "p", "note": "n", "weight": 2}"#,
      #"{"completion": "c", "prompt": "p"}"#, accepting: [.promptCompletion])
    #expect(
      read.map(\.extras) == [
        ["id": 1, "annotator": [1], "source": 5], ["id": 2], ["note": "n"], [:],
      ])
    #expect(read.map(\.annotator) == [nil, "7", nil, nil])
    #expect(read.map(\.source) == [nil, "web", nil, nil])
    #expect(read.map(\.weight) == [nil, nil, 2, nil])
    #expect(Set(read.map(\.body)).count == 1)
  }

  @Test("a row unlike the others is named with its line")
  func disagreement() throws {
    let folder = try TemporaryFolder()
    let rows = [
      #"{"prompt": "p", "chosen": "a", "rejected": "b"}"#,
      #"{"prompt": "p", "chosen": "a"}"#,
      #"{"prompt": "p", "chosen": "a", "rejected": "b"}"#,
    ]
    let file = try folder.write(rows.joined(separator: "\n"), to: "pairs.jsonl")
    let text = message(in: folder) {
      let reader = try RecordReader(file, accepting: [.preference])
      while try reader.next() != nil {}
      return 0
    }
    #expect(
      text == "pairs.jsonl:2: no column 'rejected', which the other rows have "
        + "(preference {prompt, chosen, rejected}); found: prompt, chosen")
  }

  @Test("messages among plain text are named with their line")
  func mixedForms() throws {
    let text = message {
      try records(
        #"{"prompt": "p", "completion": "c"}"#,
        #"{"prompt": [{"role": "user", "content": "p"}], "completion": "c"}"#)
    }
    #expect(
      text.hasSuffix(
        "rows.jsonl:2: prompt: is messages, the rows before are plain text; use one kind in a file")
    )
  }

  @Test("an HH transcript that lost its marker is an error, not another format")
  func brokenTranscript() {
    let good =
      #"{"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"}"#
    let bad = #"{"chosen": "q a", "rejected": "\n\nHuman: q\n\nAssistant: b"}"#
    #expect(
      message { try records(good, good, bad) }.hasSuffix(
        "rows.jsonl:3: the values do not fit the other rows, which are "
          + "HH transcripts {chosen, rejected}"))
  }

  @Test("the accepted type decides between readings of one row")
  func accepted() throws {
    let row = #"{"prompt": "p", "chosen": "a", "rejected": "b", "safer": "chosen"}"#
    #expect(try records(row, accepting: [.safetyPreference])[0].type == .safetyPreference)
    #expect(try records(row, accepting: [.preference])[0].type == .preference)
    let prompt = try records(row, accepting: [.promptOnly])[0]
    #expect(prompt.body == .promptOnly(.plain("p")))
    #expect(prompt.extras["chosen"] == "a")
  }

  @Test(
    "a mapping that cannot work says why",
    arguments: [
      (
        "prompt",
        #"--columns: expected OURS=YOURS pairs such as prompt=question,chosen=best, found "prompt""#
      ),
      (
        "prompt=",
        #"--columns: expected OURS=YOURS pairs such as prompt=question,chosen=best, found "prompt=""#
      ),
      ("a=b,a=c", "--columns: 'a' stands twice on the left of '='"),
      ("a=c,b=c", "--columns: 'c' stands twice on the right of '='"),
    ])
  func badMapping(text: String, expected: String) {
    #expect(message { try ColumnMapping(parsing: text) } == expected)
  }

  @Test("a mapped column that is absent, or a name that is taken, is an error with the line")
  func mappingAgainstRows() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(#"{"prompt": "p", "q": "x"}"#, to: "rows.jsonl")
    #expect(
      message(in: folder) { try RecordReader(file, columns: ["prompt": "question"]) }
        == "rows.jsonl:1: no column 'question', which --columns prompt=question names; "
        + "found: prompt, q")
    #expect(
      message(in: folder) { try RecordReader(file, columns: ["prompt": "q"]) }
        == "rows.jsonl:1: there is a column 'prompt' beside 'q'; move it away with "
        + "--columns prompt=q,old_prompt=prompt")
    let reader = try RecordReader(file, columns: ["prompt": "q", "old_prompt": "prompt"])
    let record = try #require(try reader.next())
    #expect(record.body == .promptOnly(.plain("x")))
    #expect(record.extras == ["old_prompt": "p"])
  }

  // Damerau distances by hand.
  @Test(
    "distance between names",
    arguments: [
      ("chosen", "chosne", 1), ("prompt", "promt", 1), ("label", "label", 0), ("a", "xyz", 3),
    ])
  func distance(first: String, second: String, expected: Int) {
    #expect(ColumnSuggestion.editDistance(first, second) == expected)
  }
}
