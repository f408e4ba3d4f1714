// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization
import Testing

/// A model hub on this machine: `Tests/HubTests/Fixtures/hub_server.py`, running while the value lives.
package final class HubServer: Sendable {
  /// One request the server received.
  package struct Request: Decodable, Sendable {
    /// hub, files or rows.
    package var service: String
    package var method: String
    package var path: String
    package var range: String?
    package var authorized: Bool
    package var agent: String
    /// Bytes of the body.
    package var size: Int

    /// Whether a file's content was asked for.
    package var isDownload: Bool {
      method == "GET" && (path.contains("/resolve/") || path.contains("signature="))
    }
  }

  private struct Addresses: Decodable {
    var endpoint: String
    var files: String
    var rows: String
  }

  private struct Pipes {
    var process: Process
    var input: FileHandle
    var output: FileHandle
    var pending = Data()
  }

  /// Address of the hub.
  package let endpoint: String
  /// Address of the rows service.
  package let rows: String
  // The process and its pipes are used under the lock alone.
  private let pipes: Mutex<Pipes>
  private let seed: ScratchFolder

  /// Starts a server.
  ///
  /// - Parameters:
  ///   - certificate: a file with certificate and key, for a server that speaks TLS.
  ///   - fill: writes the repositories it begins with into a folder, as
  ///     `models/owner/name/…` and `datasets/owner/name/…`.
  /// - Throws: what `fill` throws, and where no Python starts.
  package init(certificate: URL? = nil, seed fill: (URL) throws -> Void = { _ in }) throws {
    seed = try ScratchFolder()
    try fill(seed.url)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "python3", TestPython.fixture("HubTests/Fixtures/hub_server.py").path, "--seed",
        seed.url.path,
      ] + (certificate.map { ["--tls", $0.path] } ?? [])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var pipes = Pipes(
      process: process, input: input.fileHandleForWriting, output: output.fileHandleForReading)
    let addresses = try JSONDecoder().decode(Addresses.self, from: Self.line(&pipes))
    endpoint = addresses.endpoint
    rows = addresses.rows
    self.pipes = Mutex(pipes)
  }

  deinit {
    // The server ends with its input, as it also does should this process die.
    pipes.withLock { pipes in
      try? pipes.input.close()
      pipes.process.waitUntilExit()
    }
  }

  /// The requests since the start, or since the log was cleared.
  package func log() throws -> [Request] {
    try JSONDecoder().decode([Request].self, from: ask(#"{"log": null}"#))
  }

  /// Forgets the requests so far.
  package func clearLog() throws { _ = try ask(#"{"log_clear": null}"#) }

  /// Lets the server fail; see the head of `hub_server.py`.
  ///
  /// - Parameter faults: a JSON list.
  /// - Throws: where the server has ended.
  package func setFaults(_ faults: String) throws { _ = try ask(#"{"faults": \#(faults)}"#) }

  private func ask(_ wish: String) throws -> Data {
    try pipes.withLock { pipes in
      try pipes.input.write(contentsOf: Data((wish + "\n").utf8))
      return try Self.line(&pipes)
    }
  }

  private static func line(_ pipes: inout Pipes) throws -> Data {
    while true {
      if let end = pipes.pending.firstIndex(of: 0x0A) {
        defer { pipes.pending = Data(pipes.pending[(end + 1)...]) }
        return Data(pipes.pending[..<end])
      }
      let more = pipes.output.availableData
      try #require(!more.isEmpty, "the test hub ended")
      pipes.pending += more
    }
  }
}

/// The Python with the packages that tests compare with; `Scripts/test` makes it.
package enum TestPython {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The interpreter; nil where it was not made.
  package static let path: String? = {
    let path = tests.deletingLastPathComponent().appending(path: ".venv-test/bin/python").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// A file among the tests.
  package static func fixture(_ path: String) -> URL { tests.appending(path: path) }

  /// Runs a program of the fixtures.
  ///
  /// - Returns: what it wrote, standard error included; the status must be 0.
  package static func run(_ script: String, _ arguments: [String], _ environment: [String: String])
    throws -> String
  {
    let process = Process()
    process.executableURL = URL(filePath: try #require(path))
    process.arguments = [fixture(script).path] + arguments
    var inherited = ProcessInfo.processInfo.environment
    for name in inherited.keys where name.hasPrefix("HF_") { inherited[name] = nil }
    process.environment = inherited.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(script): \(text)")
    return text
  }
}
