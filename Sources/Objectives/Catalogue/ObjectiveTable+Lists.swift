// SPDX-License-Identifier: Apache-2.0

// Losses on lists: s = β (log π − log π_ref) of each candidate, ψ its label.
extension ObjectiveTable {
  static let lists: [ObjectiveEntry] = [
    list(
      "pair_logistic", "Pair-logistic", "Σ_{ψ_i>ψ_j} softplus(−(s_i − s_j))", lipo, PairLogistic()),
    list(
      "pair_hinge", "Pair-hinge", "Σ_{ψ_i>ψ_j} max(0, 1 − (s_i − s_j))", lipo, PairHinge()),
    list(
      "list_mle", aliases: ["dpo_pl"], "List-MLE (Plackett-Luce DPO)",
      "Σ_k [log Σ_{m≥k} exp s_τ(m) − s_τ(k)], τ by decreasing ψ", lipo, ListMLE()),
    list("softmax", "List softmax", "−Σ_i ψ_i log softmax(s)_i", lipo, ListSoftmax()),
    list(
      "info_nca", "InfoNCA", "−Σ_i softmax(ψ)_i log softmax(s)_i",
      "Chen et al. 2024, arXiv:2402.05369", InfoNCA()),
    list("point_mse", "Point-MSE", "Σ_i (ψ_i − s_i)²", lipo, PointMSE()),
    list(
      "point_sigmoid", "Point-sigmoid", "−Σ_i [ψ_i log σ(s_i) + (1−ψ_i) log σ(−s_i)]", lipo,
      PointSigmoid()),
    list(
      "lipo_lambda", aliases: ["lipo"], "LiPO-λ",
      "Σ_{ψ_i>ψ_j} |G_i−G_j| |1/D(τ_i)−1/D(τ_j)| softplus(−(s_i − s_j)), G = 2^ψ−1, D(τ) = ln(1+τ)",
      lipo, LiPOLambda()),
  ]

  private static let lipo = "Liu et al. 2024, arXiv:2402.01878"

  private static func list(
    _ name: String, aliases: [String] = [], _ title: String, _ formula: String, _ source: String,
    _ objective: any ListObjective & Sendable
  ) -> ObjectiveEntry {
    ObjectiveEntry(
      name: name, aliases: aliases, title: title, formula: formula, source: source,
      inputs: [.policyList, .referenceList, objective.readsOrder ? .orderedLabels : .labels],
      options: [(.beta, DPO().beta)],
      kind: .lists, areVectorsChecked: true, reproduction: nil,
      build: { .lists(ListwiseLoss(objective, beta: $0[.beta] ?? DPO().beta)) })
  }
}
