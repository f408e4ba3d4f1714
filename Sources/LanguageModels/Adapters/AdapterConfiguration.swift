// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What an adapter is: the contents of `adapter_config.json`, as PEFT knows them.
public struct AdapterConfiguration: Sendable, Equatable {
  /// Which modules are meant.
  public enum Targets: Sendable, Equatable {
    /// Modules whose path is, or ends in a dot and, one of these names.
    case modules([String])
    /// Modules whose whole path a regular expression matches.
    case pattern(String)
    /// Every linear layer but the output layer.
    case allLinear

    /// The form users write: names separated by commas, `all-linear`, or a regular expression.
    public init(_ names: [String]) {
      let isPattern = names.count == 1 && names[0].contains(where: #"*+?()[]{}|\^$"#.contains)
      self =
        names == ["all-linear"]
        ? .allLinear : isPattern ? .pattern(names[0]) : .modules(names)
    }
  }

  /// Which biases are trained beside the adapter.
  public enum Bias: String, Sendable, CaseIterable {
    /// None.
    case none
    /// All of the model.
    case all
    /// Those of the modules that have an update.
    case adaptedOnly = "lora_only"
  }

  /// What the base is used as.
  public enum Task: String, Sendable {
    /// A model that predicts tokens.
    case language = "CAUSAL_LM"
    /// A model with one number as output, whose head is part of the adapter.
    case scalarHead = "SEQ_CLS"
  }

  /// r: rank of the updates.
  public var rank = 16
  /// α: an update counts α/r times.
  public var alpha = 32.0
  /// Share of an update's inputs dropped in training, 0 to below 1.
  public var dropout = 0.05
  /// Which linear layers have an update.
  public var targets = Targets.allLinear
  /// Modules left out although ``targets`` names them.
  public var excluded: Targets?
  /// Modules trained as a whole and kept in the adapter: `embed_tokens`, `lm_head`, norms.
  public var modulesToSave: [String] = []
  /// Which biases are trained.
  public var bias = Bias.none
  /// Other ranks for modules whose path ends in a match of these expressions; the first in alphabetical order wins.
  public var rankPattern: [String: Int] = [:]
  /// Other α, in the same way.
  public var alphaPattern: [String: Double] = [:]
  /// Whether an update counts α/√r times instead.
  public var usesRankStabilization = false
  /// Whether each row's length is learnt apart from its direction.
  public var usesDoRA = false
  /// Numbers of the blocks that have updates; nil is all.
  public var layers: [Int]?
  /// Names of the list of blocks that ``layers`` counts in; empty is any list.
  public var layersPattern: [String] = []
  /// Written for libraries that keep weights as `[in, out]`; no result here depends on it.
  public var fanInFanOut = false
  /// What the base is used as.
  public var task = Task.language
  /// The base model: a folder, or a name on the hub.
  public var baseName: String?

  /// The defaults most users know.
  public init() {}

  /// Checks the ranges.
  ///
  /// - Throws: ``AdapterError/unsupported(path:field:found:reason:)``.
  public func validate() throws {
    func require(_ holds: Bool, _ field: String, _ found: some Any, _ reason: String) throws {
      guard holds else {
        throw AdapterError.unsupported(
          path: "adapter", field: field, found: "\(found)", reason: reason)
      }
    }
    try require(rank > 0, "r", rank, "expected at least 1")
    try require(alpha > 0 && alpha.isFinite, "lora_alpha", alpha, "expected a number above 0")
    try require((0..<1).contains(dropout), "lora_dropout", dropout, "expected 0 to below 1")
    try require(
      rankPattern.values.allSatisfy { $0 > 0 }, "rank_pattern", rankPattern,
      "expected ranks of at least 1")
    try require(targets != .modules([]), "target_modules", "[]", "expected at least one name")
  }

  /// The factor of an update of rank `rank` with `alpha`.
  func scale(rank: Int, alpha: Double) -> Double {
    usesRankStabilization ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
  }
}

extension AdapterConfiguration.Targets: CustomStringConvertible {
  /// As users write it.
  public var description: String {
    switch self {
    case .modules(let names): names.joined(separator: ", ")
    case .pattern(let pattern): pattern
    case .allLinear: "all-linear"
    }
  }
}
