// SPDX-License-Identifier: Apache-2.0
import Foundation
import Torch

/// The weights of a model folder: one safetensors file, or shards with their index.
struct CheckpointSource: TensorSource {
  private let fileOfName: [String: SafetensorsFile]

  init(folder: URL) throws {
    let single = folder.appending(path: "model.safetensors")
    let index = folder.appending(path: "model.safetensors.index.json")
    if FileManager.default.fileExists(atPath: single.path) {
      let file = try SafetensorsFile(single)
      fileOfName = Dictionary(uniqueKeysWithValues: file.names.map { ($0, file) })
    } else if FileManager.default.fileExists(atPath: index.path) {
      fileOfName = try Self.shards(index, folder)
    } else {
      throw Self.missing(folder)
    }
  }

  private static func shards(_ index: URL, _ folder: URL) throws -> [String: SafetensorsFile] {
    let fields = try ConfigurationFields(file: index)
    guard let map = fields.values["weight_map"] as? [String: String] else {
      throw fields.error("weight_map", "is missing or no map from names to files")
    }
    var files: [String: SafetensorsFile] = [:]
    for name in Set(map.values) {
      guard !name.contains("/") else {
        throw fields.error("weight_map", "shard '\(name)' is outside the folder")
      }
      files[name] = try SafetensorsFile(folder.appending(path: name))
    }
    return try map.mapValues { shard in
      guard let file = files[shard] else { throw fields.error("weight_map", "no shard '\(shard)'") }
      return file
    }.filter { name, file in
      guard file.shape(of: name) != nil else {
        throw fields.error("weight_map", "'\(name)' is not in the shard the index names")
      }
      return true
    }
  }

  private static func missing(_ folder: URL) -> ModelFolderError {
    let pickle = folder.appending(path: "pytorch_model.bin")
    if FileManager.default.fileExists(atPath: pickle.path) {
      return .unsupportedWeights(
        path: pickle.path,
        reason: "a pickle can run any program when it is read, so it is refused; "
          + "convert it with transformers: model.save_pretrained(folder, safe_serialization=True)")
    }
    return .notAModel(
      path: folder.path, reason: "it has neither model.safetensors nor model.safetensors.index.json"
    )
  }

  var names: [String] { Array(fileOfName.keys) }
  func shape(of name: String) -> [Int]? { fileOfName[name]?.shape(of: name) }
  func tensor(_ name: String) throws -> Tensor? { try fileOfName[name]?.tensor(name) }
}
