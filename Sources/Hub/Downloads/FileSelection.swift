// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which files of a repository are wanted; the rest is never downloaded.
public struct FileSelection: Sendable {
  /// Names the wanted files among `names`; `read` gives the content of a small one.
  let choose:
    @Sendable (
      _ repository: HubRepository, _ names: [String], _ read: (String) throws -> Data
    ) throws -> [String]

  /// What it takes to run a model: configuration, weights as safetensors, tokenizer, templates; or the
  /// same of an adapter. Pickled weights (`*.bin`) are never taken.
  public static let model = FileSelection { repository, names, read in
    let weights = try Self.weights(repository, names, read)
    return names.filter { modelFiles.contains($0) || isTemplate($0) } + weights
  }

  /// What it takes to turn text into token ids.
  public static let tokenizer = FileSelection { repository, names, _ in
    guard names.contains(where: vocabularies.contains) else {
      throw HubError.noTokenizer(repository)
    }
    return names.filter { tokenizerFiles.contains($0) || isTemplate($0) || $0 == "config.json" }
  }

  /// These files.
  ///
  /// - Parameter paths: paths in the repository; one that is not there is an error.
  /// - Returns: the selection.
  public static func files(_ paths: [String]) -> FileSelection {
    FileSelection { repository, names, _ in
      for path in paths where !names.contains(path) {
        throw HubError.noFile(repository, path: path)
      }
      return paths
    }
  }

  private static let vocabularies: Set = [
    "tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model",
    "sentencepiece.bpe.model",
  ]

  private static let tokenizerFiles = vocabularies.union([
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt",
    "chat_template.jinja", "chat_template.json",
  ])

  private static let modelFiles = tokenizerFiles.union([
    "config.json", "generation_config.json", "adapter_config.json", "preprocessor_config.json",
    "processor_config.json",
  ])

  private static func isTemplate(_ path: String) -> Bool {
    path.hasPrefix("additional_chat_templates/") && path.hasSuffix(".jinja")
  }

  private static let index = "model.safetensors.index.json"

  private static func weights(
    _ repository: HubRepository, _ names: [String], _ read: (String) throws -> Data
  ) throws -> [String] {
    var weights = names.filter { $0 == "adapter_model.safetensors" }
    if names.contains(index) {
      let shards = try shards(repository, read(index))
      for shard in shards where !names.contains(shard) {
        throw HubError.noFile(repository, path: shard)
      }
      weights += [index] + shards
    } else if names.contains("model.safetensors") {
      weights.append("model.safetensors")
    }
    guard weights.isEmpty else { return weights }
    let others = names.filter { name in
      !name.contains("/")
        && [".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf"].contains(
          where: name.hasSuffix)
        && !["training_args.bin", "optimizer.pt", "scheduler.pt"].contains(name)
    }
    throw HubError.noWeights(repository, found: others)
  }

  private static func shards(_ repository: HubRepository, _ index: Data) throws -> [String] {
    struct Index: Decodable {
      var shards: [String: String]
      enum CodingKeys: String, CodingKey { case shards = "weight_map" }
    }
    guard let decoded = try? JSONDecoder().decode(Index.self, from: index) else {
      throw HubError.malformed(what: "\(Self.index) of '\(repository)' is no list of weights")
    }
    return Set(decoded.shards.values).sorted()
  }
}
