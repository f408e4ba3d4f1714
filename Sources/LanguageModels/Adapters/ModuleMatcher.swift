// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Decides by a module's path whether an adapter has an update there, and of which rank: PEFT's rules.
struct ModuleMatcher {
  private let configuration: AdapterConfiguration
  private let target: Rule
  private let excluded: Rule?
  private let saved: [Regex<AnyRegexOutput>]
  private let ranks: [(Regex<AnyRegexOutput>, Int)]
  private let alphas: [(Regex<AnyRegexOutput>, Double)]
  private let blocks: [Regex<AnyRegexOutput>]

  /// Layers that `all-linear` leaves out.
  static let outputLayers: Set<String> = ["lm_head", "embed_out", "score"]

  private enum Rule {
    case names([String])
    case pattern(Regex<AnyRegexOutput>)
    case allLinear

    func matches(_ path: String) throws -> Bool {
      switch self {
      case .names(let names): names.contains { path == $0 || path.hasSuffix(".\($0)") }
      case .pattern(let pattern): try pattern.wholeMatch(in: path) != nil
      case .allLinear: !ModuleMatcher.outputLayers.contains(lastName(of: path))
      }
    }
  }

  /// Compiles the rules.
  ///
  /// - Throws: ``AdapterError/unsupported(path:field:found:reason:)`` where a regular expression is none.
  init(_ configuration: AdapterConfiguration) throws {
    self.configuration = configuration
    target = try Self.rule(configuration.targets, "target_modules")
    excluded = try configuration.excluded.map { try Self.rule($0, "exclude_modules") }
    saved = try configuration.modulesToSave.map {
      try Self.compiled(#"(.*\.)?(?:\#($0))(\..*)?"#, $0, "modules_to_save")
    }
    // PEFT writes its files with sorted keys, and takes the first that matches.
    ranks = try configuration.rankPattern.sorted { $0.key < $1.key }.map {
      (try Self.compiled(#"(.*\.)?(\#($0.key))"#, $0.key, "rank_pattern"), $0.value)
    }
    alphas = try configuration.alphaPattern.sorted { $0.key < $1.key }.map {
      (try Self.compiled(#"(.*\.)?(\#($0.key))"#, $0.key, "alpha_pattern"), $0.value)
    }
    // The first number in a path counts, not one of a list inside a block.
    let lists =
      configuration.layersPattern.isEmpty
      ? [#"^.*?\.[^.]*\.(\d+)\."#]
      : configuration.layersPattern.map { #"^(?:.*?\.)?(?:\#($0))\.(\d+)\."# }
    blocks = try lists.map { try Self.compiled($0, $0, "layers_pattern") }
  }

  private static func rule(
    _ targets: AdapterConfiguration.Targets, _ field: String
  ) throws -> Rule {
    switch targets {
    case .modules(let names): .names(names)
    case .pattern(let pattern): .pattern(try compiled(pattern, pattern, field))
    case .allLinear: .allLinear
    }
  }

  private static func compiled(
    _ pattern: String, _ shown: String, _ field: String
  ) throws -> Regex<AnyRegexOutput> {
    do {
      return try Regex(pattern)
    } catch {
      throw AdapterError.unsupported(
        path: "adapter", field: field, found: "'\(shown)'", reason: "it is no regular expression")
    }
  }

  /// Whether the linear layer at a path has an update.
  func matches(_ path: String) throws -> Bool {
    if try excluded?.matches(path) == true { return false }
    if try saved.contains(where: { try $0.wholeMatch(in: path) != nil }) { return false }
    guard try target.matches(path) else { return false }
    guard let layers = configuration.layers, !layers.isEmpty,
      case .modules(let names) = configuration.targets, !names.contains(path)
    else { return true }
    for block in blocks {
      guard let found = try block.prefixMatch(in: path)?.output.last?.substring else { continue }
      return Int(found).map(layers.contains) ?? false
    }
    return false
  }

  /// The rank and α at a path.
  func size(_ path: String) throws -> (rank: Int, alpha: Double) {
    (
      try ranks.first { try $0.0.wholeMatch(in: path) != nil }?.1 ?? configuration.rank,
      try alphas.first { try $0.0.wholeMatch(in: path) != nil }?.1 ?? configuration.alpha
    )
  }

  /// The names a list of targets holds that are no module among `paths`.
  func unknownTargets(_ paths: [String]) -> [String] {
    guard case .modules(let names) = configuration.targets else { return [] }
    return names.filter { name in
      !paths.contains { $0 == name || $0.hasSuffix(".\(name)") }
    }
  }
}

/// `c` of `a.b.c`.
func lastName(of path: String) -> String {
  path.split(separator: ".").last.map(String.init) ?? path
}
