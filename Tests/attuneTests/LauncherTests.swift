// SPDX-License-Identifier: Apache-2.0

import Environments
import Feedback
import Foundation
import Testing
import Training

@testable import attune

@Suite("The command line's frame")
struct LauncherTests {
  @Test(
    "help and version go to standard output with status 0",
    arguments: [
      ([], "USAGE: attune <subcommand>"), (["--help"], "USAGE: attune <subcommand>"),
      (["help", "data"], "USAGE: attune data <subcommand>"),
      (["data"], "USAGE: attune data <subcommand>"),
      (["data", "split", "--help"], "--test_split_size <size>"),
      (["world", "write", "-h"], "(default: 6.0)"),
      (["--version"], Attune.version),
      (["--generate-completion-script", "bash"], "complete"),
    ] as [([String], String)])
  func help(arguments: [String], part: String) throws {
    let result = try attune(arguments)
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.output.contains(part), "\(result.output)")
  }

  @Test(
    "what cannot be understood ends with status 2 and one sentence",
    arguments: [
      (["env", "--jsn"], "unknown option '--jsn'; did you mean '--json'?"),
      (["env", "extra"], "unexpected argument 'extra'"),
      (["env", "-x"], "unknown option '-x'"),
      (["--nonsense"], "unknown option '--nonsense'"),
      (
        ["data", "chek"],
        "unknown command 'chek' of 'attune data'; did you mean 'check'? commands: "
          + "check, advise, stats, split, convert"
      ),
      (["data", "check"], "no data given; name a file or folder, such as pairs.jsonl"),
      (
        ["data", "check", "x.jsonl", "--row_type", "preferense"],
        "--row_type: unknown kind 'preferense'; did you mean 'preference'? known: "
          + "language_modelling, prompt_only, prompt_completion, preference, unpaired_preference, "
          + "stepwise, ranking, scored, safety_preference, comparison"
      ),
      (
        ["data", "check", "x.jsonl", "--columns", "prompt"],
        "--columns: expected OURS=YOURS pairs such as prompt=question,chosen=best, found \"prompt\""
      ),
      (
        ["data", "check", "x.jsonl", "--max_length", "5"],
        "--max_length: tokens are counted with a tokenizer; name one with "
          + "--tokenizer_name_or_path"
      ),
      (
        ["data", "split", "x.jsonl", "--train_output", "a", "--test_output", "a"],
        "--train_output and --test_output name the same file 'a'"
      ),
      (
        [
          "data", "split", "x.jsonl", "--train_output", "a", "--test_output", "b",
          "--test_split_size", "some",
        ],
        "--test_split_size: expected a share such as 0.1 or a number of rows, found \"some\""
      ),
      (["world", "write", "--count", "abc"], "--count: expected a whole number, found \"abc\""),
      (["world", "write", "--count", "-3"], "--count: expected 0 or more, found -3"),
      (["world", "write", "--first=-1"], "--first: expected 0 or more, found -1"),
      (["world", "write", "--mistake=2"], "--mistake: expected a number from 0 to 1, found 2.0"),
      (["world", "write", "--beta=-1"], "--beta: expected 0 or more, found -1.0"),
      (["world", "write", "--candidates=1"], "--candidates: expected 2 to 16, found 1"),
      (
        ["world", "write", "--split=foo"],
        "--split: expected one of train, dev, test, test_new, found \"foo\""
      ),
      (
        ["world", "write", "--kind=documents", "--split=dev"],
        "--kind documents: documents are for training and exist in --split train only"
      ),
      (
        ["world", "write", "--task", "dgst"],
        "'dgst' is no task of the village; there are: digest, digest_notices, tale"
      ),
      (["world", "show", "--index=-1"], "--index: expected 0 or more, found -1"),
      (
        ["tokenize"],
        "missing expected argument '--tokenizer_name_or_path <folder|name>'; "
          + "'attune tokenize --help' shows the options"
      ),
      (
        ["tokenize", "--tokenizer_name_or_path", "x", "--decode", "--offsets"],
        "--offsets: there are none when decoding; leave out --decode or --offsets"
      ),
    ] as [([String], String)])
  func usage(arguments: [String], message: String) throws {
    let result = try attune(arguments)
    #expect(result.status == 2)
    #expect(result.output == "")
    #expect(result.errors == "attune: \(message)\n")
  }

  @Test("a word that is no command is answered with the commands there are")
  func unknownCommand() throws {
    let result = try attune("wrld")
    #expect(result.status == 2)
    #expect(
      result.errors.hasPrefix(
        "attune: unknown command 'wrld'; did you mean 'world'? commands: "))
  }

  @Test("a running command knows its resolved settings, and nobody else does")
  func resolvedSettings() throws {
    #expect(resolvedConfiguration() == [])
    let invocation = try Invocation(
      WorldShowCommand.self, name: "world show", arguments: ["--index", "4", "--json"])
    let settings = Invocation.$current.withValue(invocation) { resolvedConfiguration() }
    #expect(
      settings == [
        .init(name: "task", values: ["digest"], isList: false),
        .init(name: "split", values: ["train"], isList: false),
        .init(name: "seed", values: ["7"], isList: false),
        .init(name: "index", values: ["4"], isList: false),
        .init(name: "demonstrations", values: ["3"], isList: false),
        .init(name: "json", values: ["true"], isList: false),
      ])
  }

  @Test("results that cannot be written are a failure")
  func fullDisk() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }
    let folder = try TemporaryFolder()
    let errors = try folder.write("", "errors")
    let log = try #require(FileHandle(forWritingAtPath: errors))
    let output = Output(results: full.fileDescriptor, progress: log.fileDescriptor)
    let status = Output.$current.withValue(output) { Launcher.execute(["world", "list"]) }
    #expect(status == 1)
    #expect(
      try folder.text("errors").hasPrefix("attune: standard output: cannot be written: "))
  }
}

@Suite("Exit statuses")
struct ExitStatusTests {
  struct Odd: Error, CustomStringConvertible { var description: String { "odd" } }

  @Test("each kind of failure has its status")
  func statuses() {
    #expect(exitCode(for: UsageError("x")) == 2)
    #expect(exitCode(for: FeedbackError.option(name: "a", problem: "b")) == 2)
    #expect(exitCode(for: MillbrookError.unknownTask("a", known: [])) == 2)
    #expect(exitCode(for: FeedbackError.missingFile("x")) == 3)
    #expect(exitCode(for: FeedbackError.empty("x")) == 3)
    #expect(exitCode(for: TrainingError.noRows(method: "dpo", reasons: [])) == 3)
    #expect(exitCode(for: TrainingError.badSetting(name: "a", value: "b", wanted: "c")) == 2)
    #expect(exitCode(for: TrainingError.cannotSave(path: "a", reason: "b")) == 1)
    #expect(exitCode(for: FeedbackError.output(file: "a", reason: "b")) == 1)
    #expect(exitCode(for: Odd()) == 1)
  }

  @Test("messages are for people")
  func messages() {
    #expect(message(for: Odd()) == "odd")
    #expect(message(for: UsageError("x")) == "x")
    let missing = CocoaError(.fileReadNoSuchFile)
    #expect(message(for: missing) == missing.localizedDescription)
  }
}
