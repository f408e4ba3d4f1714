// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite("Splits of a data set by its files")
struct DatasetLayoutTests {
  private func layout(_ paths: [String], card: String? = nil) throws -> DatasetLayout {
    try DatasetLayout(Seeds.repository("a/b", kind: .dataset), paths: paths, card: card)
  }

  private func splits(_ paths: [String]) throws -> [String: [String]] {
    try layout(paths).configurations[0].splits
  }

  @Test("numbered shards name their split, whatever it is called")
  func numbered() throws {
    let found = try splits([
      "data/train_sft-00001-of-00002.jsonl", "data/train_sft-00000-of-00002.jsonl",
      "data/test_sft-00000-of-00001.jsonl", "README.md",
    ])
    #expect(
      found == [
        "train_sft": [
          "data/train_sft-00000-of-00002.jsonl", "data/train_sft-00001-of-00002.jsonl",
        ],
        "test_sft": ["data/test_sft-00000-of-00001.jsonl"],
      ])
  }

  @Test("words in names of files decide, then words in names of folders, else all is train")
  func words() throws {
    #expect(
      try splits(["my_train.csv", "dev.csv", "eval-set.csv"]) == [
        "train": ["my_train.csv"], "validation": ["dev.csv"], "test": ["eval-set.csv"],
      ])
    #expect(
      try splits(["test/1.jsonl.gz", "training/1.jsonl.gz"]) == [
        "test": ["test/1.jsonl.gz"], "train": ["training/1.jsonl.gz"],
      ])
    #expect(
      try splits(["constraint.jsonl", "b.jsonl"]) == ["train": ["b.jsonl", "constraint.jsonl"]])
    #expect(try splits(["README.md", ".gitattributes", "dataset_infos.json"]).isEmpty)
  }

  @Test("what stands beside the data is no data")
  func beside() throws {
    #expect(try splits(["train.parquet", "notes.json"]) == ["train": ["train.parquet"]])
    #expect(
      try splits(["train.jsonl", "test.jsonl", "statistics.json"]).keys.sorted() == [
        "test", "train",
      ])
  }

  let card = """
    ---
    license: mit
    configs:
    - config_name: main
      data_files:
      - split: train
        path: "data/main-*.jsonl"
      - split: test
        path:
        - t/[12].jsonl
        - t/**/x.jsonl
      default: true
    - config_name: all
      data_files: "**/*.jsonl"
    - config_name: folder
      data_dir: sub
    ---
    # Title
    """

  @Test("the card's list of configurations decides where there is one")
  func declared() throws {
    let paths = [
      "data/main-1.jsonl", "data/other.jsonl", "t/1.jsonl", "t/3.jsonl", "t/a/b/x.jsonl",
      "sub/train.csv", "sub/test.csv", "README.md",
    ]
    let repository = try Seeds.repository("a/b", kind: .dataset)
    let layout = try layout(paths, card: card)
    let test = try layout.files(repository, configuration: nil, split: "test")
    #expect(test.configuration == "main")
    #expect(test.paths == ["t/1.jsonl", "t/a/b/x.jsonl"])
    #expect(
      try layout.files(repository, configuration: "all", split: "train").paths.count == 5)
    #expect(
      try layout.files(repository, configuration: "folder", split: "test").paths == ["sub/test.csv"]
    )
    #expect(
      throws: HubError.noConfiguration(
        repository, configuration: "none", known: ["main", "all", "folder"])
    ) { try layout.files(repository, configuration: "none", split: "train") }
    #expect(throws: HubError.noSplit(repository, split: "dev", known: ["test", "train"])) {
      try layout.files(repository, configuration: nil, split: "dev")
    }
  }

  @Test("several configurations without a default must be chosen from")
  func ambiguous() throws {
    let card =
      "---\nconfigs:\n- config_name: x\n  data_files: a.jsonl\n- config_name: y\n  data_files: b.jsonl\n---\n"
    let repository = try Seeds.repository("a/b", kind: .dataset)
    #expect(throws: HubError.ambiguousConfiguration(repository, known: ["x", "y"])) {
      try layout(["a.jsonl", "b.jsonl"], card: card)
        .files(repository, configuration: nil, split: "train")
    }
  }

  @Test("a card that makes no sense is an error, one without front matter is not")
  func cards() throws {
    #expect(throws: HubError.self) { try layout(["a.jsonl"], card: "---\nconfigs: [1\n---\n") }
    #expect(throws: HubError.self) { try layout(["a.jsonl"], card: "---\nconfigs: 3\n---\n") }
    #expect(throws: HubError.self) {
      try layout(["a.jsonl"], card: "---\nconfigs:\n- data_files: [{path: x}]\n---\n")
    }
    #expect(try layout(["a.jsonl"], card: "# no front matter\n").configurations.count == 1)
    #expect(try layout(["a.jsonl"], card: "---\nlicense: mit\n---\n").configurations.count == 1)
  }
}

@Suite("Pages of rows")
struct RowsPageTests {
  @Test("rows keep their bytes: order of columns, digits, escapes")
  func bytes() throws {
    let text = """
      {"features": [{"name": "b", "x": [1, {"y": "]}"}]}], "rows": [
        {"row_idx": 0, "row": {"b": 1.10, "a": "x\\"}]\\\\", "c": {"d": [1,
          2]}}, "truncated_cells": []},
        {"row_idx": 1, "row": {"b": 9007199254740993, "a": "\\u00e9é"}, "truncated_cells": ["a"]}
      ], "num_rows_total": 250, "num_rows_per_page": 100, "partial": true}
      """
    let page = try RowsPage(Data(text.utf8))
    #expect(page.total == 250 && page.isPartial)
    #expect(page.rows.map(\.index) == [0, 1])
    #expect(page.rows.map(\.isCut) == [false, true])
    let rows = page.rows.map { String(decoding: $0.json, as: UTF8.self) }
    #expect(rows[0] == #"{"b": 1.10, "a": "x\"}]\\", "c": {"d": [1,     2]}}"#)
    #expect(rows[1] == #"{"b": 9007199254740993, "a": "\u00e9é"}"#)
  }

  @Test(
    "what is no page is an error",
    arguments: [
      "", "[]", "{", #"{"rows": [{"row": 1}]}"#, #"{"rows": [{"row": {"a": "}]}"#, #"{"rows": [}"#,
      #"{"a""#, #"{"rows": [{"row": {"a": "\"#,
    ])
  func broken(text: String) {
    #expect(throws: HubError.self) { try RowsPage(Data(text.utf8)) }
  }
}
