// SPDX-License-Identifier: Apache-2.0

public import Torch

/// One row of the table of losses: what it is called, what it needs, and how it is made.
public struct ObjectiveEntry: Sendable {
  /// What a loss is, once made.
  public enum Loss {
    /// A loss on pairs; training can use it.
    case pairs(any PairObjective)
    /// Another kind, as a function from inputs to the loss of each row and of the batch.
    case other((EvaluationInputs) -> (losses: Tensor, loss: Tensor))
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
  /// Whether it may be combined with others and selected for training on pairs.
  public let isPairLoss: Bool
  /// Whether the tests compare loss and gradients with an independent program.
  public let areVectorsChecked: Bool
  /// The experiment that reproduces the paper's claim; nil where there is none yet.
  public let reproduction: String?
  let build: @Sendable (ObjectiveSettings) -> Loss

  /// Whether a reference model has to be read.
  public var needsReference: Bool { inputs.contains { $0.name.hasPrefix("ref_") } }

  /// What the loss needs and training on preference rows does not have; empty where `attune dpo` takes it.
  public var missingInTraining: [ObjectiveInput] { inputs.filter { !$0.isKnownInTraining } }

  /// Whether `attune dpo --loss_type` takes it.
  public var isTrainable: Bool { isPairLoss && missingInTraining.isEmpty }

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
      options: options.map { ($0.0, start[keyPath: $0.1]) }, isPairLoss: true,
      areVectorsChecked: true, reproduction: reproduction,
      build: { settings in
        var objective = start
        for (option, property) in options {
          if let value = settings[option] { objective[keyPath: property] = value }
        }
        return .pairs(objective)
      })
  }
}
