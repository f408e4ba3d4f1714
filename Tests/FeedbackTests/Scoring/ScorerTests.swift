// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

@Suite("Scorers")
struct ScorerTests {
  @Test("words of a list are counted, counted once, or taken as a share")
  func words() throws {
    let text = "Good, GOOD day! It's a bad-good day."
    func score(_ measure: WordListScorer.Measure) throws -> Double {
      try WordListScorer(name: "w", words: ["good", "It's"], measure: measure).score(text)
    }
    #expect(try score(.count) == 4)
    #expect(try score(.distinct) == 2)
    #expect(try score(.share) == 0.5)
    #expect(try WordListScorer(name: "w", words: ["x"]).score("") == 0)
    #expect(
      message { try WordListScorer(name: "w", words: ["two words"]) }
        == "words: each entry is one word, found \"two words\"")
    #expect(
      message { try WordListScorer(name: "w", words: [String]()) }
        == "words: the list of scorer 'w' is empty")
  }

  /// A program of the shell; `body` runs for each row in `$line`.
  private func shell(_ script: String, timeout: Double = 20) -> ProcessScorer {
    ProcessScorer(name: "sh", command: ["/bin/sh", "-c", script], timeoutSeconds: timeout)
  }

  private let echoLength = #"while IFS= read -r line; do echo "{\"score\": ${#line}}"; done"#

  @Test("a program is asked in batches, keeps running, and sees every column")
  func program() throws {
    let scorer = shell(
      #"n=0; while IFS= read -r line; do n=$((n+1)); case "$line" in *'"answer": 7'*) s=1.5;; *) s=-$n;; esac; echo "{\"score\": $s}"; done"#
    )
    let first = try scorer.scores(
      prompts: ["p", "q"], completions: ["a", "b"], extras: [[:], ["answer": 7, "prompt": "x"]])
    #expect(first == [-1, 1.5])
    #expect(try scorer.scores(prompts: ["r"], completions: ["c"]) == [-3])
    #expect(try scorer.scores(prompts: [], completions: []) == [])
  }

  @Test("a batch larger than the pipes in both directions goes through")
  func largeBatch() throws {
    let scorer = shell("exec cat | sed -u 's/.*/{\"score\": 1, \"echo\": &}/'")
    let completion = String(repeating: "é", count: 500)
    let scores = try scorer.scores(
      prompts: Array(repeating: "p", count: 2000),
      completions: Array(repeating: completion, count: 2000))
    #expect(scores == Array(repeating: 1, count: 2000))
  }

  @Test("a program that dies is told with its exit code and its last words")
  func dying() {
    let scorer = shell(
      #"read -r line; echo '{"score": 1}'; read -r line; echo 'no model file' >&2; exit 3"#)
    #expect(
      message { try scorer.scores(prompts: ["p", "p", "p"], completions: ["a", "b", "c"]) }
        == "scorer 'sh': the program ended (exit code 3) after 1 of 3 answers; "
        + "it wrote: no model file")
  }

  @Test("a program that does not read does not end this one")
  func notReading() {
    let scorer = shell("exec <&-; exit 0")
    let text = String(repeating: "x", count: 300_000)
    #expect(
      message { try scorer.scores(prompts: [text], completions: [text]) }
        == "scorer 'sh': the program ended (exit code 0) after 0 of 1 answers")
  }

  @Test(
    "an answer that is no score is shown",
    arguments: [
      (
        "hello",
        "answer 1: expected {\"score\": number}, found hello (not JSON: expected a value, found hello)"
      ),
      (
        #"{"reward": 1}"#,
        "answer 1: expected {\"score\": number}, found {\"reward\": 1} (no 'score')"
      ),
      (
        #"{"score": null}"#,
        "answer 1: expected {\"score\": number}, found {\"score\": null} ('score' is null)"
      ),
    ])
  func garbage(answer: String, expected: String) {
    let scorer = shell("while IFS= read -r line; do echo '\(answer)'; done")
    #expect(
      message { try scorer.scores(prompts: ["p"], completions: ["a"]) }
        == "scorer 'sh': \(expected)")
  }

  @Test("a line that answers no row is an error, not the score of a later row")
  func surplus() throws {
    let scorer = shell(
      #"while IFS= read -r line; do printf '{"score": 1}\n{"score": 2}\n'; done"#)
    #expect(
      message { try scorer.scores(prompts: ["p"], completions: ["a"]) }
        == "scorer 'sh': wrote a line that answers no row: {\"score\": 2}")
  }

  @Test("a program that is too slow is stopped, and the next call starts it anew")
  func tooSlow() throws {
    let folder = try TemporaryFolder()
    let flag = "\(folder.path)/second"
    let scorer = shell(
      "if [ -e '\(flag)' ]; then \(echoLength); else : > '\(flag)'; exec sleep 100; fi",
      timeout: 3)
    #expect(
      message { try scorer.scores(prompts: ["p"], completions: ["a"]) }
        == "scorer 'sh': no answer within 3.0 s (0 of 1 came); it must flush after each line, "
        + "and may need a longer time-out")
    // {"prompt": "p", "completion": "a"} has 34 characters
    #expect(try scorer.scores(prompts: ["p"], completions: ["a"]) == [34])
  }

  @Test("a program that is not there is named")
  func missing() {
    #expect(
      message {
        try ProcessScorer(name: "x", command: ["no-such-program-anywhere"])
          .scores(prompts: ["p"], completions: ["a"])
      } == "scorer 'x': no program 'no-such-program-anywhere'; give its path, or put it on PATH")
    #expect(
      message {
        try ProcessScorer(name: "x", command: []).scores(prompts: ["p"], completions: ["a"])
      } == "scorer 'x': no command given")
    #expect(
      message {
        try shell("cat").scores(prompts: ["p"], completions: ["a", "b"], extras: [[:]])
      } == "scorer 'sh': 1 prompts, 2 completions and 1 extras; there must be as many of each")
  }
}
