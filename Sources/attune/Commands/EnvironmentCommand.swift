// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Torch
import Training

/// `attune env`: what the program found on this machine.
struct EnvironmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Show versions, devices, threads, memory and the speed of matrix products.",
    discussion: """
      Paste the output into a report of a problem. The speeds are measured on this machine in about \
      half a second; where bfloat16 products are slower than float32, training in bfloat16 saves \
      memory but no time.

        attune env --json
      """)

  @Option(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let machine = MachineFacts.collect()
    if json { return Output.current.json(machine.json) }
    for (name, value) in machine.lines {
      Output.current.line("\(name.padding(toLength: 18, withPad: " ", startingAt: 0)) \(value)")
    }
  }
}

/// What `attune env` reports.
struct MachineFacts {
  var devices: [Device]
  var threadCount: Int
  var processorCount: Int
  var processorFeatures: [String]
  var memoryMiB: Int
  var cacheFolder: String
  /// GFLOP/s of products of 512 x 512 matrices in float32.
  var float32Speed: Double
  /// The same in bfloat16.
  var bfloat16Speed: Double

  /// Looks at the machine; takes about half a second.
  static func collect() -> MachineFacts {
    MachineFacts(
      devices: Device.Kind.allCases.map { Device($0) }.filter(\.isAvailable),
      threadCount: Machine.threadCount,
      processorCount: ProcessInfo.processInfo.activeProcessorCount,
      processorFeatures: readProcessorFeatures(),
      memoryMiB: Int(ProcessInfo.processInfo.physicalMemory >> 20),
      cacheFolder: TokenCache.standard.folder.path,
      float32Speed: measure(.float32), bfloat16Speed: measure(.bfloat16))
  }

  /// Whether products in bfloat16 take clearly less time than in float32.
  var isBFloat16Fast: Bool { bfloat16Speed > 1.2 * float32Speed }

  /// Names and values as lines for people.
  var lines: [(String, String)] {
    [
      ("attune", Attune.version),
      ("libtorch", Machine.libtorchVersion),
      ("system", ProcessInfo.processInfo.operatingSystemVersionString),
      ("devices", devices.map(\.description).joined(separator: ", ")),
      ("threads", "\(threadCount) of \(processorCount) processors"),
      (
        "processor",
        processorFeatures.isEmpty ? "features unknown" : processorFeatures.joined(separator: ", ")
      ),
      ("memory", "\(memoryMiB) MiB"),
      ("cache", cacheFolder),
      ("float32 products", "\(Int(float32Speed.rounded())) GFLOP/s"),
      ("bfloat16 products", "\(Int(bfloat16Speed.rounded())) GFLOP/s"),
      ("bf16 is", isBFloat16Fast ? "fast here" : "no faster than float32 here"),
    ]
  }

  /// The same as one object.
  var json: JSONObject {
    [
      "version": .string(Attune.version),
      "libtorch": .string(Machine.libtorchVersion),
      "system": .string(ProcessInfo.processInfo.operatingSystemVersionString),
      "devices": .array(devices.map { .string($0.description) }),
      "threads": .integer(threadCount),
      "processors": .integer(processorCount),
      "processor_features": .array(processorFeatures.map { .string($0) }),
      "memory_mib": .integer(memoryMiB),
      "cache": .string(cacheFolder),
      "gflops": ["float32": .number(float32Speed), "bfloat16": .number(bfloat16Speed)],
      "bf16_fast": .bool(isBFloat16Fast),
    ]
  }

  /// Speed of the fastest product of 512 x 512 matrices, in GFLOP/s; measured for about 0.15 s
  /// after one to warm up.
  private static func measure(_ elementType: ElementType) -> Double {
    let size = 512
    let matrix = Tensor.full(0.5, shape: [size, size], elementType: elementType)
    _ = matrix.matmul(matrix)
    let clock = ContinuousClock()
    let start = clock.now
    var shortest = Duration.seconds(1000)
    repeat {
      // The shortest one is least disturbed by whatever else the machine does.
      shortest = min(shortest, clock.measure { _ = matrix.matmul(matrix) })
    } while clock.now - start < .milliseconds(150)
    return 2 * Double(size * size * size) / (shortest / .seconds(1)) / 1e9
  }

  /// Those instruction sets of the processor that matter for matrix products; empty where the
  /// system does not tell.
  private static func readProcessorFeatures() -> [String] {
    let known = ["avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve"]
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: {
        $0.hasPrefix("flags") || $0.hasPrefix("Features")
      })
    else { return [] }
    let found = Set(line.split(separator: " ").map(String.init))
    return known.filter(found.contains)
  }
}
