// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives

/// The choices of GRPO and its kin.
struct GRPOOptions: ParsableArguments {
  /// Losses by the names users know.
  enum LossType: String, CaseIterable, ExpressibleByArgument {
    case grpo
    case drGRPO = "dr_grpo"
    case dapo, bnpo, cispo, sapo, luspo
  }

  /// How several rewards are brought together.
  enum Aggregation: String, CaseIterable, ExpressibleByArgument {
    case sumFirst = "sum_then_normalize"
    case normalizeFirst = "normalize_then_sum"
  }

  /// What the ratio is of, by the names users know.
  enum Level: String, CaseIterable, ExpressibleByArgument {
    case token, sequence
  }

  @Option(
    name: .customLong("num_generations"),
    help: ArgumentHelp("Completions a prompt.", valueName: "count"))
  var groupSize: Int = 8

  @Option(
    help: ArgumentHelp(
      "Coefficient of the KL to the reference, in the loss; 0 needs no reference. The first paper: 0.04.",
      valueName: "number"))
  var beta: Double = 0

  @Option(name: .customLong("kl_estimator"), help: "Estimate of the KL in the loss.")
  var klEstimator: KLEstimator = .k3

  @Option(
    name: .customLong("use_bias_correction_kl"),
    help: "Multiply the KL by the ratio, which makes its gradient that of the reverse KL.")
  var weighsKL: Bool = true

  @Option(
    name: .customLong("loss_type"), help: "How the losses of tokens become one, and the clip.")
  var lossType: LossType = .dapo

  @Option(
    name: .customLong("scale_rewards"),
    help: "What rewards are divided by: the deviation in the group, in the batch, or nothing.")
  var scale: GroupAdvantage.Scale = .group

  @Option(
    name: .customLong("multi_objective_aggregation"),
    help: "Whether several rewards are summed or normalized first (GDPO).")
  var aggregation: Aggregation = .sumFirst

  @Option(
    name: .customLong("importance_sampling_level"),
    help: ArgumentHelp(
      "Whether a ratio is a token's or its sequence's (GSPO); by default token, with luspo sequence.",
      valueName: "level"))
  var level: Level?

  @Option(
    name: .customLong("sapo_temperature_pos"),
    help: ArgumentHelp("Temperature of sapo for good completions.", valueName: "number"))
  var positiveTemperature: Double = 1

  @Option(
    name: .customLong("sapo_temperature_neg"),
    help: ArgumentHelp("The same for bad ones.", valueName: "number"))
  var negativeTemperature: Double = 1.05

  @Option(
    name: .customLong("off_policy_mask_threshold"),
    help: ArgumentHelp(
      "Leave out bad completions that the policy finds less likely than the sampler did by more than this, nats a token.",
      valueName: "nats"))
  var offPolicyBound: Double?

  func validate() throws {
    guard beta >= 0, beta.isFinite else {
      throw ValidationError("--beta: expected at least 0, found \(beta)")
    }
    guard positiveTemperature > 0, negativeTemperature > 0 else {
      throw ValidationError("--sapo_temperature_pos and --sapo_temperature_neg: expected above 0")
    }
  }

  /// The method with these choices; the only place that knows the names of losses.
  ///
  /// - Parameters:
  ///   - group: the bounds of the ratio.
  ///   - lengthLimit: most tokens of a completion.
  /// - Returns: the method.
  func method(_ group: GroupOptions, lengthLimit: Int) -> GRPO {
    var loss = PolicyGradientLoss(
      surrogate: group.clip, average: .tokens, klCoefficient: beta, klEstimator: klEstimator,
      weighsKL: weighsKL, offPolicyBound: offPolicyBound)
    switch lossType {
    case .dapo, .bnpo: break
    case .grpo: loss.average = .sequenceMeans
    case .drGRPO: loss.average = .constantLength(lengthLimit)
    case .cispo: loss.surrogate = CISPO(largestWeight: group.epsilonHigh ?? 5)
    case .sapo:
      loss.average = .sequenceMeans
      loss.surrogate = SAPO(
        positiveTemperature: positiveTemperature, negativeTemperature: negativeTemperature)
    case .luspo:
      loss.average = .sequenceSums
      loss.ratio = .sequence
    }
    if let level { loss.ratio = level == .token ? .token : .sequence }
    let rewards: GRPO.Rewards =
      aggregation == .sumFirst ? .summed(GroupAdvantage(scale: scale)) : .decoupled(GDPO())
    return GRPO(rewards: rewards, loss: loss)
  }
}
