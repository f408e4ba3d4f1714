// SPDX-License-Identifier: Apache-2.0
import Torch

/// A hyper-parameter of losses: the name users know, what it means and which values it may have.
public struct ObjectiveOption: Sendable, Hashable {
  /// Which numbers make sense.
  public enum Range: Sendable, Hashable {
    /// Above a bound.
    case above(Double)
    /// At least a bound.
    case atLeast(Double)
    /// At least the first, below the second.
    case from(Double, below: Double)
    /// Above the first, below the second.
    case between(Double, Double)
    /// From the first to the second, both included.
    case within(Double, Double)
    /// Any number but 0.
    case notZero

    /// Whether `value` is in the range; infinities and NaN never are.
    public func contains(_ value: Double) -> Bool {
      guard value.isFinite else { return false }
      return switch self {
      case .above(let low): value > low
      case .atLeast(let low): value >= low
      case .from(let low, let high): value >= low && value < high
      case .between(let low, let high): value > low && value < high
      case .within(let low, let high): value >= low && value <= high
      case .notZero: value != 0
      }
    }

    /// The range in words, to follow "expected".
    public var phrase: String {
      func text(_ bound: Double) -> String {
        bound == bound.rounded() ? "\(Int(bound))" : "\(bound)"
      }
      return switch self {
      case .above(let low): "a number above \(text(low))"
      case .atLeast(let low): "a number of at least \(text(low))"
      case .from(let low, let high): "\(text(low)) to below \(text(high))"
      case .between(let low, let high): "above \(text(low)) and below \(text(high))"
      case .within(let low, let high): "\(text(low)) to \(text(high))"
      case .notZero: "a number other than 0"
      }
    }
  }

  /// Its name on the command line and in configuration files.
  public let name: String
  /// The values it may have.
  public let range: Range
  /// What it does, half a line.
  public let meaning: String

  init(_ name: String, _ range: Range, _ meaning: String) {
    self.name = name
    self.range = range
    self.meaning = meaning
  }
}

extension ObjectiveOption {
  /// β: pull towards the reference, or the scale of the margin.
  public static let beta = ObjectiveOption(
    "beta", .above(0), "Pull towards the reference; larger stays closer.")
  /// ε: share of mislabelled pairs.
  public static let labelSmoothing = ObjectiveOption(
    "label_smoothing", .from(0, below: 0.5), "Share of pairs taken to be mislabelled.")
  /// ε of EXO, which must not be 0.
  public static let positiveSmoothing = ObjectiveOption(
    "label_smoothing", .between(0, 0.5), "Share of pairs taken to be mislabelled.")
  /// γ: by how much the chosen completion should win.
  public static let simpoGamma = ObjectiveOption(
    "simpo_gamma", .atLeast(0), "Margin by which the chosen completion should win.")
  /// α: weight of the likelihood of chosen completions.
  public static let cpoAlpha = ObjectiveOption(
    "cpo_alpha", .atLeast(0), "Weight of the likelihood of chosen completions.")
  /// τ: how sharp DiscoPOP's gate is.
  public static let discopopTau = ObjectiveOption(
    "discopop_tau", .above(0), "Width of the gate between the two losses of DiscoPOP.")
  /// α: weight of tokens beyond the shorter length.
  public static let ldAlpha = ObjectiveOption(
    "ld_alpha", .within(0, 1), "Weight of tokens beyond the length of the shorter completion.")
  /// α: price of a token of length.
  public static let lengthAlpha = ObjectiveOption(
    "length_alpha", .atLeast(0), "Price of each token by which the chosen completion is longer.")
  /// λ: penalty where the chosen completion loses likelihood.
  public static let dpopLambda = ObjectiveOption(
    "dpop_lambda", .atLeast(0), "Penalty where the chosen completion falls below the reference.")
  /// α: weight of the chosen completion's likelihood a token.
  public static let rpoAlpha = ObjectiveOption(
    "rpo_alpha", .atLeast(0), "Weight of the chosen completion's negative log-likelihood.")
  /// α of the α-divergence.
  public static let alphaDivergence = ObjectiveOption(
    "f_alpha_divergence_coef", .between(0, 1), "α of the α-divergence.")
  /// δ: margin of SLiC's hinge.
  public static let slicDelta = ObjectiveOption(
    "slic_delta", .atLeast(0), "Margin of the hinge on log-probabilities.")
  /// λ: weight of the likelihood of the target.
  public static let nllWeight = ObjectiveOption(
    "nll_weight", .atLeast(0), "Weight of the negative log-likelihood.")
  /// α of AlphaPO's reward.
  public static let alphaPO = ObjectiveOption(
    "alphapo_alpha", .notZero, "Shape of AlphaPO's reward; near 0 is SimPO.")
  /// α: weight of the likelihood of a third, best completion.
  public static let tpoAlpha = ObjectiveOption(
    "tpo_alpha", .atLeast(0), "Weight of the likelihood of the gold completion.")
  /// γ of TPO-L.
  public static let tpoGamma = ObjectiveOption(
    "tpo_l_gamma", .atLeast(0), "Margin by which the chosen completion should win.")
  /// α: weight of optimism.
  public static let selmAlpha = ObjectiveOption(
    "selm_alpha", .atLeast(0), "Weight of the optimistic term.")
  /// α: weight of the divergences' difference.
  public static let tdpoAlpha = ObjectiveOption(
    "tdpo_alpha", .atLeast(0), "Weight of the difference of divergences.")
  /// w_k: weight of the objective the pairs are about.
  public static let modpoWeight = ObjectiveOption(
    "modpo_weight", .within(0.05, 1), "Weight of the objective the pairs are about.")
  /// λ_D: weight of desirable examples.
  public static let desirableWeight = ObjectiveOption(
    "desirable_weight", .atLeast(0), "Weight of desirable examples.")
  /// λ_U: weight of undesirable examples.
  public static let undesirableWeight = ObjectiveOption(
    "undesirable_weight", .atLeast(0), "Weight of undesirable examples.")
}

/// Stops with a sentence unless `value` is one an option may have.
func require(_ option: ObjectiveOption, _ value: Double, _ operation: String) {
  requireArguments(
    option.range.contains(value), operation,
    "\(option.name): expected \(option.range.phrase), found \(value)")
}
