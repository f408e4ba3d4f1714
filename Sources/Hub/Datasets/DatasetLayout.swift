// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which files of a data set belong to which configuration and split.
///
/// As the hub has it: the list `configs` in the front matter of `README.md` decides; without one, the
/// names of files and folders do (`train.jsonl`, `data/test-00000-of-00002.jsonl`, `validation/1.csv`),
/// and where no name holds a split's word, everything is `train`.
struct DatasetLayout: Equatable {
  /// One configuration.
  struct Configuration: Equatable {
    var name: String
    /// Paths by split.
    var splits: [String: [String]]
    /// Whether it is the one meant where none is named.
    var isDefault: Bool
  }

  /// The configurations in their order.
  var configurations: [Configuration]

  /// Reads a data set's layout.
  ///
  /// - Throws: ``HubError/badCard(_:problem:)``.
  init(_ repository: HubRepository, paths: [String], card: String?) throws {
    let data = paths.filter(Self.isData)
    let declared =
      try card.map { try CardConfigurations(repository, card: $0).configurations } ?? []
    guard !declared.isEmpty else {
      configurations = [
        Configuration(
          name: "default", splits: Self.splits(of: Self.ofCommonKind(data)), isDefault: true)
      ]
      return
    }
    configurations = declared.map { declaration in
      let base = declaration.folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
      var splits: [String: [String]] = [:]
      for (split, patterns) in declaration.patterns {
        splits[split] = paths.filter { path in
          patterns.contains { Glob.matches(base + $0, path) }
        }
      }
      if declaration.patterns.isEmpty {
        splits = Self.splits(of: Self.ofCommonKind(data.filter { $0.hasPrefix(base) }))
      }
      return Configuration(
        name: declaration.name, splits: splits, isDefault: declaration.isDefault)
    }
  }

  /// The files of a split.
  ///
  /// - Parameters:
  ///   - repository: the data set, for messages.
  ///   - configuration: nil for the one that is meant where none is named.
  ///   - split: such as `train`.
  /// - Returns: the configuration's name and the paths, in order.
  /// - Throws: ``HubError/noConfiguration(_:configuration:known:)``,
  ///   ``HubError/ambiguousConfiguration(_:known:)``, ``HubError/noSplit(_:split:known:)``.
  func files(_ repository: HubRepository, configuration: String?, split: String) throws
    -> (configuration: String, paths: [String])
  {
    let name = try Self.choose(
      configuration, among: configurations.map { ($0.name, $0.isDefault) }, repository)
    let splits = configurations.first { $0.name == name }?.splits ?? [:]
    guard let paths = splits[split], !paths.isEmpty else {
      throw HubError.noSplit(repository, split: split, known: splits.keys.sorted())
    }
    return (name, paths)
  }

  /// The configuration that is meant.
  static func choose(
    _ wanted: String?, among known: [(name: String, isDefault: Bool)], _ repository: HubRepository
  ) throws -> String {
    let names = known.map(\.name)
    if let wanted {
      guard names.contains(wanted) else {
        throw HubError.noConfiguration(repository, configuration: wanted, known: names)
      }
      return wanted
    }
    if names.count == 1 { return names[0] }
    let marked = known.first { $0.isDefault }?.name ?? names.first { $0 == "default" }
    guard let marked else { throw HubError.ambiguousConfiguration(repository, known: names) }
    return marked
  }

  // MARK: Names of files

  /// Endings of the files that this program reads, each also with `.gz`.
  private static let readable = ["jsonl", "ndjson", "json", "csv", "tsv"]
  private static let unreadable = [
    "parquet", "arrow", "txt", "zst", "zip", "tar", "xz", "bz2", "h5", "png", "jpg", "jpeg", "webp",
    "wav", "mp3", "flac",
  ]
  private static let descriptions: Set = [
    "dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json", "metadata.json",
  ]

  /// Whether rows of this file can be read here.
  static func isReadable(_ path: String) -> Bool { readable.contains(kind(of: path)) }

  /// The ending without `.gz`, in lower case.
  static func kind(of path: String) -> String {
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    return name.split(separator: "/").last.map { $0.split(separator: ".") }
      .flatMap { $0.count > 1 ? $0.last.map(String.init) : nil } ?? ""
  }

  private static func isData(_ path: String) -> Bool {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last,
      !parts.contains(where: { $0.hasPrefix(".") || $0.hasPrefix("__") }),
      !descriptions.contains(name)
    else { return false }
    let kind = kind(of: path)
    return readable.contains(kind) || unreadable.contains(kind)
  }

  /// Those of the kind that most files have: what stands beside them is no data.
  private static func ofCommonKind(_ paths: [String]) -> [String] {
    let groups = Dictionary(grouping: paths, by: kind)
    // Among equals the kind that is not used for notes.
    let order = ["parquet", "arrow"] + readable
    func rank(_ kind: String) -> Int { order.firstIndex(of: kind) ?? order.count }
    let common = groups.max {
      ($0.value.count, rank($1.key)) < ($1.value.count, rank($0.key))
    }
    return common?.value.sorted() ?? []
  }

  /// Words that say which split a file belongs to.
  private static let words = [
    "train": "train", "training": "train", "validation": "validation", "valid": "validation",
    "val": "validation", "dev": "validation", "test": "test", "testing": "test", "eval": "test",
    "evaluation": "test",
  ]

  private static func splits(of paths: [String]) -> [String: [String]] {
    for rule in [numbered, named, placed] {
      let found = paths.compactMap { path in rule(path).map { (split: $0, path: path) } }
      guard found.isEmpty else {
        return Dictionary(grouping: found, by: \.split).mapValues { $0.map(\.path) }
      }
    }
    return paths.isEmpty ? [:] : ["train": paths]
  }

  /// `data/train-00000-of-00002.jsonl`, whatever the split is called.
  private static func numbered(_ path: String) -> String? {
    path.wholeMatch(of: /data\/(\w+(?:\.\w+)*)-\d{5}-of-\d{5}.*/).map { String($0.1) }
  }

  /// A word in the file's name: `my_train.csv`.
  private static func named(_ path: String) -> String? {
    path.split(separator: "/").last.flatMap { word(in: $0) }
  }

  /// A word in a folder's name: `test/1.csv`.
  private static func placed(_ path: String) -> String? {
    path.split(separator: "/").dropLast().lazy.compactMap { word(in: $0) }.first
  }

  private static func word(in name: Substring) -> String? {
    name.lowercased().split { !$0.isLetter }.lazy.compactMap { words[String($0)] }.first
  }
}

/// Patterns of file names: `*` and `?` within a folder, `**` across folders, `[a-z]` for one character.
enum Glob {
  static func matches(_ pattern: String, _ path: String) -> Bool {
    var text = pattern
    while text.hasPrefix("./") { text.removeFirst(2) }
    return match(Array(text)[...], Array(path)[...])
  }

  private static func match(_ pattern: ArraySlice<Character>, _ path: ArraySlice<Character>) -> Bool
  {
    guard let first = pattern.first else { return path.isEmpty }
    let rest = pattern.dropFirst()
    switch first {
    case "*" where rest.first == "*":
      var after = rest.dropFirst()
      // `**/x` also means `x` itself.
      if after.first == "/", match(after.dropFirst(), path) { return true }
      while after.first == "*" { after = after.dropFirst() }
      return (path.startIndex...path.endIndex).contains { match(after, path[$0...]) }
    case "*":
      let end = path.firstIndex(of: "/") ?? path.endIndex
      return (path.startIndex...end).contains { match(rest, path[$0...]) }
    case "?":
      guard let character = path.first, character != "/" else { return false }
      return match(rest, path.dropFirst())
    case "[":
      guard let close = rest.firstIndex(of: "]"), let character = path.first, character != "/"
      else {
        return false
      }
      return isMember(character, of: rest[..<close])
        && match(rest[(close + 1)...], path.dropFirst())
    default:
      return path.first == first && match(rest, path.dropFirst())
    }
  }

  private static func isMember(_ character: Character, of set: ArraySlice<Character>) -> Bool {
    let isNegated = set.first == "!" || set.first == "^"
    var rest = isNegated ? set.dropFirst() : set
    var isFound = false
    while let low = rest.popFirst() {
      if rest.first == "-", rest.count > 1 {
        rest = rest.dropFirst()
        let high = rest.removeFirst()
        isFound = isFound || (low <= character && character <= high)
      } else {
        isFound = isFound || low == character
      }
    }
    return isFound != isNegated
  }
}
