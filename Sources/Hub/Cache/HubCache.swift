// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The folder of one repository in the cache that all tools of the hub share.
///
///     models--owner--name/
///       refs/main                  the commit that a branch or tag stood for
///       blobs/<etag>               contents, each once
///       snapshots/<commit>/<path>  names of one commit, as links to contents
///       trees/<commit>.json        what a commit holds, whether or not it was downloaded
///     .locks/models--owner--name/<etag>.lock
struct HubCache: Sendable {
  /// The cache.
  let root: URL
  /// The repository's folder.
  let folder: URL
  private let locks: URL

  init(_ settings: HubSettings, _ repository: HubRepository) {
    root = settings.cacheFolder
    folder = root.appending(path: repository.folderName)
    locks = root.appending(path: ".locks").appending(path: repository.folderName)
  }

  /// The commit that a revision stood for when it was last downloaded.
  func commit(of revision: String) -> String? {
    if HubRepository.isCommit(revision) { return revision.lowercased() }
    let file = folder.appending(path: "refs").appending(path: revision)
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return HubRepository.isCommit(commit) ? commit : nil
  }

  /// Remembers the commit of a branch or tag.
  func remember(_ commit: String, of revision: String) throws {
    guard revision != commit, self.commit(of: revision) != commit else { return }
    let file = folder.appending(path: "refs").appending(path: revision)
    try LocalFiles.write(Data(commit.utf8), to: file)
  }

  /// The folder of a commit's files.
  func snapshot(_ commit: String) -> URL {
    folder.appending(path: "snapshots").appending(path: commit)
  }

  /// The file of a commit, whether it is there or not.
  func file(_ path: String, _ commit: String) -> URL { snapshot(commit).appending(path: path) }

  /// Whether the file of a commit is there, with its content.
  func has(_ path: String, _ commit: String) -> Bool {
    FileManager.default.fileExists(atPath: file(path, commit).path)
  }

  /// The content of an entity tag.
  func blob(_ etag: String) -> URL { folder.appending(path: "blobs").appending(path: etag) }

  /// The content of an entity tag on its way.
  func incomplete(_ etag: String) -> URL {
    folder.appending(path: "blobs").appending(path: etag + ".incomplete")
  }

  /// The lock under which a content is downloaded.
  func lock(_ etag: String) -> URL { locks.appending(path: etag + ".lock") }

  /// Gives a content its name in a commit, as a link relative to that name, so that the cache can be
  /// moved; as a copy where the file system has no links.
  func link(_ path: String, _ commit: String, to etag: String) throws {
    let file = file(path, commit)
    try LocalFiles.makeFolder(file.deletingLastPathComponent())
    let up = String(repeating: "../", count: 2 + path.split(separator: "/").count - 1)
    let target = "\(up)blobs/\(etag)"
    guard symlink(target, file.path) != 0 else { return }
    switch errno {
    case EEXIST:
      guard !has(path, commit) else { return }
      // A link that leads nowhere is left from a content that was removed.
      unlink(file.path)
      guard symlink(target, file.path) == 0 || errno == EEXIST else {
        throw LocalFiles.error(file, errno)
      }
    case EPERM, ENOSYS, EOPNOTSUPP:
      do {
        try FileManager.default.copyItem(at: blob(etag), to: file)
      } catch {
        throw LocalFiles.error(file, error)
      }
    default: throw LocalFiles.error(file, errno)
    }
  }

  /// Paths of a commit that are there.
  func paths(of commit: String) -> [String] {
    let base = snapshot(commit)
    guard let names = FileManager.default.enumerator(atPath: base.path) else { return [] }
    return names.compactMap { $0 as? String }.filter { path in
      var isFolder: ObjCBool = false
      let file = base.appending(path: path).path
      return FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  /// Whether a path from the hub stays within its folder.
  static func isSafe(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0) && !path.utf8.contains(0x5C)
      && path.split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  /// Whether an entity tag can be a file's name.
  static func isSafeTag(_ etag: String) -> Bool {
    !etag.isEmpty && etag.utf8.count <= 200 && !etag.hasPrefix(".")
      && etag.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }
}

/// What a commit holds, as the hub's tools write it down beside its files.
struct CommitListing: Codable, Equatable {
  /// One file of a commit.
  struct Entry: Codable, Equatable {
    var size: Int64
    var blobID: String
    var sha256: String?
    var largeSize: Int64?

    enum CodingKeys: String, CodingKey {
      case size
      case blobID = "blob_id"
      case sha256 = "lfs_sha256"
      case largeSize = "lfs_size"
    }
  }

  var version = 1
  var files: [String: Entry]

  enum CodingKeys: String, CodingKey {
    case version = "format_version"
    case files
  }

  private static func file(_ cache: HubCache, _ commit: String) -> URL {
    cache.folder.appending(path: "trees").appending(path: commit + ".json")
  }

  /// The listing of a commit; nil where it was not written down.
  init?(_ cache: HubCache, _ commit: String) {
    guard let data = try? Data(contentsOf: Self.file(cache, commit)),
      let listing = try? JSONDecoder().decode(CommitListing.self, from: data), listing.version == 1
    else { return nil }
    self = listing
  }

  init(files: [String: Entry]) { self.files = files }

  /// Writes the listing down, unless it is there.
  func save(_ cache: HubCache, _ commit: String) throws {
    let file = Self.file(cache, commit)
    guard !FileManager.default.fileExists(atPath: file.path) else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try LocalFiles.write(try encoder.encode(self), to: file)
  }
}
