// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Where a server listens, and who may ask.
struct ServingAddressOptions: ParsableArguments {
  /// The environment, where a key may stand; another one in tests.
  @TaskLocal static var environment = ProcessInfo.processInfo.environment

  @Option(help: ArgumentHelp("Address to listen at; 0.0.0.0 is every one.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("Port to listen at; 0 takes a free one.", valueName: "number"))
  var port = 8000

  @Option(
    name: .customLong("served_model_name"),
    help: ArgumentHelp("What clients call the model; by default as above.", valueName: "name"))
  var name: String?

  @Option(
    name: .customLong("api_key"),
    help: ArgumentHelp(
      "Key that clients must send. Others here see it in the list of processes; better use "
        + "--api_key_file or the environment's ATTUNE_API_KEY.", valueName: "key"))
  var apiKey: String?

  @Option(
    name: .customLong("api_key_file"),
    help: ArgumentHelp("File with the key.", valueName: "file"), completion: .file())
  var apiKeyFile: String?

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port: expected 0 to 65535, found \(port)")
    }
    guard apiKey == nil || apiKeyFile == nil else {
      throw ValidationError("--api_key and --api_key_file: give one of them")
    }
    guard apiKey != "" else { throw ValidationError("--api_key: expected a key, found nothing") }
  }

  /// The key; nil where none is asked for.
  ///
  /// - Throws: ``UsageError`` where its file cannot be read or is empty.
  func key() throws -> String? {
    if let apiKey { return apiKey }
    guard let apiKeyFile else {
      let key = Self.environment["ATTUNE_API_KEY"] ?? ""
      return key.isEmpty ? nil : key
    }
    let text: String
    do {
      text = try String(contentsOf: URL(filePath: apiKeyFile), encoding: .utf8)
    } catch {
      throw UsageError(
        "--api_key_file: \(apiKeyFile) cannot be read: \(attune.message(for: error))")
    }
    let key = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !key.isEmpty else { throw UsageError("--api_key_file: \(apiKeyFile) is empty") }
    return key
  }

  /// Tells who can reach a server without a key.
  func warn(hasKey: Bool) {
    guard !hasKey, !["127.0.0.1", "::1", "localhost"].contains(host) else { return }
    Output.current.note(
      "--host \(host): other machines can reach this server, and it asks for no key; see --api_key_file"
    )
  }
}

/// How much a server takes on.
struct ServingLimitOptions: ParsableArguments {
  @Option(
    name: .customLong("max_num_seqs"),
    help: ArgumentHelp("Texts decoded or scored together.", valueName: "count"))
  var sequenceCount = 16

  @Option(
    name: .customLong("max_queue"),
    help: ArgumentHelp(
      "Texts that may wait for a place; beyond, requests get status 503.", valueName: "count"))
  var queueLength = 256

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp(
      "Most seconds for a request, waiting included; then status 504.", valueName: "seconds"))
  var timeoutSeconds = 600.0

  @Option(
    name: .customLong("max_body_size"),
    help: ArgumentHelp("Most bytes of a request; beyond, status 413.", valueName: "bytes"))
  var bodySize = 4 << 20

  @Option(
    name: .customLong("prefix_cache_tokens"),
    help: ArgumentHelp(
      "Tokens of ended texts whose keys are kept for requests that begin alike; 0 keeps none.",
      valueName: "count"))
  var prefixCacheTokens = 16_384

  @Option(
    name: .customLong("shutdown_timeout"),
    help: ArgumentHelp(
      "Most seconds that requests on their way may take once the server is told to stop.",
      valueName: "seconds"))
  var graceSeconds = 30.0

  func validate() throws {
    let counts = [
      ("max_num_seqs", sequenceCount, 1), ("max_queue", queueLength, 0),
      ("max_body_size", bodySize, 1), ("prefix_cache_tokens", prefixCacheTokens, 0),
    ]
    for (name, value, least) in counts where value < least {
      throw ValidationError("--\(name): expected at least \(least), found \(value)")
    }
    guard timeoutSeconds > 0, timeoutSeconds < 1e6 else {
      throw ValidationError("--timeout: expected above 0, found \(timeoutSeconds)")
    }
    guard graceSeconds >= 0, graceSeconds < 1e6 else {
      throw ValidationError("--shutdown_timeout: expected at least 0, found \(graceSeconds)")
    }
  }

  var timeout: Duration { .seconds(timeoutSeconds) }
  var grace: Duration { .seconds(graceSeconds) }
}
