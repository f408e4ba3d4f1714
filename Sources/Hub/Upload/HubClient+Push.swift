// SPDX-License-Identifier: Apache-2.0

public import Foundation
import NIOHTTP1

/// Choices of a push.
public struct PushOptions: Sendable {
  /// Whether a repository that is made for it is private.
  public var isPrivate = false
  /// The commit's message.
  public var message = "Upload with attune"
  /// Names of files and folders that stay here.
  public var leavesOut: Set<String> = []

  /// A public repository, and everything.
  public init() {}
}

/// What a push did.
public struct PushResult: Sendable, Equatable {
  /// The repository's page.
  public var page: String
  /// The commit; nil where nothing had changed.
  public var commit: String?
  /// Files that were new or had changed.
  public var changedCount: Int
  /// Files and folders that stayed here.
  public var omitted: [String]
}

extension HubClient {
  /// Sends a folder or a file to a repository, made where it is missing; files there that are not in the
  /// folder stay.
  ///
  /// What the hub already has is not sent again, so a push that was cut off is simply repeated. A
  /// repository without `README.md` gets one.
  ///
  /// - Parameters:
  ///   - place: a folder, or a file.
  ///   - repository: where to; its revision is a branch that is there.
  ///   - options: visibility and message.
  /// - Returns: what was done.
  /// - Throws: ``HubError``.
  public func push(_ place: URL, to repository: HubRepository, _ options: PushOptions) throws
    -> PushResult
  {
    try checkPush(to: repository)
    let folder = try UploadFolder(place, leavingOut: options.leavesOut)
    try create(repository, isPrivate: options.isPrivate)
    let before = try information(repository)
    var files = folder.files
    if !(before.paths + files.map(\.path)).contains("README.md") {
      let card = try DefaultCard.text(repository, paths: files.map(\.path))
      files.append(UploadFile("README.md", text: card))
    }
    let plan = try plan(files, repository)
    try LargeUpload(hub: self, repository: repository).send(plan.large)
    let commit = try commit(plan, repository, parent: before.commit, message: options.message)
    return PushResult(
      page: settings.endpoint + repository.pagePath, commit: commit,
      changedCount: plan.small.count + plan.large.count, omitted: folder.omitted)
  }

  /// Fails where a push cannot succeed, without asking the hub.
  ///
  /// - Parameter repository: where to.
  /// - Throws: ``HubError/offlinePush``, ``HubError/forbidden(action:host:hasToken:tokenFile:)``.
  public func checkPush(to repository: HubRepository) throws {
    guard !settings.isOffline else { throw HubError.offlinePush }
    guard settings.token != nil else { throw forbidden(Self.writing(repository)) }
  }

  private static func writing(_ repository: HubRepository) -> String {
    "write \(repository.kind.words) '\(repository.name)'"
  }

  private func create(_ repository: HubRepository, isPrivate: Bool) throws {
    struct Wish: Encodable {
      var type: String
      var name: String
      var organization: String
      var `private`: Bool
    }
    let parts = repository.name.split(separator: "/").map(String.init)
    var call = try HTTPCall.post(
      settings.endpoint + "/api/repos/create",
      json: Wish(
        type: repository.kind.rawValue, name: parts[1], organization: parts[0], private: isPrivate))
    call.isRepeatable = false
    let answer = try transport.send(call)
    if answer.isSuccess {
      let words = isPrivate ? "private " + repository.kind.words : repository.kind.words
      return observer.note("made the \(words) \(repository.name)")
    }
    switch answer.status {
    case 409: return
    case 401 where answer.complaint.contains("Invalid credentials"): throw badToken
    case 401, 402, 403:
      // Whoever may not make repositories may still write to one that is there.
      guard (try? information(repository)) != nil else {
        throw forbidden(Self.writing(repository))
      }
    default:
      throw HubError.refused(
        what: "making '\(repository.name)'", status: answer.status, message: answer.complaint)
    }
  }

  // MARK: What to send

  /// Files that are new or have changed.
  struct UploadPlan: Sendable {
    /// Those that stand in the commit.
    var small: [UploadFile] = []
    /// Those that are sent to the store of large files, with their SHA-256.
    var large: [(file: UploadFile, sha256: String)] = []
  }

  /// Compares files with what the hub has.
  private func plan(_ files: [UploadFile], _ repository: HubRepository) throws -> UploadPlan {
    let judgements = try judgements(files, repository)
    let named = try concurrently(files) { file -> (file: UploadFile, sha256: String?)? in
      guard let judgement = judgements[file.path], judgement.shouldIgnore != true else {
        return nil
      }
      // The store of large files takes no empty ones.
      let isLarge = judgement.uploadMode == "lfs" && file.size > 0
      let name = isLarge ? try file.sha256() : Digest.gitBlob(try file.content())
      return name == judgement.oid ? nil : (file, isLarge ? name : nil)
    }
    var plan = UploadPlan()
    for case let item? in named {
      if let sha256 = item.sha256 {
        plan.large.append((item.file, sha256))
      } else {
        plan.small.append(item.file)
      }
    }
    return plan
  }

  /// What the hub says about a file before it is sent.
  private struct Judgement: Decodable, Sendable {
    var path: String
    /// `lfs` or `regular`.
    var uploadMode: String
    var shouldIgnore: Bool?
    /// The name of the content that is there: SHA-256 of a large file, git's name of a small one.
    var oid: String?
  }

  /// Asks the hub which files are large, and what it has under their names.
  private func judgements(_ files: [UploadFile], _ repository: HubRepository) throws
    -> [String: Judgement]
  {
    struct Wish: Encodable {
      struct File: Encodable {
        var path: String
        var sample: Data
        var size: Int64
      }
      var files: [File]
    }
    struct Answer: Decodable { var files: [Judgement] }
    let address =
      "\(settings.endpoint)\(repository.interfacePath)/preupload/\(repository.escapedRevision)"
    var judgements: [String: Judgement] = [:]
    for start in stride(from: 0, to: files.count, by: 250) {
      let part = files[start..<min(start + 250, files.count)]
      let wish = Wish(
        files: try part.map { .init(path: $0.path, sample: try $0.sample(), size: $0.size) })
      let answer = try transport.send(.post(address, json: wish))
      guard answer.isSuccess else {
        throw try pushProblem(answer, repository, "preparing the push")
      }
      for file in try answer.decoded(Answer.self, "the hub's plan for the files").files {
        judgements[file.path] = file
      }
    }
    return judgements
  }

  func pushProblem(_ answer: HTTPAnswer, _ repository: HubRepository, _ what: String) throws
    -> HubError
  {
    if answer.status == 403 || (answer.status == 401 && answer[header: "X-Error-Code"] == nil) {
      return answer.complaint.contains("Invalid credentials")
        ? badToken : forbidden(Self.writing(repository))
    }
    return try problem(answer, repository, what)
  }

  // MARK: The commit

  /// Makes the commit.
  ///
  /// - Returns: its name; nil where there is nothing to commit.
  private func commit(
    _ plan: UploadPlan, _ repository: HubRepository, parent: String, message: String
  ) throws -> String? {
    guard !plan.small.isEmpty || !plan.large.isEmpty else { return nil }
    var body = try CommitLine(
      "header", ["summary": message, "description": "", "parentCommit": parent]
    )
    .json
    for file in plan.small {
      let content = try file.content().base64EncodedString()
      body += try CommitLine(
        "file", ["path": file.path, "content": content, "encoding": "base64"]
      ).json
    }
    for (file, sha256) in plan.large {
      body += try CommitLine(
        "lfsFile", ["path": file.path, "algo": "sha256", "oid": sha256], size: file.size
      ).json
    }
    let call = HTTPCall(
      method: .POST,
      address:
        "\(settings.endpoint)\(repository.interfacePath)/commit/\(repository.escapedRevision)",
      content: .data(body, type: "application/x-ndjson"), isRepeatable: false)
    let answer = try transport.send(call)
    guard answer.isSuccess else { throw try pushProblem(answer, repository, "the commit") }
    struct Answer: Decodable { var commitOid: String }
    return try answer.decoded(Answer.self, "the answer to the commit").commitOid
  }
}

/// A line of a commit: a JSON object with a key and its value.
private struct CommitLine: Encodable {
  var key: String
  var value: [String: Value]

  enum Value: Encodable {
    case text(String)
    case number(Int64)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      }
    }
  }

  init(_ key: String, _ texts: [String: String], size: Int64? = nil) {
    self.key = key
    value = texts.mapValues { .text($0) }
    if let size { value["size"] = .number(size) }
  }

  var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(self) + Data("\n".utf8)
    }
  }
}
