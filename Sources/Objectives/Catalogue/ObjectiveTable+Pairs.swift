// SPDX-License-Identifier: Apache-2.0

// Losses on pairs beside a reference. D = a − r, a = log π(y_w)/π_ref(y_w), r the same of y_l, n tokens.
extension ObjectiveTable {
  static let referencePairs: [ObjectiveEntry] = [
    .pairs(
      "sigmoid", aliases: ["dpo"], "DPO", "−(1−ε) log σ(βD) − ε log σ(−βD), ε = 0 by default",
      "Rafailov et al. 2023, arXiv:2305.18290", DPO(),
      [(.beta, \.beta), (.labelSmoothing, \.labelSmoothing)]),
    .pairs(
      "cdpo", "Conservative DPO", "−(1−ε) log σ(βD) − ε log σ(−βD)",
      "Mitchell 2023, a note on DPO with noisy preferences", DPO(labelSmoothing: 0.1),
      [(.beta, \.beta), (.labelSmoothing, \.labelSmoothing)]),
    .pairs(
      "robust", "Robust DPO", "[−(1−ε) log σ(βD) + ε log σ(−βD)] / (1−2ε)",
      "Chowdhury et al. 2024, arXiv:2403.00409", RobustDPO(),
      [(.beta, \.beta), (.labelSmoothing, \.labelSmoothing)]),
    .pairs(
      "hinge", aliases: ["rso"], "Hinge (RSO)", "max(0, 1 − βD)",
      "Liu et al. 2023, arXiv:2309.06657", RatioHinge(), [(.beta, \.beta)]),
    .pairs(
      "ipo", "IPO, length-normalised", "(a/n_w − r/n_l − 1/(2β))²",
      "Azar et al. 2023, arXiv:2310.12036; TRL", IPO(), [(.beta, \.beta)]),
    .pairs(
      "ipo_sum", "IPO", "(D − 1/(2β))²", "Azar et al. 2023, arXiv:2310.12036",
      IPO(isLengthNormalized: false), [(.beta, \.beta)]),
    .pairs(
      "sigmoid_norm", aliases: ["dpo_norm"], "Length-normalised DPO", "−log σ(β(a/n_w − r/n_l))",
      "Lambert et al. 2024, arXiv:2411.15124", MeanRatioDPO(), [(.beta, \.beta)]),
    .pairs(
      "exo_pair", aliases: ["exo"], "EXO",
      "q(log q − log(1−ε)) + (1−q)(log(1−q) − log ε), q = σ(βD)",
      "Ji et al. 2024, arXiv:2402.00856", EXO(),
      [(.beta, \.beta), (.positiveSmoothing, \.labelSmoothing)]),
    .pairs(
      "nca_pair", aliases: ["nca"], "NCA", "−log σ(βa) − ½ log σ(−βa) − ½ log σ(−βr)",
      "Chen et al. 2024, arXiv:2402.05369", NCA(), [(.beta, \.beta)]),
    .pairs(
      "bco_pair", "BCO on pairs", "−log σ(βa) − log σ(−βr)",
      "Jung et al. 2024, arXiv:2404.04656", BCOPair(), [(.beta, \.beta)]),
    .pairs(
      "bco_shift", "BCO on pairs, with reward shift",
      "−log σ(βa−δ) − log σ(−(βr−δ)), δ = ½(mean βa + mean βr)",
      "Jung et al. 2024, arXiv:2404.04656", BCOPair(centersRewards: true), [(.beta, \.beta)]),
    .pairs(
      "sppo_hard", aliases: ["sppo"], "SPPO, hard labels", "(a − 1/(2β))² + (r + 1/(2β))²",
      "Wu et al. 2024, arXiv:2405.00675", SPPO(), [(.beta, \.beta)]),
    .pairs(
      "aot", aliases: ["aot_pair"], "AOT, paired",
      "−log σ(βδ), δ = sort(log π_w − log π_l) − sort(log ref_w − log ref_l) over the batch",
      "Melnyk et al. 2024, arXiv:2406.05882", AOT(),
      [(.beta, \.beta), (.labelSmoothing, \.labelSmoothing)]),
    .pairs(
      "aot_unpaired", "AOT, unpaired", "−log σ(βδ), δ = sort(a) − sort(r) over the batch",
      "Melnyk et al. 2024, arXiv:2406.05882", UnpairedAOT(),
      [(.beta, \.beta), (.labelSmoothing, \.labelSmoothing)]),
    .pairs(
      "apo_zero", "APO-zero", "1 − σ(βa) + σ(βr)", "D'Oosterlinck et al. 2024, arXiv:2408.06266",
      APOZero(), [(.beta, \.beta)]),
    .pairs(
      "apo_down", "APO-down", "σ(βa) + 1 − σ(βD)", "D'Oosterlinck et al. 2024, arXiv:2408.06266",
      APODown(), [(.beta, \.beta)]),
    .pairs(
      "discopop", "DiscoPOP", "−(1−m) log σ(z) + m e^−z, z = βD, m = σ(z/τ)",
      "Lu et al. 2024, arXiv:2406.08414", DiscoPOP(), [(.beta, \.beta), (.discopopTau, \.tau)]),
    .pairs(
      "sft", "Likelihood of the chosen", "−Σ log π(chosen tokens) / their number, over the batch",
      "Wang et al. 2024, arXiv:2411.10442; TRL", ChosenLikelihood(), [], needing: [.policyChosen]),
    .pairs(
      "mpo", "Mixed preference optimization", "0.8 sigmoid + 0.2 bco_pair + 1 sft",
      "Wang et al. 2024, arXiv:2411.10442", MPO(), [(.beta, \.beta)]),
    .pairs(
      "f_dpo_forward_kl", "f-DPO, forward KL", "−log σ(β[(1−e^−a) − (1−e^−r)])",
      "Wang et al. 2023, arXiv:2309.16240", FDPO(.forwardKL), [(.beta, \.beta)]),
    .pairs(
      "f_dpo_js", "f-DPO, Jensen-Shannon", "−log σ(β[log σ(a) − log σ(r)])",
      "Wang et al. 2023, arXiv:2309.16240", FDPO(.jensenShannon), [(.beta, \.beta)]),
    .pairs(
      "f_dpo_alpha", "f-DPO, α-divergence", "−log σ(β[g(a) − g(r)]), g(x) = (e^((α−1)x) − 1)/(α−1)",
      "Wang et al. 2023, arXiv:2309.16240", FDPO(.alpha),
      [(.beta, \.beta), (.alphaDivergence, \.alpha)]),
    .pairs(
      "ld_dpo", "LD-DPO",
      "−log σ(βD), tokens beyond min(n_w, n_l) weighing α", "Liu et al. 2024, arXiv:2409.06411",
      LDDPO(), [(.beta, \.beta), (.ldAlpha, \.alpha)]),
    .pairs(
      "r_dpo", "R-DPO", "−log σ(βD + α(n_w − n_l))", "Park et al. 2024, arXiv:2403.19159",
      LengthRegularizedDPO(), [(.beta, \.beta), (.lengthAlpha, \.alpha)]),
    .pairs(
      "dpop", "DPO-Positive", "−log σ(β(D − λ max(0, −a)))", "Pal et al. 2024, arXiv:2402.13228",
      DPOP(), [(.beta, \.beta), (.dpopLambda, \.lambda)]),
    .pairs(
      "rpo", "RPO", "−log σ(βD) − α log π(y_w)/n_w", "Pang et al. 2024, arXiv:2404.19733", RPO(),
      [(.beta, \.beta), (.rpoAlpha, \.alpha)]),
    .pairs(
      "cal_dpo", "Cal-DPO", "−log σ(D) + (a − 1/(2β))² + (r + 1/(2β))²",
      "Xiao et al. 2024, arXiv:2412.14516", CalDPO(), [(.beta, \.beta)]),
    .pairs(
      "kto_pair", "KTO on pairs",
      "½[1 − σ(β(a − z_l))] + ½[1 − σ(β(z_w − r))], z = max(0, mean ratio of the half)",
      "Ethayarajh et al. 2024, arXiv:2402.01306; OpenRLHF", KTOPair(), [(.beta, \.beta)]),
  ]
}
