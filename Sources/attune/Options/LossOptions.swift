// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives

extension Option where Value == Double? {
  /// An option of losses under its own name; the default is each loss's own.
  init(_ option: ObjectiveOption) {
    let defaults = ObjectiveTable.entries.compactMap { entry in
      entry.options.first { $0.option.name == option.name }?.value
    }
    let shown = Set(defaults).count == 1 ? " Default: \(defaults[0].shortText)." : ""
    let several = Set(defaults).count > 1 ? " Default: the loss's own ('attune objectives')." : ""
    self.init(
      name: .customLong(option.name),
      help: ArgumentHelp("\(option.meaning)\(shown)\(several)", valueName: "number"))
  }
}

extension Double {
  /// Without a fraction where there is none.
  var shortText: String { self == rounded() && magnitude < 1e6 ? "\(Int(self))" : "\(self)" }
}

/// Which loss on pairs, and its settings.
struct LossOptions: ParsableArguments {
  @Option(
    name: .customLong("loss_type"),
    help: ArgumentHelp(
      "The loss, or several to be summed; 'attune objectives' lists them.", valueName: "name"))
  var names: [String] = ["sigmoid"]

  @Option(
    name: .customLong("loss_weights"),
    help: ArgumentHelp("How much each loss counts; 1 each by default.", valueName: "number"))
  var weights: [Double] = []

  @Option(
    name: .customLong("f_divergence_type"),
    help: ArgumentHelp(
      "Divergence from the reference in the sigmoid loss: reverse_kl, forward_kl, js_divergence or "
        + "alpha_divergence.", valueName: "name"))
  var divergence = "reverse_kl"

  @Option(
    name: .customLong("use_weighting"),
    help: "Weigh pairs of the sigmoid loss by how likely the policy itself would say them (WPO).")
  var usesWeighting: Bool = false

  @OptionGroup var values: PairLossValues

  /// The loss and the rows of the table it comes from.
  ///
  /// - Throws: ``UsageError``.
  func resolved() throws -> (objective: any PairObjective, entries: [ObjectiveEntry]) {
    let names = try namesWithVariants()
    let (objective, entries) = try lossErrors {
      try ObjectiveTable.pairLoss(
        names, weights: weights, settings: ObjectiveSettings(values.values))
    }
    for entry in entries {
      guard let input = entry.missingInTraining.first else { continue }
      throw UsageError(ObjectiveError.needs(loss: entry.name, input: input.name).description)
    }
    return (objective, entries)
  }

  /// `loss_type`, where `f_divergence_type`, `ld_alpha` and `use_weighting` make another loss of `sigmoid`.
  private func namesWithVariants() throws -> [String] {
    guard let other = ObjectiveTable.divergences[divergence] else {
      let known = ObjectiveTable.divergences.keys.sorted()
      throw UsageError(
        "--f_divergence_type: expected one of \(known.joined(separator: ", ")), "
          + "found \"\(divergence)\"")
    }
    let isPlain = other == "sigmoid"
    guard isPlain || names.contains("sigmoid") else {
      throw UsageError(
        "--f_divergence_type \(divergence): only the loss sigmoid takes it; leave it out")
    }
    guard [!isPlain, values.ldAlpha != nil, usesWeighting].count(where: { $0 }) < 2 else {
      throw UsageError(
        "--f_divergence_type, --ld_alpha and --use_weighting do not go together; leave all but one out"
      )
    }
    guard !usesWeighting || names.contains("sigmoid") else {
      throw UsageError("--use_weighting: only the loss sigmoid takes it; leave it out")
    }
    let variant = usesWeighting ? "wpo" : values.ldAlpha == nil ? other : "ld_dpo"
    return names.map { $0 == "sigmoid" ? variant : $0 }
  }
}

/// Makes a mistake in a name or value of a loss a mistake of the command line, with the nearest name.
func lossErrors<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch ObjectiveError.unknown(let name, let known) {
    let hint = Suggestion.phrase(for: name, among: known)
    throw UsageError(
      "loss_type '\(name)' is unknown\(hint.isEmpty ? ";" : hint) known: "
        + known.joined(separator: ", "))
  } catch let error as ObjectiveError where !error.isAboutData {
    throw UsageError(error.description)
  }
}

/// Settings of the losses that `attune dpo` takes.
struct PairLossValues: ParsableArguments {
  @Option(.beta) var beta: Double?
  @Option(.labelSmoothing) var labelSmoothing: Double?
  @Option(.simpoGamma) var simpoGamma: Double?
  @Option(.cpoAlpha) var cpoAlpha: Double?
  @Option(.discopopTau) var discopopTau: Double?
  @Option(.ldAlpha) var ldAlpha: Double?
  @Option(.lengthAlpha) var lengthAlpha: Double?
  @Option(.dpopLambda) var dpopLambda: Double?
  @Option(.rpoAlpha) var rpoAlpha: Double?
  @Option(.alphaDivergence) var alphaDivergence: Double?
  @Option(.slicDelta) var slicDelta: Double?
  @Option(.nllWeight) var nllWeight: Double?
  @Option(.alphaPO) var alphaPO: Double?
  @Option(.tpoAlpha) var tpoAlpha: Double?
  @Option(.tpoGamma) var tpoGamma: Double?
  @Option(.selmAlpha) var selmAlpha: Double?
  @Option(.tdpoAlpha) var tdpoAlpha: Double?
  @Option(.modpoWeight) var modpoWeight: Double?

  /// What was set, by name.
  var values: [String: Double] {
    let all: [(ObjectiveOption, Double?)] = [
      (.beta, beta),
      (.labelSmoothing, labelSmoothing),
      (.simpoGamma, simpoGamma),
      (.cpoAlpha, cpoAlpha),
      (.discopopTau, discopopTau),
      (.ldAlpha, ldAlpha),
      (.lengthAlpha, lengthAlpha),
      (.dpopLambda, dpopLambda),
      (.rpoAlpha, rpoAlpha),
      (.alphaDivergence, alphaDivergence),
      (.slicDelta, slicDelta),
      (.nllWeight, nllWeight),
      (.alphaPO, alphaPO),
      (.tpoAlpha, tpoAlpha),
      (.tpoGamma, tpoGamma),
      (.selmAlpha, selmAlpha),
      (.tdpoAlpha, tdpoAlpha),
      (.modpoWeight, modpoWeight),
    ]
    return Dictionary(
      uniqueKeysWithValues: all.compactMap { option, value in value.map { (option.name, $0) } })
  }
}

/// Settings of the losses that `attune kto` takes.
struct UnpairedLossValues: ParsableArguments {
  @Option(.desirableWeight) var desirableWeight: Double?
  @Option(.undesirableWeight) var undesirableWeight: Double?

  /// What was set, by name.
  var values: [String: Double] {
    let all: [(ObjectiveOption, Double?)] = [
      (.desirableWeight, desirableWeight), (.undesirableWeight, undesirableWeight),
    ]
    return Dictionary(
      uniqueKeysWithValues: all.compactMap { option, value in value.map { (option.name, $0) } })
  }
}
