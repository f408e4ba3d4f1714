// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One row as it stands in a file.
public struct Row: Sendable, Hashable {
  /// The columns in their order.
  public var columns: JSONObject
  /// File and line.
  public var provenance: Provenance
}

/// Reads the rows of one file, one at a time.
protocol RowSource: AnyObject {
  /// The next row; nil after the last.
  func next() throws(FeedbackError) -> Row?
}

/// Reads the rows of a file or of a folder of shards, one at a time.
///
///     let rows = try RowReader("pairs.jsonl.gz")
///     while let row = try rows.next() { print(row.columns.keys) }
///
/// Kinds of files by their ending, each also with `.gz`: `.jsonl` and `.ndjson` (a JSON object a
/// line), `.json` (a list of objects, or an object a line), `.csv` and `.tsv` (RFC 4180 with a
/// header). A pattern with `*`, `?` or `[...]` stands for the files that fit. A folder is read file by file in the order of names; hidden files and files of other
/// kinds are passed over. Memory does not grow with the length of a file.
public final class RowReader {
  /// The files that are read, in order.
  public let files: [String]
  private var current: (any RowSource)?
  private var nextFile = 0

  /// Opens a file or folder.
  ///
  /// - Parameters:
  ///   - path: a file, a folder of files, or a pattern such as `data/train-*.jsonl`.
  ///   - files: the files to read instead of all that the path stands for; nil reads all.
  /// - Throws: ``FeedbackError/missingFile(_:)`` or ``FeedbackError/unsupportedFile(_:hint:)``.
  public init(_ path: String, files: [String]? = nil) throws {
    self.files = try files ?? Self.files(at: path)
  }

  /// The next row; nil after the last.
  ///
  /// - Throws: ``FeedbackError`` with file and line of what is wrong.
  public func next() throws -> Row? {
    while true {
      if let row = try current?.next() { return row }
      guard nextFile < files.count else {
        current = nil
        return nil
      }
      current = try Self.open(files[nextFile])
      nextFile += 1
    }
  }

  /// The files that a path stands for, in order.
  static func files(at path: String) throws(FeedbackError) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      let matches = files(matching: path)
      guard !matches.isEmpty else { throw .missingFile(path) }
      return matches
    }
    guard isFolder.boolValue else {
      guard FileKind(path) != nil else { throw unsupported(path) }
      return [path]
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path).sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    } catch {
      throw .unreadable(file: path, reason: error.localizedDescription)
    }
    let visible = names.filter { !$0.hasPrefix(".") }
    let shards = visible.filter { FileKind($0) != nil }
    guard !shards.isEmpty else {
      let found = visible.isEmpty ? "it is empty" : "found: \(visible.prefix(8).listed)"
      throw .unsupportedFile(path, hint: "no data files in the folder; \(found). \(FileKind.hint)")
    }
    return shards.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }

  /// The data files that fit a pattern, in the order of their names; none where the text is no pattern.
  private static func files(matching pattern: String) -> [String] {
    guard pattern.contains(where: { "*?[".contains($0) }) else { return [] }
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
      .filter { FileKind($0) != nil }
  }

  private static func unsupported(_ path: String) -> FeedbackError {
    let isParquet = path.hasSuffix(".parquet")
    return .unsupportedFile(
      path,
      hint: isParquet
        ? "Parquet is not read; write it as JSON Lines first, in Python: pandas.read_parquet(path)"
          + ".to_json(\"data.jsonl\", orient=\"records\", lines=True)"
        : "unknown kind of file. \(FileKind.hint)")
  }

  private static func open(_ file: String) throws(FeedbackError) -> any RowSource {
    let reader = try ByteReader(file)
    switch FileKind(file) {
    case .table(let separator): return try TableSource(reader, separator: separator)
    case .json where try JSONListSource.isList(reader): return JSONListSource(reader)
    default: return JSONLinesSource(reader)
    }
  }
}

/// What a file holds, by the ending of its name.
enum FileKind: Equatable {
  case lines
  case json
  case table(separator: UInt8)

  static let hint = "Read are .jsonl, .ndjson, .json, .csv and .tsv, each also with .gz"

  init?(_ name: String) {
    var name = name.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
      self = .lines
    } else if name.hasSuffix(".json") {
      self = .json
    } else if name.hasSuffix(".csv") {
      self = .table(separator: UInt8(ascii: ","))
    } else if name.hasSuffix(".tsv") {
      self = .table(separator: 0x09)
    } else {
      return nil
    }
  }
}
