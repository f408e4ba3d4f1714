// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file to be sent.
struct UploadFile: Sendable {
  /// Where its content is.
  enum Source: Sendable {
    case file(URL)
    case text(String)
  }

  /// The path in the repository.
  var path: String
  var source: Source
  /// Bytes.
  var size: Int64

  /// A file of this machine.
  init(_ path: String, _ file: URL) throws {
    self.path = path
    source = .file(file)
    var found = stat()
    guard stat(file.path, &found) == 0 else { throw LocalFiles.error(file, errno) }
    size = Int64(found.st_size)
  }

  /// A text made up here.
  init(_ path: String, text: String) {
    self.path = path
    source = .text(text)
    size = Int64(text.utf8.count)
  }

  /// The first bytes, from which the hub judges whether it is text.
  func sample() throws -> Data { try content(upTo: 512) }

  /// The whole content, of a file small enough to stand in a commit.
  func content(upTo limit: Int = .max) throws -> Data {
    switch source {
    case .text(let text): return Data(text.utf8.prefix(limit))
    case .file(let file):
      do {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        return try (limit == .max ? handle.readToEnd() : handle.read(upToCount: limit)) ?? Data()
      } catch {
        throw LocalFiles.error(file, error)
      }
    }
  }

  /// SHA-256 of the content, in hexadecimal.
  func sha256() throws -> String {
    switch source {
    case .file(let file): return try Digest.sha256(of: file)
    case .text(let text):
      var digest = Digest(.sha256(""))
      Data(text.utf8).withUnsafeBytes { digest.update($0) }
      return digest.hex ?? ""
    }
  }
}

/// Which files of a folder are pushed.
struct UploadFolder {
  var files: [UploadFile] = []
  /// What was left out, as paths in the folder; a folder stands for what is in it.
  var omitted: [String] = []

  /// Lists a folder, or takes a single file.
  ///
  /// Hidden files, checkpoints, unfinished files and those named by `leavingOut` stay here.
  ///
  /// - Throws: ``HubError/nothingToPush(path:)``, ``HubError/localFile(path:reason:)``.
  init(_ place: URL, leavingOut names: Set<String>) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder) else {
      throw HubError.localFile(path: place.path, reason: "there is no such file or folder")
    }
    guard isFolder.boolValue else {
      files = [try UploadFile(place.lastPathComponent, place)]
      return
    }
    try add(place, "", names)
    guard !files.isEmpty else { throw HubError.nothingToPush(path: place.path) }
  }

  private mutating func add(_ folder: URL, _ prefix: String, _ names: Set<String>) throws {
    let entries: [String]
    do {
      entries = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw LocalFiles.error(folder, error)
    }
    for entry in entries where !entry.hasPrefix(".") {
      let (file, path) = (folder.appending(path: entry), prefix + entry)
      var isFolder: ObjCBool = false
      // Links are followed: a snapshot of the cache is pushed like any folder.
      guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder) else {
        omitted.append(path)
        continue
      }
      let isUnfinished = [".incomplete", ".tmp", ".partial"].contains(where: entry.hasSuffix)
      let isCheckpoint = isFolder.boolValue && entry.hasPrefix("checkpoint-")
      if isUnfinished || isCheckpoint || names.contains(entry) {
        omitted.append(path)
      } else if isFolder.boolValue {
        try add(file, path + "/", names)
      } else {
        files.append(try UploadFile(path, file))
      }
    }
  }
}
