// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Torch

/// Which model, and in what precision.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model_name_or_path"),
    help: ArgumentHelp("Folder of the model, in Hugging Face layout.", valueName: "folder"))
  var modelPath: String

  @Option(
    name: .customLong("tokenizer_name_or_path"),
    help: ArgumentHelp(
      "Folder of the tokenizer; by default the model's own.", valueName: "folder"))
  var tokenizerPath: String?

  @OptionGroup var precision: PrecisionOptions

  /// The model's folder.
  var folder: URL { URL(filePath: modelPath) }

  /// The tokenizer's folder; nil for the model's own.
  var tokenizerFolder: URL? { tokenizerPath.map { URL(filePath: $0) } }
}

/// Precision, device and threads.
struct PrecisionOptions: ParsableArguments {
  /// Type of the weights in memory.
  enum WeightType: String, CaseIterable, ExpressibleByArgument {
    case float32, bfloat16, auto

    /// The element type; nil for auto.
    var elementType: ElementType? {
      switch self {
      case .float32: .float32
      case .bfloat16: .bfloat16
      case .auto: nil
      }
    }
  }

  @Option(help: "Type of the weights in memory; auto keeps the checkpoint's.")
  var dtype: WeightType = .float32

  @Option(help: "Compute matrix products in bfloat16, everything else in the weights' type.")
  var bf16: Bool = false

  @Option(help: ArgumentHelp("cpu, cuda, cuda:1 or mps.", valueName: "device"))
  var device: String = "cpu"

  @Option(
    help: ArgumentHelp("Threads of an operation; 0 leaves it to libtorch.", valueName: "count"))
  var threads: Int = 0

  /// The element type asked for; nil keeps the checkpoint's.
  var elementType: ElementType? { dtype.elementType }

  /// The type of matrix products; nil is that of the weights.
  var autocast: ElementType? { bf16 ? .bfloat16 : nil }

  /// Sets the threads, and finds the device.
  ///
  /// - Throws: ``UsageError`` where the device is unknown or not there.
  func apply() throws -> Device {
    if threads > 0 { Machine.threadCount = threads }
    guard let found = Device(device) else {
      throw UsageError("--device: expected cpu, cuda, cuda:N or mps, found \"\(device)\"")
    }
    guard found.isAvailable else {
      throw UsageError(
        "--device \(device): this machine or this build of libtorch has no such device; "
          + "'attune env' lists what there is")
    }
    return found
  }
}
