// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Synchronization

extension HubClient {
  /// The rows of one split of a data set, as a file or a folder of files of this machine.
  ///
  /// JSON Lines, JSON, CSV and TSV are downloaded through the cache. Other data sets (Parquet) are read
  /// from the hub's rows service, once, into a JSON Lines file beside the cache; an interrupted reading
  /// goes on where it stopped.
  ///
  /// - Parameters:
  ///   - repository: the data set.
  ///   - configuration: nil for its only or default one.
  ///   - split: such as `train`.
  ///   - limit: at most this many rows are wanted; saves reading the rest from the rows service.
  /// - Returns: a file, or a folder whose files hold the rows in the order of their names.
  /// - Throws: ``HubError``.
  public func rows(
    of repository: HubRepository, configuration: String?, split: String, limit: Int? = nil
  ) throws -> URL {
    let choice = Choice()
    let snapshot = try resolved(
      repository,
      FileSelection { repository, names, read in
        let card = names.contains("README.md") ? try read("README.md") : nil
        let layout = try DatasetLayout(
          repository, paths: names, card: card.map { String(decoding: $0, as: UTF8.self) })
        return try choice.make(
          layout, repository, configuration, split, hasCard: card != nil)
      })
    let place = settings.assetsFolder.appending(path: "attune")
      .appending(path: repository.folderName).appending(path: snapshot.commit)
    switch choice.value {
    case .files(let configuration, let paths):
      let files = paths.map { snapshot.folder.appending(path: $0) }
      if files.count == 1 { return files[0] }
      return try linked(files, place.appending(path: Self.fileName(configuration, split)))
    case .service(let kind):
      let service = RowsService(
        hub: self, repository: repository, place: place, kind: kind, limit: limit)
      return try service.file(configuration: configuration, split: split)
    }
  }

  /// How a data set's rows are had.
  private final class Choice: Sendable {
    enum Value: Sendable {
      case files(configuration: String, paths: [String])
      /// By the rows service; the kind of the files, for messages.
      case service(kind: String)
    }

    private let state = Mutex(Value.service(kind: ""))
    var value: Value { state.withLock { $0 } }

    /// Decides, and names the files that it takes.
    func make(
      _ layout: DatasetLayout, _ repository: HubRepository, _ configuration: String?,
      _ split: String, hasCard: Bool
    ) throws -> [String] {
      let card = hasCard ? ["README.md"] : []
      let all = layout.configurations.flatMap { $0.splits.values.joined() }
      guard let first = all.first(where: { !DatasetLayout.isReadable($0) }) ?? all.first else {
        state.withLock { $0 = .service(kind: "there are no data files") }
        return card
      }
      guard DatasetLayout.isReadable(first) else {
        state.withLock { $0 = .service(kind: "its files are .\(DatasetLayout.kind(of: first))") }
        return card
      }
      let found = try layout.files(repository, configuration: configuration, split: split)
      state.withLock { $0 = .files(configuration: found.configuration, paths: found.paths) }
      return card + found.paths
    }
  }

  /// A name of a file that any configuration and split can have.
  static func fileName(_ configuration: String, _ split: String) -> String {
    [configuration, split].map { text in
      String(text.map { $0.isLetter || $0.isNumber || "._-".contains($0) ? $0 : "_" })
    }.joined(separator: "--")
  }

  /// A folder with links to files, in their order.
  private func linked(_ files: [URL], _ folder: URL) throws -> URL {
    try LocalFiles.makeFolder(folder)
    for (index, file) in files.enumerated() {
      let number = String(index)
      let name = String(repeating: "0", count: max(0, 5 - number.count)) + number
      let link = folder.appending(path: "\(name)-\(file.lastPathComponent)")
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link.path)
      guard target != file.path else { continue }
      unlink(link.path)
      guard symlink(file.path, link.path) == 0 || errno == EEXIST else {
        throw LocalFiles.error(link, errno)
      }
    }
    return folder
  }
}
