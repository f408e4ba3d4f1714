// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Tokenizers
import Torch

/// Which model, and in what precision.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model_name_or_path"),
    help: ArgumentHelp(
      "Folder of the model, in Hugging Face layout, or of an adapter; or either on the hub: owner/name.",
      valueName: "folder|name"))
  var modelPath: String

  @Option(
    name: .customLong("chat_template_path"),
    help: ArgumentHelp(
      "A Jinja chat template in place of the tokenizer's own; training saves it with the model.",
      valueName: "file"),
    completion: .file())
  var chatTemplatePath: String?

  @Option(
    name: .customLong("tokenizer_name_or_path"),
    help: ArgumentHelp(
      "Folder or hub name of the tokenizer; by default the model's own.", valueName: "folder|name"))
  var tokenizerPath: String?

  @Option(
    help: ArgumentHelp(
      "Branch, tag or commit of a model of the hub; the same as owner/name@revision.",
      valueName: "revision"))
  var revision: String?

  @OptionGroup var hub: HubOptions
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var quantization: QuantizationOptions

  /// The model's folder, downloaded where it is a model of the hub.
  ///
  /// - Throws: ``HubNameError``.
  func folder() throws -> URL {
    try hub.model(modelPath, "--model_name_or_path", revision: revision)
  }

  /// The tokenizer's folder, downloaded where it is on the hub; nil for the model's own.
  ///
  /// - Throws: ``HubNameError``.
  func tokenizerFolder() throws -> URL? { try tokenizerPath.map { try hub.tokenizer($0) } }

  /// The chat template to use in place of the tokenizer's; nil where none is named.
  ///
  /// - Throws: ``UsageError`` where the file cannot be read or is no template.
  func chatTemplate() throws -> String? { try ChatTemplateFile.text(chatTemplatePath) }
}

/// The file of `--chat_template_path`.
enum ChatTemplateFile {
  /// The template in a file; nil for none.
  ///
  /// - Throws: ``UsageError`` where the file cannot be read or is no template.
  static func text(_ path: String?) throws -> String? {
    guard let path else { return nil }
    let text: String
    do {
      text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    } catch {
      throw UsageError(
        "--chat_template_path: \(path) cannot be read: \(attune.message(for: error))")
    }
    do {
      _ = try ChatTemplate(text)
    } catch {
      throw UsageError("--chat_template_path: \(path): \(attune.message(for: error))")
    }
    return text
  }
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
