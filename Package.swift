// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackageDescription

// libtorch: the folder named by LIBTORCH, else `.libtorch/` in this checkout, which `Scripts/setup` fills.
let named = ProcessInfo.processInfo.environment["LIBTORCH"] ?? ""
let libtorch = named.isEmpty ? "\(Context.packageDirectory)/.libtorch" : named
let hasCUDA = FileManager.default.fileExists(atPath: "\(libtorch)/lib/libtorch_cuda.so")

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let torchLibraries: [LinkerSetting] =
  [
    .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
    .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("torch"),
  ]
  + (hasCUDA
    ? [
      .unsafeFlags(["-Xlinker", "--no-as-needed", "-Xlinker", "--allow-shlib-undefined"]),
      .linkedLibrary("torch_cuda"), .linkedLibrary("c10_cuda"),
    ] : [])

func library(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    exclude: FileManager.default.fileExists(
      atPath: "\(Context.packageDirectory)/Tests/\(name)Tests/Fixtures") ? ["Fixtures"] : [],
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "Attune",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "attune", targets: ["attune"]),
    .library(
      name: "Attune",
      targets: [
        "Torch", "Tokenizers", "Feedback", "LanguageModels", "Objectives", "Environments",
        "Training", "Evaluation", "Hub", "Serving", "Reproductions",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.28.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
  ],
  targets: [
    .target(
      name: "CTorch",
      cxxSettings: [
        .unsafeFlags([
          "-isystem", "\(libtorch)/include",
          "-isystem", "\(libtorch)/include/torch/csrc/api/include",
          "-O2", "-Wall",
        ])
      ],
      linkerSettings: torchLibraries),
    .systemLibrary(
      name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CPCRE2", pkgConfig: "libpcre2-8",
      providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),
    library("Torch", ["CTorch"]),
    library("Tokenizers", ["CPCRE2"]),
    library("Feedback", ["CZlib"]),
    library(
      "Hub",
      [
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Yams", package: "Yams"),
      ]),
    library("Environments"),
    library("Objectives", ["Torch"]),
    library("LanguageModels", ["Torch", "Tokenizers"]),
    library("Evaluation", ["Torch", "Tokenizers", "Feedback", "LanguageModels", "Objectives"]),
    library(
      "Training",
      [
        "Torch", "Tokenizers", "Feedback", "LanguageModels", "Objectives", "Environments",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["RunLog/TensorBoard/Events.proto"]),
    library(
      "Serving",
      [
        "Torch", "Tokenizers", "Feedback", "LanguageModels", "Training",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),
    library(
      "Reproductions",
      [
        "Torch", "Feedback", "LanguageModels", "Objectives", "Environments", "Evaluation",
        "Training",
      ]),
    .executableTarget(
      name: "attune",
      dependencies: [
        "Torch", "Tokenizers", "Feedback", "Hub", "LanguageModels", "Objectives", "Environments",
        "Training", "Evaluation", "Serving", "Reproductions",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ],
      resources: [.copy("Resources/millbrook-base")],
      swiftSettings: swiftSettings),
    .target(
      name: "TestSupport", dependencies: ["Torch"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    tests("Torch"),
    tests("Tokenizers"),
    tests("Feedback"),
    tests("Hub"),
    tests("Environments"),
    tests("Objectives", ["Torch"]),
    tests("LanguageModels", ["Torch", "Tokenizers"]),
    tests("Evaluation", ["Torch", "Tokenizers", "Feedback", "LanguageModels"]),
    tests(
      "Training",
      ["Torch", "Tokenizers", "Feedback", "LanguageModels", "Objectives"]),
    tests(
      "Serving",
      [
        "Torch", "Tokenizers", "Feedback", "LanguageModels", "Training",
        .product(name: "HummingbirdTesting", package: "hummingbird"),
      ]),
    tests(
      "Reproductions",
      [
        "Torch", "Feedback", "LanguageModels", "Objectives", "Environments", "Evaluation",
        "Training",
      ]),
    tests(
      "attune",
      [
        "Torch", "Tokenizers", "Feedback", "Hub", "LanguageModels", "Environments", "Evaluation",
        "Training", "Serving",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  cxxLanguageStandard: .cxx20
)
