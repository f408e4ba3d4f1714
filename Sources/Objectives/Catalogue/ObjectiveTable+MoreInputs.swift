// SPDX-License-Identifier: Apache-2.0

// Losses on pairs that need more than two completions and their log-probabilities.
extension ObjectiveTable {
  private static let both = policyPair + referencePair

  static let pairsWithMore: [ObjectiveEntry] = [
    .pairs(
      "odpo", "ODPO", "−log σ(βD − Δ)", "Amini et al. 2024, arXiv:2402.10571", ODPO(),
      [(.beta, \.beta)], needing: both + [.margins]),
    .pairs(
      "wpo", "WPO", "−ω_w ω_l log σ(βD), ω = exp mean_t(log π_t − log Σ_v π(v)²)",
      "Zhou et al. 2024, arXiv:2406.11827", WPO(), [(.beta, \.beta)],
      needing: both + [.logSumSquaresChosen, .logSumSquaresRejected]),
    .pairs(
      "modpo", "MODPO", "−log σ((βD − w₋ᵀ(R_w − R_l)) / w_k)",
      "Zhou et al. 2023, arXiv:2310.03708", MODPO(), [(.beta, \.beta), (.modpoWeight, \.weight)],
      needing: both + [.marginChosen, .marginRejected], reproduction: "attune reproduce modpo"),
    .pairs(
      "selm", "SELM", "−log σ(βD) + αβ(log π(ŷ) − log π_ref(ŷ))",
      "Zhang et al. 2024, arXiv:2405.19332", SELM(), [(.beta, \.beta), (.selmAlpha, \.alpha)],
      needing: both + [.policyResponse, .referenceResponse]),
    .pairs(
      "xpo", "XPO", "−log σ(βD) + α log π(ỹ)", "Xie et al. 2024, arXiv:2405.21046", XPO(),
      [(.beta, \.beta), (.selmAlpha, \.alpha)], needing: both + [.policyResponse]),
    .pairs(
      "tdpo", "TDPO", "−log σ(β(D − (δ_l − δ_w))), δ = Σ_t KL(π_ref‖π)",
      "Zeng et al. 2024, arXiv:2404.11999", TDPO(), [(.beta, \.beta)],
      needing: both + [.klChosen, .klRejected]),
    .pairs(
      "tdpo2", "TDPO2", "−log σ(β(D − α(δ_l − sg δ_w))), δ = Σ_t KL(π_ref‖π)",
      "Zeng et al. 2024, arXiv:2404.11999", TDPO2(), [(.beta, \.beta), (.tdpoAlpha, \.alpha)],
      needing: both + [.klChosen, .klRejected]),
    .pairs(
      "tpo", "TPO", "−log σ(β(log π_w − log π_l)) + α NLL(gold)",
      "Saeidi et al. 2024, arXiv:2405.16681", TPO(), [(.beta, \.beta), (.tpoAlpha, \.alpha)],
      needing: policyPair + [.policyGold]),
    .pairs(
      "tpo_l", "TPO-L", "−log σ(β(ā_w − ā_l) − γ) + α NLL(gold)",
      "Saeidi et al. 2024, arXiv:2405.16681", TPOL(),
      [(.beta, \.beta), (.tpoGamma, \.gamma), (.tpoAlpha, \.alpha)],
      needing: policyPair + [.policyGold]),
  ]
}
