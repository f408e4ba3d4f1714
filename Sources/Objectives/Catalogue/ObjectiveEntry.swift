// SPDX-License-Identifier: Apache-2.0

/// One row of the table of losses: what it is called, what it needs, and how it is made.
public struct ObjectiveEntry: Sendable {
  /// What a loss is, once made.
  public enum Loss {
    /// A loss on pairs.
    case pairs(any PairObjective)
    /// A loss on single completions.
    case unpaired(any UnpairedObjective)
    /// A loss on lists.
    case lists(ListwiseLoss)
  }

  /// Rows that a loss learns from.
  public enum Kind: Sendable, CaseIterable {
    /// A better and a worse completion.
    case pairs
    /// Single completions, good or bad.
    case unpaired
    /// Ranked or scored lists.
    case lists

    /// The command that trains such losses, without `attune`.
    public var command: String {
      switch self {
      case .pairs: "dpo"
      case .unpaired: "kto"
      case .lists: "lipo"
      }
    }

    /// What messages call the rows.
    public var rows: String {
      switch self {
      case .pairs: "pairs"
      case .unpaired: "single completions with a label"
      case .lists: "ranked lists"
      }
    }
  }

  /// The name of `loss_type`.
  public let name: String
  /// Other names for it.
  public let aliases: [String]
  /// The method's name, as papers write it.
  public let title: String
  /// The formula of one row, in one line.
  public let formula: String
  /// The paper or code it comes from.
  public let source: String
  /// What it is computed from.
  public let inputs: [ObjectiveInput]
  /// Its options with their defaults.
  public let options: [(option: ObjectiveOption, value: Double)]
  /// What it learns from.
  public let kind: Kind
  /// Whether the tests compare loss and gradients with an independent program.
  public let areVectorsChecked: Bool
  /// The experiment that reproduces the paper's claim; nil where there is none yet.
  public let reproduction: String?
  let build: @Sendable (ObjectiveSettings) -> Loss

  /// Whether a reference model has to be read.
  public var needsReference: Bool {
    inputs.contains { $0 == .referenceList || $0.name.hasPrefix("ref_") }
  }

  /// Whether it may be combined with others.
  public var isPairLoss: Bool { kind == .pairs }

  /// What the loss needs and training does not have; empty where a command takes it.
  public var missingInTraining: [ObjectiveInput] { inputs.filter { !$0.isKnownInTraining } }

  /// Whether the command of its kind takes it as `loss_type`.
  public var isTrainable: Bool { missingInTraining.isEmpty }

  /// Columns that rows need beside those of their type, by name.
  public var columns: [String] { inputs.compactMap(\.column).uniqued() }

  /// Makes the loss.
  ///
  /// - Parameter settings: options of this loss.
  /// - Returns: the loss.
  /// - Throws: ``ObjectiveError`` for a value outside its range, or an option the loss does not have.
  public func loss(_ settings: ObjectiveSettings = ObjectiveSettings()) throws(ObjectiveError)
    -> Loss
  {
    let known = options.map(\.option.name)
    if let other = settings.names.first(where: { !known.contains($0) }) {
      throw .noOption(option: other, losses: [name])
    }
    return try make(settings)
  }

  /// Makes the loss; options of other losses are left alone.
  func make(_ settings: ObjectiveSettings) throws(ObjectiveError) -> Loss {
    try settings.check(options.map(\.option))
    return build(settings)
  }

  /// A loss on pairs whose options are properties of its type.
  static func pairs<Objective: PairObjective & Sendable>(
    _ name: String, aliases: [String] = [], _ title: String, _ formula: String, _ source: String,
    _ start: Objective,
    _ options: [(ObjectiveOption, any WritableKeyPath<Objective, Double> & Sendable)],
    needing inputs: [ObjectiveInput] = policyPair + referencePair, reproduction: String? = nil
  ) -> ObjectiveEntry {
    ObjectiveEntry(
      name: name, aliases: aliases, title: title, formula: formula, source: source, inputs: inputs,
      options: options.map { ($0.0, start[keyPath: $0.1]) }, kind: .pairs,
      areVectorsChecked: true, reproduction: reproduction,
      build: { .pairs($0.applied(to: start, options)) })
  }
}

extension ObjectiveSettings {
  /// A loss with the values that were set in place of its own.
  func applied<Objective>(
    to start: Objective,
    _ options: [(ObjectiveOption, any WritableKeyPath<Objective, Double> & Sendable)]
  ) -> Objective {
    var objective = start
    for (option, property) in options {
      if let value = self[option] { objective[keyPath: property] = value }
    }
    return objective
  }
}

extension [String] {
  /// Each name once, in the order of first appearance.
  fileprivate func uniqued() -> [String] {
    reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
