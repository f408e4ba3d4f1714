// SPDX-License-Identifier: Apache-2.0

// Losses on single completions: the chosen rows are the desirable ones, the rejected rows the undesirable ones.
extension ObjectiveTable {
  static let unpaired: [ObjectiveEntry] = [
    unpaired(
      "kto", "KTO",
      "λ_D(1 − σ(β(a − z))) or λ_U(1 − σ(β(z − r))), z = max(0, mean mismatched ratio)",
      "Ethayarajh et al. 2024, arXiv:2402.01306", KTO(),
      [
        (.beta, \.beta), (.desirableWeight, \.desirableWeight),
        (.undesirableWeight, \.undesirableWeight),
      ], needing: [.policyMismatched, .referenceMismatched]),
    unpaired(
      "apo_zero_unpaired", "APO-zero, unpaired", "1 − σ(βa) or σ(βr)",
      "D'Oosterlinck et al. 2024, arXiv:2408.06266; TRL", UnpairedAPOZero(), [(.beta, \.beta)]),
    unpaired(
      "bco", aliases: ["bco_unpaired"], "BCO with distribution matching",
      "−log σ(βa − δ) or −u(x) log σ(−(βr − δ)), δ = ½(mean βa + mean βr)",
      "Jung et al. 2024, arXiv:2404.04656", UnpairedBCO(), [(.beta, \.beta)],
      needing: [.densityRatios]),
  ]

  private static func unpaired<Objective: UnpairedObjective & Sendable>(
    _ name: String, aliases: [String] = [], _ title: String, _ formula: String, _ source: String,
    _ start: Objective,
    _ options: [(ObjectiveOption, any WritableKeyPath<Objective, Double> & Sendable)],
    needing more: [ObjectiveInput] = []
  ) -> ObjectiveEntry {
    ObjectiveEntry(
      name: name, aliases: aliases, title: title, formula: formula, source: source,
      inputs: policyPair + referencePair + more,
      options: options.map { ($0.0, start[keyPath: $0.1]) }, kind: .unpaired,
      areVectorsChecked: true, reproduction: nil,
      build: { .unpaired($0.applied(to: start, options)) })
  }
}
