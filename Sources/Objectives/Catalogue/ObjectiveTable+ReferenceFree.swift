// SPDX-License-Identifier: Apache-2.0

// Losses on pairs without a reference. ā = log π(y)/n, NLL = −Σ log π(y_w) / Σ n_w over the batch.
extension ObjectiveTable {
  static let referenceFreePairs: [ObjectiveEntry] = [
    .pairs(
      "cpo", "CPO", "−log σ(β(log π_w − log π_l)) + α NLL", "Xu et al. 2024, arXiv:2401.08417",
      CPO(), [(.beta, \.beta), (.cpoAlpha, \.cpoAlpha)], needing: policyPair),
    .pairs(
      "cpo_hinge", "CPO, hinge", "max(0, 1 − β(log π_w − log π_l)) + α NLL",
      "Xu et al. 2024, arXiv:2401.08417; TRL", CPOHinge(),
      [(.beta, \.beta), (.cpoAlpha, \.cpoAlpha)], needing: policyPair),
    .pairs(
      "cpo_ipo", "CPO, squared", "(ā_w − ā_l − 1/(2β))² + α NLL",
      "Xu et al. 2024, arXiv:2401.08417; TRL", CPOIPO(),
      [(.beta, \.beta), (.cpoAlpha, \.cpoAlpha)], needing: policyPair),
    .pairs(
      "simpo", "SimPO", "−log σ(β(ā_w − ā_l) − γ)", "Meng et al. 2024, arXiv:2405.14734", SimPO(),
      [(.beta, \.beta), (.simpoGamma, \.gamma)], needing: policyPair),
    .pairs(
      "cpo_simpo", "CPO-SimPO", "−log σ(β(ā_w − ā_l) − γ) + α NLL",
      "Omar 2024; arXiv:2405.14734 with arXiv:2401.08417", CPOSimPO(),
      [(.beta, \.beta), (.simpoGamma, \.gamma), (.cpoAlpha, \.cpoAlpha)], needing: policyPair),
    .pairs(
      "alphapo", "AlphaPO", "−log σ(β(ρ_w − ρ_l) − γ), ρ = (1 − e^(−αā))/α",
      "Gupta et al. 2025, arXiv:2501.03884", AlphaPO(),
      [(.beta, \.beta), (.simpoGamma, \.gamma), (.alphaPO, \.alpha)], needing: policyPair),
    .pairs(
      "orpo", "ORPO", "NLL − β log σ(log odds_w − log odds_l), odds = p/(1−p), p = e^ā",
      "Hong et al. 2024, arXiv:2403.07691", ORPO(), [(.beta, \.beta)], needing: policyPair),
    .pairs(
      "slic_hf", aliases: ["slic"], "SLiC-HF", "max(0, δ − log π_w + log π_l) + λ NLL",
      "Zhao et al. 2023, arXiv:2305.10425", SLiCHF(),
      [(.slicDelta, \.delta), (.nllWeight, \.nllWeight)], needing: policyPair),
    .pairs(
      "rrhf", "RRHF", "max(0, ā_l − ā_w) + λ NLL", "Yuan et al. 2023, arXiv:2304.05302", RRHF(),
      [(.nllWeight, \.nllWeight)], needing: policyPair),
    .pairs(
      "simper", "SimPER", "−e^ā_w + e^ā_l", "Xiao et al. 2025, arXiv:2502.00883", SimPER(), [],
      needing: policyPair),
  ]
}
