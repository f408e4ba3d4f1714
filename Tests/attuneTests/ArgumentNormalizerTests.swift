// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import attune

@Suite("Normalising arguments")
struct ArgumentNormalizerTests {
  // `world write` has whole numbers, numbers, switches, optional numbers, a choice and `--config`.
  let write = ArgumentNormalizer(
    catalogue: OptionCatalogue(WorldWriteCommand.self), commandName: "world write")
  // `data convert` has lists.
  let convert = ArgumentNormalizer(
    catalogue: OptionCatalogue(DataConvertCommand.self), commandName: "data convert")

  @Test(
    "every way to write an option gives the same",
    arguments: [
      ["--length_bias=2"], ["--length-bias=2"], ["--length_bias", "2"], ["--length-bias", "2"],
      ["--length_bias", "1", "--length-bias=2"],
    ])
  func forms(arguments: [String]) throws {
    #expect(try write.normalize(arguments).arguments == ["--length_bias=2"])
  }

  @Test(
    "a bare switch is true, and takes no file for its value",
    arguments: [
      (["--soft_labels"], ["--soft_labels=true"]),
      (["--soft-labels", "--count", "3"], ["--soft_labels=true", "--count=3"]),
      (["--soft_labels", "no"], ["--soft_labels=false"]),
      (["--soft_labels=0"], ["--soft_labels=false"]),
      (["--soft_labels", "rows.jsonl"], ["--soft_labels=true", "rows.jsonl"]),
    ])
  func switches(arguments: [String], expected: [String]) throws {
    #expect(try write.normalize(arguments).arguments == expected)
  }

  @Test("a value may begin with one dash")
  func negativeValue() throws {
    #expect(try write.normalize(["--count", "-3"]).arguments == ["--count=-3"])
  }

  @Test("a value may hold an equals sign")
  func equalsInValue() throws {
    let arguments = ["--columns", "prompt=question", "--columns=prompt=post"]
    #expect(try convert.normalize(arguments).arguments == ["--columns=prompt=post"])
  }

  @Test("lists grow by repetition and by commas, and an escaped comma is no border")
  func lists() throws {
    let arguments = ["--dataset_path", "a,b", "--dataset-path=c\\,d", "--dataset_path", "e,"]
    #expect(
      try convert.normalize(arguments).arguments == [
        "--dataset_path=a", "--dataset_path=b", "--dataset_path=c,d", "--dataset_path=e",
      ])
  }

  @Test("what follows two dashes alone is left as it is")
  func terminator() throws {
    let result = try convert.normalize(["a", "--", "--lerning_rate"])
    #expect(result.arguments == ["a", "--", "--lerning_rate"])
  }

  @Test("ArgumentParser's own options pass through")
  func builtIn() throws {
    #expect(try write.normalize(["--help", "-h"]).arguments == ["--help", "-h"])
  }

  @Test(
    "an unknown option names the nearest known one",
    arguments: [
      (["--lenght_bias", "1"], "unknown option '--lenght_bias'; did you mean '--length_bias'?"),
      (["--bias=1"], "unknown option '--bias'; did you mean '--length_bias'?"),
      (
        ["--zzzzzz"],
        "unknown option '--zzzzzz'; 'attune world write --help' lists the options"
      ),
    ])
  func unknown(arguments: [String], message: String) {
    #expect(throws: UsageError(message)) { try write.normalize(arguments) }
  }

  @Test(
    "a missing or impossible value is named",
    arguments: [
      (["--count"], "option '--count' needs a value: a whole number"),
      (["--beta", "--count", "1"], "option '--beta' needs a value: a number"),
      (["--soft_labels=maybe"], "--soft_labels: expected true or false, found \"maybe\""),
    ])
  func badValues(arguments: [String], message: String) {
    #expect(throws: UsageError(message)) { try write.normalize(arguments) }
  }
}

@Suite("Suggestions")
struct SuggestionTests {
  @Test(
    "slips, swaps, parts and beginnings find their option; other words find none",
    arguments: [
      ("lerning_rate", "learning_rate"), ("learningrate", "learning_rate"), ("bf61", "bf16"),
      ("environment", "env"), ("rate", "learning_rate"), ("xyzzy", nil), ("b", nil),
    ] as [(String, String?)])
  func nearest(name: String, expected: String?) {
    let known = ["learning_rate", "bf16", "env", "max_steps"]
    #expect(Suggestion.nearest(to: name, among: known) == expected)
  }
}
