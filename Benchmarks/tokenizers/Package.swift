// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// The tokenizers alone, so that measuring them needs no libtorch. `Sources` links to theirs.
let package = Package(
  name: "TokenizerBenchmarks",
  platforms: [.macOS(.v15)],
  targets: [
    .systemLibrary(
      name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),
    .target(
      name: "Tokenizers", dependencies: ["CPCRE2"],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ]),
    .executableTarget(name: "tokenizer-probe", dependencies: ["Tokenizers"]),
  ])
