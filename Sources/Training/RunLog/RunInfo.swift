// SPDX-License-Identifier: Apache-2.0

import Feedback
public import Foundation

/// `run.json`: what somebody needs to know to repeat a run, given as plain values.
///
/// Written once when the run begins, with ``finished`` nil, and again when it ends.
public struct RunInfo: Equatable, Sendable {
  /// The run's name.
  public var name: String?
  /// Attune's version.
  public var version: String
  /// The run's seed.
  public var seed: Int
  /// Where it computes: `cpu` or `cuda:0`.
  public var device: String
  /// libtorch's version.
  public var libtorchVersion: String
  /// The machine's name.
  public var host: String
  /// When the run began.
  public var started: Date
  /// When it ended; nil while it goes on or if it broke off.
  public var finished: Date?
  /// Seconds of training; nil while it goes on.
  public var wallSeconds: Double?
  /// The command with its arguments.
  public var commandLine: [String]
  /// The git commit of the working directory; nil where it is no repository.
  public var gitCommit: String?

  /// Creates the description of a run.
  public init(
    name: String? = nil, version: String, seed: Int, device: String, libtorchVersion: String,
    host: String,
    started: Date, finished: Date? = nil, wallSeconds: Double? = nil, commandLine: [String],
    gitCommit: String? = nil
  ) {
    self.name = name
    self.version = version
    self.seed = seed
    self.device = device
    self.libtorchVersion = libtorchVersion
    self.host = host
    self.started = started
    self.finished = finished
    self.wallSeconds = wallSeconds
    self.commandLine = commandLine
    self.gitCommit = gitCommit
  }

  /// Writes `run.json` into a folder, which is made where it is missing; an older one is replaced.
  ///
  /// - Throws: ``RunLogError/cannotCreate(directory:reason:)``,
  ///   ``RunLogError/cannotWrite(path:reason:)``.
  public func write(to directory: URL) throws {
    try AppendFile.makeFolder(directory)
    let file = directory.appendingPathComponent("run.json", isDirectory: false)
    try AppendFile.replace(file, with: json)
  }

  /// One member a line; dates in UTC.
  var json: String {
    let members: [(String, JSONValue)] = [
      ("run_name", name.map { .string($0) } ?? .null),
      ("version", .string(version)),
      ("seed", .integer(seed)),
      ("device", .string(device)),
      ("libtorch_version", .string(libtorchVersion)),
      ("host", .string(host)),
      ("started", .string(started.formatted(.iso8601))),
      ("finished", finished.map { .string($0.formatted(.iso8601)) } ?? .null),
      ("wall_seconds", wallSeconds.map(NumberText.json) ?? .null),
      ("command_line", .array(commandLine.map { .string($0) })),
      ("git_commit", gitCommit.map { .string($0) } ?? .null),
    ]
    let lines = members.map { name, value in
      "  \(JSONValue.string(name).serialized()): \(value.serialized())"
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }
}
