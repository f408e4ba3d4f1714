// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which files of some paths are learnt from and which are held out, going by the splits in their names.
///
///     let files = try SplitFiles(["data"])  // data/train-1.jsonl, data/train-2.jsonl, data/test.jsonl
///     files.train  // data/train-1.jsonl and data/train-2.jsonl
///     files.test   // data/test.jsonl
///
/// A split stands as a word in the file's name (`train.jsonl`, `pairs-train-00001.jsonl.gz`) or is the name of a
/// folder within the path (`data/train/1.jsonl`). `training` is the same as `train`; `valid`, `val` and `dev` are the
/// same as `validation`; `testing`, `eval` and `evaluation` the same as `test`.
///
/// Where no file is named by the split to learn from, names mean nothing, and all files are learnt from.
public struct SplitFiles: Sendable, Equatable {
  /// What to learn from.
  public private(set) var train: [DatasetSource] = []
  /// What is held out.
  public private(set) var test: [DatasetSource] = []
  /// What a person should know: which files are held out and which are not read.
  public private(set) var lines: [String] = []

  /// Looks at the names of files.
  ///
  /// - Parameters:
  ///   - paths: files, folders and patterns such as `data/train-*.jsonl`.
  ///   - train: the split to learn from.
  ///   - test: the split to hold out; nil takes `test` where there is one.
  ///   - holdsOut: whether files are held out at all; false where evaluation rows come from elsewhere.
  /// - Throws: ``FeedbackError`` for paths that are not there, and where no file is named by a split that was asked for.
  public init(
    _ paths: [String], train: String = SplitFiles.defaultTrain, test: String? = nil,
    holdsOut: Bool = true
  ) throws {
    let files = try paths.enumerated().flatMap { index, path in
      try Self.files(of: path, at: index)
    }
    let hasTrain = files.contains { $0.isOf(train) }
    guard hasTrain || train == Self.defaultTrain else {
      throw Self.missing("dataset_train_split", train, files)
    }
    let held = test ?? (hasTrain && holdsOut ? Self.defaultTest : nil)
    let roles: [Role] = files.map { file in
      if hasTrain, file.isOf(train) { return .train }
      if let held, file.isOf(held) { return .test }
      // A file somebody named outright is wanted unless its name says otherwise.
      return !hasTrain || (file.isNamedOutright && !file.hasSplit) ? .train : .unread
    }
    if let test, !roles.contains(.test) {
      throw Self.missing("dataset_test_split", test, files)
    }
    guard roles.contains(.train) else { throw Self.missing("dataset_train_split", train, files) }
    self.train = Self.sources(paths, files, roles, .train)
    self.test = Self.sources(paths, files, roles, .test)
    lines = Self.lines(files, roles, train: train, test: held, hasTrain: hasTrain)
  }

  /// The split to learn from unless another is named.
  public static let defaultTrain = "train"
  private static let defaultTest = "test"

  private enum Role { case train, test, unread }

  private struct File {
    var path: String
    /// Place of its path among those given.
    var source: Int
    var isNamedOutright: Bool
    /// Words in its name and in that of its folder within the path.
    var words: Set<String>

    /// Whether the file is of a split, under any of the names for it.
    func isOf(_ split: String) -> Bool {
      !words.isDisjoint(with: SplitFiles.names(of: split.lowercased()))
    }

    var hasSplit: Bool { SplitFiles.synonyms.contains { !words.isDisjoint(with: $0) } }
  }

  fileprivate static let synonyms: [Set<String>] = [
    ["train", "training"], ["validation", "valid", "val", "dev"],
    ["test", "testing", "eval", "evaluation"],
  ]

  fileprivate static func names(of split: String) -> Set<String> {
    synonyms.first { $0.contains(split) } ?? [split]
  }

  private static func files(of path: String, at index: Int) throws -> [File] {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard isThere, isFolder.boolValue else {
      return try RowReader.files(at: path).map { file in
        File(path: file, source: index, isNamedOutright: isThere, words: words(file))
      }
    }
    let root = path.hasSuffix("/") ? path : path + "/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    var files: [File] = []
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let splitName = words(name)
      guard synonyms.contains(where: { !splitName.isDisjoint(with: $0) }),
        FileKind(name) == nil, let shards = try? RowReader.files(at: root + name)
      else { continue }
      files += shards.map {
        File(path: $0, source: index, isNamedOutright: false, words: splitName)
      }
    }
    if files.isEmpty || names.contains(where: { !$0.hasPrefix(".") && FileKind($0) != nil }) {
      files += try RowReader.files(at: path).map {
        File(path: $0, source: index, isNamedOutright: false, words: words($0))
      }
    }
    return files
  }

  /// `data/pairs-train-00001.jsonl.gz`: pairs, train and jsonl, gz.
  private static func words(_ path: String) -> Set<String> {
    let name = path.split(separator: "/").last ?? ""
    let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
    return Set(
      words.map { word in
        String(word.reversed().drop { $0.isNumber }.reversed())
      })
  }

  private static func sources(
    _ paths: [String], _ files: [File], _ roles: [Role], _ role: Role
  ) -> [DatasetSource] {
    paths.enumerated().compactMap { index, path in
      let own = files.indices.filter { files[$0].source == index }
      let chosen = own.filter { roles[$0] == role }.map { files[$0].path }
      guard !chosen.isEmpty else { return nil }
      var source = DatasetSource(path)
      source.files = chosen
      return source
    }
  }

  private static func lines(
    _ files: [File], _ roles: [Role], train: String, test: String?, hasTrain: Bool
  ) -> [String] {
    func named(_ role: Role) -> [String] {
      zip(files, roles).filter { $1 == role }.map { $0.0.path }
    }
    var lines: [String] = []
    if !hasTrain, files.count > 1, files.contains(where: \.hasSplit) {
      lines.append(
        "no file is named by the split \(train): all of \(named(.train).listed) are learnt from")
    }
    if let test, roles.contains(.test) {
      lines.append("split \(test), held out: \(named(.test).listed)")
    }
    if roles.contains(.unread) {
      lines.append(
        "not read, since they are of other splits than \(train): \(named(.unread).listed); "
          + "dataset_train_split and dataset_test_split choose")
    }
    return lines
  }

  private static func missing(
    _ option: String, _ split: String, _ files: [File]
  ) -> FeedbackError {
    let found = files.prefix(8).map(\.path).listed + (files.count > 8 ? " and more" : "")
    let other =
      option == "dataset_test_split"
      ? "; eval_dataset_path names files to hold out, test_split_size a share of the rows" : ""
    return .option(
      name: option,
      problem: "no file is named by the split '\(split)', as \(split).jsonl or "
        + "\(split)-00001.jsonl.gz would be; found: \(found)\(other)")
  }
}
