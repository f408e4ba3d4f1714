// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import attune

@Suite("Configuration files")
struct ConfigurationFileTests {
  let write = OptionCatalogue(WorldWriteCommand.self)
  let convert = OptionCatalogue(DataConvertCommand.self)

  @Test("values, switches, dashes, null and comments are read with their places")
  func reading() throws {
    let text = """
      # a comment
      count: 12
      length-bias: 5e-3
      soft_labels: yes
      near_ties: null
      tie_threshold: ""
      output: "null"
      """
    let file = try ConfigurationFile(text: text, file: "run.yaml", catalogue: write)
    #expect(
      file.settings == [
        .init(name: "count", values: ["12"], place: "run.yaml:2:8"),
        .init(name: "length_bias", values: ["5e-3"], place: "run.yaml:3:14"),
        .init(name: "soft_labels", values: ["true"], place: "run.yaml:4:14"),
        .init(name: "output", values: ["null"], place: "run.yaml:7:9"),
      ])
  }

  @Test("lists are YAML lists or comma lists", arguments: ["[a, b]", "a,b", "\n  - a\n  - b"])
  func lists(value: String) throws {
    let file = try ConfigurationFile(
      text: "dataset_path: \(value)", file: "run.yaml", catalogue: convert)
    #expect(file.settings.map(\.values) == [["a", "b"]])
  }

  @Test("an empty file sets nothing", arguments: ["", "# nothing\n", "null"])
  func empty(text: String) throws {
    #expect(try ConfigurationFile(text: text, file: "r", catalogue: write).settings == [])
  }

  @Test(
    "a wrong shape is named with line and column",
    arguments: [
      ("count: [1, 2]", "run.yaml:1:8: count: expected a whole number, found a list"),
      ("count: {a: 1}", "run.yaml:1:8: count: expected a whole number, found a mapping"),
      (
        "seed: 1\nsoft_labels: maybe",
        "run.yaml:2:14: soft_labels: expected true or false, found \"maybe\""
      ),
      ("count: 1\ncount: 2", "run.yaml:1: 'count' stands twice; keep one"),
      (
        "near_ties: 0.5\nnear-ties: 0.2",
        "run.yaml:2:1: near_ties: already set at run.yaml:1:12; keep one"
      ),
      (
        "- 1",
        "run.yaml:1:1: expected option names with values, such as 'learning_rate: 1e-6'"
      ),
      ("config: a.yaml", "run.yaml:1:1: config: belongs on the command line, not in a file"),
      ("count: [1", "run.yaml:2:1: not YAML: did not find expected ',' or ']'"),
    ])
  func wrongShapes(text: String, message: String) {
    #expect(throws: UsageError(message)) {
      try ConfigurationFile(text: text, file: "run.yaml", catalogue: write)
    }
  }

  @Test(
    "an unknown key is named with its place, the nearest name and all known ones",
    arguments: [
      (
        "seed: 1\nlenght_bias: 1",
        "run.yaml:2:1: lenght_bias: unknown option; did you mean "
          + "'length_bias'? known: task, split, seed, "
      ),
      (
        "seed: 1\nannotator:\n  betta: 1",
        "run.yaml:3:3: annotator.betta: unknown option; did you "
          + "mean 'beta'? known: task, "
      ),
      ("zzzzzzzz: 1", "run.yaml:1:1: zzzzzzzz: unknown option; known: task, "),
    ])
  func unknownKeys(text: String, beginning: String) throws {
    let error = try #require(throws: UsageError.self) {
      try ConfigurationFile(text: text, file: "run.yaml", catalogue: write)
    }
    #expect(error.description.hasPrefix(beginning), "\(error)")
    #expect(!error.description.contains("print_config"))
  }

  @Test("flags beat the file, lists as a whole, and defaults fill the rest")
  func precedence() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("dataset_path: [a, b]\nseed: 9\nmax_samples: 5\n", "run.yaml")
    // `data convert` has no --config, so the file is laid over `world write` below; here the merge
    // itself is looked at.
    let settings = try ConfigurationFile(path: file, catalogue: convert).settings
    #expect(settings.map(\.name) == ["dataset_path", "seed", "max_samples"])

    let run = try folder.write("count: 12\nbeta: 2.5\nwith_truth: true\nkind: book\n", "w.yaml")
    let result = try attune(
      "world", "write", "--beta", "9", "--config", run, "--print-config", "--count=3")
    #expect(result.status == 0)
    #expect(result.errors == "")
    let lines = Set(result.lines)
    for line in ["count: 3", "beta: 9", "with_truth: true", "kind: book", "mistake: 0.1"] {
      #expect(lines.contains(Substring(line)), "\(line)")
    }
    #expect(lines.contains("near_ties: null"))
    #expect(!result.output.contains("config:"))
  }

  @Test("a printed configuration is read back to itself")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "world", "write", "--annotator_name", "a: \"b\" # é", "--output", "- x", "--beta=1e-7",
      "--print_config",
    ]
    let first = try attune(arguments)
    #expect(first.status == 0)
    #expect(first.lines.contains("annotator_name: \"a: \\\"b\\\" # é\""))
    let file = try folder.write(first.output, "run.yaml")
    let second = try attune("world", "write", "--config", file, "--print_config")
    #expect(second.output == first.output)
  }

  @Test("settings with lists are written as YAML lists")
  func yaml() {
    let settings = [
      ResolvedSetting(name: "report_to", values: ["jsonl", "a b"], isList: true),
      ResolvedSetting(name: "stop", values: [""], isList: false),
      ResolvedSetting(name: "empty", values: [], isList: true),
    ]
    #expect(settings.yaml == "report_to: [jsonl, \"a b\"]\nstop: \"\"\nempty: []\n")
  }

  @Test("a wrong value in the file is named with its line when the command is run")
  func wrongValue() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("kind: book\nbeta: 5e-7x\n", "run.yaml")
    let result = try attune("world", "write", "--config", file)
    #expect(result.status == 2)
    #expect(result.errors == "attune: \(file):2:7: beta: expected a number, found \"5e-7x\"\n")
  }

  @Test("a missing file is named")
  func missingFile() throws {
    let result = try attune("world", "write", "--config", "/nowhere/run.yaml")
    #expect(result.status == 2)
    #expect(
      result.errors == "attune: --config: no file '/nowhere/run.yaml' that can be read\n")
  }
}
