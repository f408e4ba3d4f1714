// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Torch

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
  /// One kind of matrix product on one device.
  struct Speed {
    var elementType: ElementType
    /// Billions of floating-point operations a second, products of 512 x 512 matrices.
    var gigaflops: Double
  }

  var devices: [Device]
  var threadCount: Int
  var processorCount: Int
  var processorFeatures: [String]
  var memoryMiB: Int
  var cacheFolder: String
  var speeds: [Speed]

  /// Looks at the machine; takes about half a second.
  static func collect() -> MachineFacts {
    MachineFacts(
      devices: Device.Kind.allCases.map { Device($0) }.filter(\.isAvailable),
      threadCount: Machine.threadCount,
      processorCount: ProcessInfo.processInfo.activeProcessorCount,
      processorFeatures: readProcessorFeatures(),
      memoryMiB: Int(ProcessInfo.processInfo.physicalMemory >> 20),
      cacheFolder: findCacheFolder(),
      speeds: [.float32, .bfloat16].map { Speed(elementType: $0, gigaflops: measure($0)) })
  }

  /// Whether products in bfloat16 take clearly less time than in float32.
  var isBFloat16Fast: Bool {
    guard speeds.count == 2 else { return false }
    return speeds[1].gigaflops > 1.2 * speeds[0].gigaflops
  }

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
    ]
      + speeds.map { ("\($0.elementType) products", "\(Int($0.gigaflops.rounded())) GFLOP/s") }
      + [("bf16 is", isBFloat16Fast ? "fast here" : "no faster than float32 here")]
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
      "gflops": .object(
        JSONObject(speeds.map { ("\($0.elementType)", .number($0.gigaflops.rounded())) })),
      "bf16_fast": .bool(isBFloat16Fast),
    ]
  }

  /// Speed of products of 512 x 512 matrices, measured for at most 0.15 s after one to warm up.
  private static func measure(_ elementType: ElementType) -> Double {
    let size = 512
    let matrix = Tensor.full(0.5, shape: [size, size], elementType: elementType)
    _ = matrix.matmul(matrix)
    let clock = ContinuousClock()
    let start = clock.now
    var count = 0
    while count == 0 || (clock.now - start < .milliseconds(150) && count < 1000) {
      _ = matrix.matmul(matrix)
      count += 1
    }
    let seconds = (clock.now - start) / .seconds(1)
    return 2 * Double(size * size * size * count) / seconds / 1e9
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

  /// The folder for tokenised data: `attune` in the user's cache folder.
  private static func findCacheFolder() -> String {
    let variables = ProcessInfo.processInfo.environment
    if let folder = variables["XDG_CACHE_HOME"], !folder.isEmpty { return "\(folder)/attune" }
    return FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/attune"
  }
}
