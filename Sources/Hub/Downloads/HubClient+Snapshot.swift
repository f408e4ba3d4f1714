// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension HubClient {
  /// The folder of a repository's wanted files, downloaded where they are not in the cache yet.
  ///
  /// The folder is `snapshots/<commit>` of the shared cache. Where the hub cannot be reached, the
  /// newest commit in the cache serves if it has all that is wanted.
  ///
  /// - Parameters:
  ///   - repository: which repository, at which revision.
  ///   - selection: which of its files.
  /// - Returns: the folder.
  /// - Throws: ``HubError``.
  public func snapshot(of repository: HubRepository, _ selection: FileSelection) throws -> URL {
    try resolved(repository, selection).folder
  }

  /// A commit of a repository whose wanted files are in the cache.
  struct Snapshot {
    var folder: URL
    var commit: String
    /// The wanted files, as paths in the folder.
    var paths: [String]
  }

  /// As ``snapshot(of:_:)``, with the commit and the names.
  func resolved(_ repository: HubRepository, _ selection: FileSelection) throws -> Snapshot {
    guard !settings.isOffline else { return try cached(repository, selection) }
    let information: Information
    do {
      information = try self.information(repository)
    } catch let error as HubError {
      switch error {
      case .unreachable, .rateLimited, .refused:
        guard let found = try? cached(repository, selection) else { throw error }
        observer.note("\(error); using the copy in the cache")
        return found
      default: throw error
      }
    }
    let cache = HubCache(settings, repository)
    var pinned = repository
    pinned.revision = information.commit
    let paths = try selection.choose(repository, information.paths) { path in
      try fetch([path], of: pinned, cache)
      return try Data(contentsOf: cache.file(path, pinned.revision))
    }
    try fetch(paths, of: pinned, cache)
    try information.listing?.save(cache, information.commit)
    // Last, so that a branch never stands for a commit that is not there.
    try cache.remember(information.commit, of: repository.revision)
    return Snapshot(
      folder: cache.snapshot(information.commit), commit: information.commit, paths: paths)
  }

  /// What the cache alone has.
  private func cached(_ repository: HubRepository, _ selection: FileSelection) throws -> Snapshot {
    let cache = HubCache(settings, repository)
    func missing(_ what: String) -> HubError {
      .offline(repository, missing: what, cache: settings.cacheFolder)
    }
    guard let commit = cache.commit(of: repository.revision) else {
      throw missing("revision '\(repository.revision)'")
    }
    // The list of what the commit holds tells what was not downloaded; without one, what is there is
    // all that is known.
    let names = CommitListing(cache, commit)?.files.keys.sorted() ?? cache.paths(of: commit)
    guard !names.isEmpty else { throw missing("commit \(commit)") }
    let paths: [String]
    do {
      paths = try selection.choose(repository, names) { path in
        guard cache.has(path, commit) else { throw missing("'\(path)'") }
        return try Data(contentsOf: cache.file(path, commit))
      }
    } catch HubError.noFile(_, let path) {
      throw missing("'\(path)'")
    }
    for path in paths where !cache.has(path, commit) { throw missing("'\(path)'") }
    return Snapshot(folder: cache.snapshot(commit), commit: commit, paths: paths)
  }
}
