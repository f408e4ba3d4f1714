// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Hub
import Training

/// The one place where names become folders and files: what stands on this machine wins and needs no
/// network, `owner/name` is asked of the hub, and everything else is left to fail where it is opened.
extension HubOptions {
  /// The environment that says where the hub is; another one in tests.
  @TaskLocal static var environment = ProcessInfo.processInfo.environment

  /// The folder of a model.
  ///
  /// - Parameters:
  ///   - name: a folder, or `owner/name` with or without `@revision`.
  ///   - option: the option that names it, for messages.
  ///   - revision: the revision where the name has none.
  ///   - selection: which of its files are wanted.
  /// - Returns: the folder, which may not be there where the name cannot be one of the hub.
  /// - Throws: ``HubNameError``; ``UsageError`` for a revision of a folder.
  func model(
    _ name: String, _ option: String, revision: String? = nil, _ selection: FileSelection = .model
  ) throws -> URL {
    guard let repository = try repository(name, option, .model, revision) else {
      return URL(filePath: name)
    }
    return try asking(name, option) { try $0.snapshot(of: repository, selection) }
  }

  /// The folder of an adapter's base by its name on the hub, under the settings of the running command.
  @Sendable static func base(_ name: String) throws -> URL {
    let isOffline = Invocation.current?.given.values["offline"]?.last == "true"
    return try HubOptions.parse(["--offline", isOffline ? "true" : "false"])
      .model(name, "base_model_name_or_path")
  }

  /// The folder of a tokenizer.
  func tokenizer(_ name: String, _ option: String = "--tokenizer_name_or_path") throws -> URL {
    try model(name, option, .tokenizer)
  }

  /// The path of a data set's rows.
  func rows(_ name: String, configuration: String?, split: String, limit: Int?) throws -> String {
    guard let repository = try repository(name, "--dataset_name", .dataset, nil) else {
      guard configuration == nil else {
        throw UsageError("--dataset_config: '\(name)' is on this machine and has no configurations")
      }
      return name
    }
    return try asking(name, "--dataset_name") {
      try $0.rows(of: repository, configuration: configuration, split: split, limit: limit).path
    }
  }

  /// The name of the hub that a model has; nil for a folder of this machine.
  func hubName(ofModel name: String) -> String? {
    FileManager.default.fileExists(atPath: name) ? nil : HubRepository(name)?.name
  }

  /// A client for this command.
  func client(_ observer: any HubObserver = TransferDisplay()) -> HubClient {
    var settings = HubSettings(environment: Self.environment)
    settings.isOffline = settings.isOffline || isOffline
    settings.userAgent = "attune/\(Attune.version)"
    return HubClient(settings, observer: observer) { TransferInterruption.isRequested }
  }

  private func repository(
    _ name: String, _ option: String, _ kind: HubRepository.Kind, _ revision: String?
  ) throws -> HubRepository? {
    guard !FileManager.default.fileExists(atPath: name) else {
      guard revision == nil else {
        throw UsageError("--revision: '\(name)' is on this machine and has no revisions")
      }
      return nil
    }
    if let repository = HubRepository(name, kind: kind, revision: revision) { return repository }
    guard kind == .dataset, !name.contains("."), !name.hasPrefix("/") else { return nil }
    throw UsageError("\(option): \(HubError.badName(name))")
  }

  private func asking<Value>(_ name: String, _ option: String, _ body: (HubClient) throws -> Value)
    throws -> Value
  {
    do {
      return try TransferInterruption.listening { try body(client()) }
    } catch let error as HubError {
      throw error == .cancelled ? error : HubNameError(option: option, name: name, error: error)
    }
  }
}

/// A name that stands for nothing on this machine, and that the hub did not give.
struct HubNameError: Error, CustomStringConvertible {
  /// The option that holds the name.
  var option: String
  var name: String
  /// What the hub, or the way to it, says.
  var error: HubError

  var description: String { "\(option) \(name): not on this machine; \(error)" }
}

extension HubError {
  /// The exit status of the program.
  var exitStatus: Int32 {
    switch self {
    case .badName, .noConfiguration, .ambiguousConfiguration, .noSplit, .offlinePush:
      ExitStatus.usage
    case .notFound(let repository, _, _), .noRevision(let repository, _),
      .noFile(let repository, _), .gated(let repository, _, _, _), .offline(let repository, _, _):
      repository.kind == .model ? ExitStatus.model : ExitStatus.data
    case .noWeights, .noTokenizer: ExitStatus.model
    case .unreadableData, .badCard: ExitStatus.data
    case .cancelled: 130
    case .badToken, .forbidden, .unreachable, .rateLimited, .refused, .broken, .corrupt,
      .malformed, .diskFull, .localFile, .nothingToPush:
      ExitStatus.failed
    }
  }
}

extension PushToHubOptions {
  /// Where a finished model goes; nil where it stays here. Asked before training begins.
  ///
  /// - Throws: ``UsageError``, `HubError` where a push cannot succeed.
  func repository(for folder: URL, _ hub: HubOptions) throws -> HubRepository? {
    guard isWanted else { return nil }
    if let name, HubRepository(name) == nil {
      throw UsageError("--hub_model_id: \(HubError.badName(name))")
    }
    let client = hub.client()
    if let repository = name.flatMap({ HubRepository($0) }) {
      try client.checkPush(to: repository)
      return repository
    }
    let name = "\(try client.accountName())/\(folder.standardizedFileURL.lastPathComponent)"
    guard let repository = HubRepository(name) else {
      throw UsageError("--push_to_hub: \(HubError.badName(name)); give --hub_model_id")
    }
    try client.checkPush(to: repository)
    return repository
  }

  /// Pushes a finished model.
  ///
  /// - Throws: `HubError`.
  func push(_ folder: URL, to repository: HubRepository, _ hub: HubOptions) throws {
    var options = PushOptions()
    options.isPrivate = isPrivate
    options.message = "Model trained with attune \(Attune.version)"
    // It names this machine.
    options.leavesOut = ["run.json"]
    let result = try TransferInterruption.listening {
      try hub.client().push(folder, to: repository, options)
    }
    Output.current.note("pushed to \(result.page)")
  }
}
