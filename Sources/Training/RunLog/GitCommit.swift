// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads which commit is checked out, from the files git keeps; no program is run.
enum GitCommit {
  /// The commit of the repository a folder is in.
  ///
  /// - Returns: its hexadecimal digits; nil where there is no repository, or none that can be read.
  static func current(in folder: URL) -> String? {
    guard let git = gitFolder(above: folder),
      let head = text(git.appending(path: "HEAD"))
    else { return nil }
    guard head.hasPrefix("ref: ") else { return hash(head) }
    let name = String(head.dropFirst("ref: ".count))
    // A linked working tree keeps its branches where the main one does.
    let common = text(git.appending(path: "commondir")).map { path in
      path.hasPrefix("/") ? URL(filePath: path) : git.appending(path: path)
    }
    for place in [git] + (common.map { [$0] } ?? []) {
      if let found = text(place.appending(path: name)).flatMap(hash) { return found }
      let packed = text(place.appending(path: "packed-refs")) ?? ""
      let line = packed.split(separator: "\n").first { $0.hasSuffix(" \(name)") }
      if let found = line.flatMap({ hash(String($0.prefix { $0 != " " })) }) { return found }
    }
    return nil
  }

  private static func gitFolder(above folder: URL) -> URL? {
    var place = folder.standardizedFileURL
    while true {
      let git = place.appending(path: ".git")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: git.path, isDirectory: &isFolder) {
        guard !isFolder.boolValue else { return git }
        guard let line = text(git), line.hasPrefix("gitdir: ") else { return nil }
        let path = String(line.dropFirst("gitdir: ".count))
        return path.hasPrefix("/") ? URL(filePath: path) : place.appending(path: path)
      }
      guard place.path != "/" else { return nil }
      place.deleteLastPathComponent()
    }
  }

  private static func text(_ file: URL) -> String? {
    (try? String(contentsOf: file, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func hash(_ text: String) -> String? {
    text.count >= 40 && text.allSatisfy(\.isHexDigit) ? text : nil
  }
}
