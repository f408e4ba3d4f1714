// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

@Suite("Files named by split")
struct SplitFilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes files of one row each.
  private func write(_ names: String...) throws {
    for name in names {
      let place = URL(filePath: "\(folder.path)/\(name)").deletingLastPathComponent()
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      _ = try folder.write(#"{"prompt": "\#(name)"}"#, to: name)
    }
  }

  /// Names of files below the folder.
  private func names(_ sources: [DatasetSource]) -> [String] {
    sources.flatMap { $0.files ?? [] }.map { $0.replacing("\(folder.path)/", with: "") }
  }

  @Test("a folder's train files are learnt from, its test files held out, the rest is named")
  func folderOfSplits() throws {
    try write(
      "train-00001.jsonl", "train-00002.jsonl.gz", "test.jsonl", "validation.jsonl", "x.csv")
    let files = try SplitFiles([folder.path])
    #expect(names(files.train) == ["train-00001.jsonl", "train-00002.jsonl.gz"])
    #expect(names(files.test) == ["test.jsonl"])
    #expect(files.lines.count == 2)
    #expect(files.lines[0].hasPrefix("split test, held out: "))
    #expect(files.lines[1].contains("validation.jsonl") && files.lines[1].contains("x.csv"))
  }

  @Test("only the chosen files of a path are read")
  func reading() throws {
    try write("train.jsonl", "test.jsonl")
    let files = try SplitFiles([folder.path])
    func prompts(_ sources: [DatasetSource]) throws -> [String] {
      try Dataset.load(sources, accepting: [.promptOnly], method: "a test").records.compactMap {
        $0.body.prompt?.text
      }
    }
    #expect(try prompts(files.train) == ["train.jsonl"])
    #expect(try prompts(files.test) == ["test.jsonl"])
  }

  @Test(
    "a split has several names",
    arguments: [
      ("validation", "dev-1.jsonl"), ("dev", "pairs.val.jsonl"), ("test", "my_eval_2.jsonl"),
      ("evaluation", "test.jsonl"), ("hard", "hard.jsonl"),
    ])
  func otherNames(split: String, file: String) throws {
    try write("training.jsonl", file)
    let files = try SplitFiles([folder.path], test: split)
    #expect(names(files.train) == ["training.jsonl"])
    #expect(names(files.test) == [file])
  }

  @Test("a folder within the path names the split of its files")
  func subfolders() throws {
    try write("train/1.jsonl", "train/2.jsonl", "test/1.jsonl", "notes/1.jsonl")
    let files = try SplitFiles([folder.path])
    #expect(names(files.train) == ["train/1.jsonl", "train/2.jsonl"])
    #expect(names(files.test) == ["test/1.jsonl"])
  }

  @Test("a pattern stands for the files that fit, in order")
  func pattern() throws {
    try write("train-2.jsonl", "train-1.jsonl", "test-1.jsonl", "train-3.txt")
    let files = try SplitFiles(["\(folder.path)/train-*.jsonl"])
    #expect(names(files.train) == ["train-1.jsonl", "train-2.jsonl"])
    #expect(files.test.isEmpty && files.lines.isEmpty)
    #expect(try RowReader("\(folder.path)/t*-1.jsonl").files.count == 2)
    let none = message(in: folder) { try RowReader("\(folder.path)/dev-*.jsonl") }
    #expect(none.contains("dev-*.jsonl"))
  }

  @Test("files named outright are all wanted, but for those that name another split")
  func outright() throws {
    try write("train.jsonl", "more.jsonl", "test.jsonl")
    let paths = ["train.jsonl", "more.jsonl", "test.jsonl"].map { "\(folder.path)/\($0)" }
    let files = try SplitFiles(paths)
    #expect(names(files.train) == ["train.jsonl", "more.jsonl"])
    #expect(names(files.test) == ["test.jsonl"])
    let one = try SplitFiles([paths[2]])
    #expect(names(one.train) == ["test.jsonl"])
    #expect(one.test.isEmpty && one.lines.isEmpty)
  }

  @Test("without files of the split train all files are learnt from, and that is said")
  func withoutTrain() throws {
    try write("a.jsonl", "b.jsonl")
    let plain = try SplitFiles([folder.path])
    #expect(names(plain.train) == ["a.jsonl", "b.jsonl"])
    #expect(plain.lines.isEmpty)
    try write("test.jsonl")
    let odd = try SplitFiles([folder.path])
    #expect(names(odd.train) == ["a.jsonl", "b.jsonl", "test.jsonl"])
    #expect(odd.lines.count == 1)
    #expect(names(try SplitFiles([folder.path], test: "test").train) == ["a.jsonl", "b.jsonl"])
  }

  @Test("where evaluation rows come from elsewhere, test files are neither learnt nor held out")
  func heldOutElsewhere() throws {
    try write("train.jsonl", "test.jsonl")
    let files = try SplitFiles([folder.path], holdsOut: false)
    #expect(names(files.train) == ["train.jsonl"])
    #expect(files.test.isEmpty)
    #expect(files.lines.count == 1)
  }

  @Test("a split that no file has is an error that lists the files")
  func missing() throws {
    try write("train.jsonl", "test.jsonl")
    let train = message(in: folder) { try SplitFiles([folder.path], train: "gold") }
    #expect(
      train == "dataset_train_split: no file is named by the split 'gold', as gold.jsonl or "
        + "gold-00001.jsonl.gz would be; found: test.jsonl, train.jsonl")
    let test = message(in: folder) { try SplitFiles([folder.path], test: "dev") }
    #expect(test.hasPrefix("dataset_test_split: no file is named by the split 'dev'"))
    #expect(test.contains("test_split_size"))
  }
}
