// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Hub

/// Keeps what a client tells.
final class Listener: HubObserver {
  private let heard = Mutex((notes: [String](), progress: [TransferProgress]()))

  var notes: [String] { heard.withLock { $0.notes } }
  var progress: [TransferProgress] { heard.withLock { $0.progress } }

  func note(_ text: String) { heard.withLock { $0.notes.append(text) } }
  func progress(_ progress: TransferProgress) { heard.withLock { $0.progress.append(progress) } }
}

extension HubSettings {
  /// A server's settings, with a cache of its own and no time to lose.
  init(_ server: HubServer, cache: ScratchFolder, token: String? = nil) {
    self.init(server, cache: cache.url, token: token)
  }

  /// The same with the cache in any folder.
  init(_ server: HubServer, cache: URL, token: String? = nil) {
    self.init(
      environment: [
        "HF_HOME": cache.path, "HF_ENDPOINT": server.endpoint, "HF_ROWS_ENDPOINT": server.rows,
        "HF_TOKEN": token ?? "",
      ])
    retryDelays = [0, 0, 0]
  }
}

extension URL {
  /// Writes a file under a folder, and the folders above it.
  func write(_ path: String, _ content: Data) throws {
    let file = appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try content.write(to: file)
  }

  func write(_ path: String, _ text: String) throws { try write(path, Data(text.utf8)) }
}

/// Repositories that many tests ask for.
enum Seeds {
  /// Content that differs at every place.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> Data {
    var state = seed
    return Data(
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      })
  }

  static let weights = bytes(3_000_000)

  /// `tester/small`: a model with one file of weights, and files nobody needs.
  static func model(_ folder: URL) throws {
    let base = folder.appending(path: "models/tester/small")
    try base.write("config.json", #"{"model_type": "llama"}"#)
    try base.write("tokenizer.json", #"{"version": "1.0"}"#)
    try base.write("model.safetensors", weights)
    try base.write("pytorch_model.bin", bytes(2000))
    try base.write("onnx/model.onnx", bytes(2000))
    try base.write("README.md", "# Small\n")
  }

  static func repository(_ name: String, kind: HubRepository.Kind = .model) throws -> HubRepository
  {
    try #require(HubRepository(name, kind: kind))
  }
}
