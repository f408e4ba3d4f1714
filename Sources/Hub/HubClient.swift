// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Downloads from a model hub into the cache that all its tools share, and uploads to it.
///
///     let hub = HubClient(HubSettings())
///     let folder = try hub.snapshot(of: repository, .model)
///
/// Calls block until they are done. A client may be used from several threads at once.
public final class HubClient: Sendable {
  /// Where the hub and the cache are.
  public let settings: HubSettings
  let observer: any HubObserver
  let transport: Transport
  let isCancelled: @Sendable () -> Bool

  /// A client.
  ///
  /// - Parameters:
  ///   - settings: where the hub and the cache are, and who asks.
  ///   - observer: learns how far transfers are.
  ///   - isCancelled: asked several times a second; true ends a transfer with
  ///     ``HubError/cancelled``, and keeps what has arrived.
  public init(
    _ settings: HubSettings, observer: any HubObserver = SilentObserver(),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.settings = settings
    self.observer = observer
    self.isCancelled = isCancelled
    transport = Transport(settings, observer: observer, isCancelled: isCancelled)
  }

  // MARK: What the hub knows

  /// What a repository holds at one commit.
  struct Information: Sendable {
    var commit: String
    var paths: [String]
    /// Sizes and checksums; nil where the hub does not give them with the list.
    var listing: CommitListing?
  }

  /// Asks what a repository holds.
  func information(_ repository: HubRepository) throws -> Information {
    struct Answer: Decodable {
      struct Sibling: Decodable {
        struct Large: Decodable {
          var sha256: String
          var size: Int64
        }
        var rfilename: String
        var size: Int64?
        var blobId: String?
        var lfs: Large?
      }
      var sha: String
      var siblings: [Sibling]?
    }
    let path = "\(repository.interfacePath)/revision/\(repository.escapedRevision)?blobs=true"
    let answer = try transport.send(HTTPCall(address: settings.endpoint + path))
    guard answer.isSuccess else { throw try problem(answer, repository, "its list of files") }
    let decoded = try answer.decoded(Answer.self, "the list of files of '\(repository)'")
    let siblings = (decoded.siblings ?? []).filter { HubCache.isSafe($0.rfilename) }
    guard HubRepository.isCommit(decoded.sha) else {
      throw HubError.malformed(what: "'\(decoded.sha)' is no commit")
    }
    var entries: [String: CommitListing.Entry] = [:]
    for file in siblings {
      guard let size = file.size, let blob = file.blobId else { continue }
      entries[file.rfilename] = .init(
        size: size, blobID: blob, sha256: file.lfs?.sha256, largeSize: file.lfs?.size)
    }
    return Information(
      commit: decoded.sha.lowercased(), paths: siblings.map(\.rfilename),
      listing: entries.count == siblings.count ? CommitListing(files: entries) : nil)
  }

  /// The name of the account that the token belongs to.
  ///
  /// - Throws: ``HubError``.
  public func accountName() throws -> String {
    struct Answer: Decodable { var name: String }
    let answer = try transport.send(HTTPCall(address: settings.endpoint + "/api/whoami-v2"))
    guard answer.isSuccess else {
      throw answer.status == 401 && settings.token != nil
        ? badToken : forbidden("say whose account this is")
    }
    return try answer.decoded(Answer.self, "the account's name").name
  }

  // MARK: Errors

  /// The error that an answer without success is.
  func problem(_ answer: HTTPAnswer, _ repository: HubRepository, _ what: String) throws -> HubError
  {
    switch (answer[header: "X-Error-Code"], answer.status) {
    case ("GatedRepo", _):
      return .gated(
        repository, host: settings.host, hasToken: settings.token != nil,
        tokenFile: settings.tokenFile.path)
    case ("RevisionNotFound", _):
      return .noRevision(repository, known: revisions(repository))
    case ("EntryNotFound", _): return .noFile(repository, path: what)
    case (nil, 401) where answer.complaint.contains("Invalid credentials"): return badToken
    case ("RepoNotFound", _), (_, 401), (_, 404):
      return .notFound(repository, host: settings.host, hint: hint(for: repository))
    case (_, 403): return forbidden("read \(repository.kind.words) '\(repository.name)'")
    default:
      return .refused(
        what: "\(repository.kind.words) '\(repository)': \(what)", status: answer.status,
        message: answer.complaint)
    }
  }

  var badToken: HubError {
    .badToken(host: settings.host, tokenFile: settings.tokenFile.path)
  }

  func forbidden(_ action: String) -> HubError {
    .forbidden(
      action: action, host: settings.host, hasToken: settings.token != nil,
      tokenFile: settings.tokenFile.path)
  }

  /// Why a repository is perhaps not found.
  private func hint(for repository: HubRepository) -> String {
    var other = repository
    other.kind = repository.kind == .model ? .dataset : .model
    other.revision = "main"
    let address = "\(settings.endpoint)\(other.interfacePath)"
    if let answer = try? transport.send(HTTPCall(address: address)), answer.isSuccess {
      return "there is a \(other.kind.words) of that name"
        + (other.kind == .dataset ? ": --dataset_name" : "")
    }
    return settings.token == nil
      ? "check the spelling; for a private one " + HubError.tokenAdvice(settings.tokenFile.path)
      : "check the spelling, and whether your token may see it"
  }

  private func revisions(_ repository: HubRepository) -> [String] {
    struct Answer: Decodable {
      struct Reference: Decodable { var name: String }
      var branches: [Reference]
      var tags: [Reference]
    }
    // Only to help: without this list the message is shorter.
    let call = HTTPCall(address: "\(settings.endpoint)\(repository.interfacePath)/refs")
    guard let answer = try? transport.send(call), answer.isSuccess,
      let known = try? answer.decoded(Answer.self, "the revisions")
    else { return [] }
    return (known.branches + known.tags).map(\.name)
  }
}
