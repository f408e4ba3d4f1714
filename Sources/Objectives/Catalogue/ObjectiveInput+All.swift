// SPDX-License-Identifier: Apache-2.0

extension ObjectiveInput {
  /// Δ: by how much the chosen completion was judged better.
  public static let margins = ObjectiveInput(
    "margins", .number, "Δ, by how much the chosen completion was judged better",
    isKnownInTraining: true, column: "margin")
  /// w₋ᵀR of the chosen completion.
  public static let marginChosen = ObjectiveInput(
    "margin_chosen", .number, "weighted rewards of the other objectives, chosen completion",
    isKnownInTraining: true, column: "margin_chosen")
  /// w₋ᵀR of the rejected completion.
  public static let marginRejected = ObjectiveInput(
    "margin_rejected", .number, "weighted rewards of the other objectives, rejected completion",
    isKnownInTraining: true, column: "margin_rejected")
  /// log Σ_v π(v)² at the chosen completion's tokens.
  public static let logSumSquaresChosen = ObjectiveInput(
    "log_sum_squares_chosen", .tokens, "log Σ_v π(v)² at the chosen completion's tokens",
    isKnownInTraining: true)
  /// log Σ_v π(v)² at the rejected completion's tokens.
  public static let logSumSquaresRejected = ObjectiveInput(
    "log_sum_squares_rejected", .tokens, "log Σ_v π(v)² at the rejected completion's tokens",
    isKnownInTraining: true)
  /// KL(π_ref‖π) at the chosen completion's tokens.
  public static let klChosen = ObjectiveInput(
    "kl_chosen", .tokens, "KL(π_ref‖π) at the chosen completion's tokens",
    isKnownInTraining: true)
  /// KL(π_ref‖π) at the rejected completion's tokens.
  public static let klRejected = ObjectiveInput(
    "kl_rejected", .tokens, "KL(π_ref‖π) at the rejected completion's tokens",
    isKnownInTraining: true)
  /// log π of a gold completion's tokens.
  public static let policyGold = ObjectiveInput(
    "policy_gold", .tokens, "log π of the gold completion's tokens",
    isKnownInTraining: true, column: "gold")
  /// log π of the tokens of a response of the reference.
  public static let policyResponse = ObjectiveInput(
    "policy_reference_response", .tokens, "log π of the tokens of a response of the reference",
    isKnownInTraining: true, column: "reference_response")
  /// log π_ref of the tokens of a response of the reference.
  public static let referenceResponse = ObjectiveInput(
    "ref_reference_response", .tokens, "log π_ref of the tokens of a response of the reference",
    isKnownInTraining: true, column: "reference_response")
  /// Σ log π of completions beside prompts they do not belong to.
  public static let policyMismatched = ObjectiveInput(
    "policy_mismatched", .number, "log π of completions under other rows' prompts, sums",
    isKnownInTraining: true)
  /// Σ log π_ref of completions beside prompts they do not belong to.
  public static let referenceMismatched = ObjectiveInput(
    "ref_mismatched", .number, "log π_ref of completions under other rows' prompts, sums",
    isKnownInTraining: true)
  /// u(x) of undesirable examples.
  public static let densityRatios = ObjectiveInput(
    "density_ratios", .number, "u(x) of rejected rows: how much likelier among desirable prompts",
    isKnownInTraining: true)
  /// log π of a list's candidates.
  public static let policyList = ObjectiveInput(
    "policy", .candidates, "log π of each candidate: its tokens, or their sum",
    isKnownInTraining: true)
  /// log π_ref of a list's candidates.
  public static let referenceList = ObjectiveInput(
    "ref", .candidates, "log π_ref of each candidate: its tokens, or their sum",
    isKnownInTraining: true)
  /// ψ of a list's candidates.
  public static let labels = ObjectiveInput(
    "labels", .candidateNumbers, "ψ, how good each candidate is; larger is better",
    isKnownInTraining: true)
  /// ψ of a list's candidates, for losses that read their order alone.
  public static let orderedLabels = ObjectiveInput(
    "labels", .candidateOrder, "ψ, how good each candidate is; larger is better, not all equal",
    isKnownInTraining: true)
}
