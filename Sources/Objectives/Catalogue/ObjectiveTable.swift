// SPDX-License-Identifier: Apache-2.0

/// Every loss by name: the one place where a name becomes a type.
public enum ObjectiveTable {
  /// All rows, in the order in which they are shown.
  public static let entries: [ObjectiveEntry] =
    referencePairs + referenceFreePairs + pairsWithMore + unpaired + lists

  /// The loss that `sigmoid` becomes with another divergence, by the names of `f_divergence_type`.
  public static let divergences = [
    "reverse_kl": "sigmoid", "forward_kl": "f_dpo_forward_kl", "js_divergence": "f_dpo_js",
    "alpha_divergence": "f_dpo_alpha",
  ]

  /// The loss called `name`.
  ///
  /// - Throws: ``ObjectiveError/unknown(name:known:)``.
  public static func entry(_ name: String) throws(ObjectiveError) -> ObjectiveEntry {
    let wanted = name.lowercased().replacing("-", with: "_")
    guard let entry = entries.first(where: { $0.name == wanted || $0.aliases.contains(wanted) })
    else { throw .unknown(name: name, known: entries.map(\.name)) }
    return entry
  }

  /// One loss on other rows than pairs.
  ///
  /// - Parameters:
  ///   - name: of one loss.
  ///   - kind: the rows it has to learn from.
  ///   - settings: options of that loss.
  /// - Returns: the loss, and its row of the table.
  /// - Throws: ``ObjectiveError``.
  public static func loss(
    _ name: String, on kind: ObjectiveEntry.Kind, settings: ObjectiveSettings = ObjectiveSettings()
  ) throws(ObjectiveError) -> (loss: ObjectiveEntry.Loss, entry: ObjectiveEntry) {
    let entry = try entry(name)
    guard entry.kind == kind else {
      throw .otherRows(loss: entry.name, rows: entry.kind.rows, command: entry.kind.command)
    }
    return (try entry.loss(settings), entry)
  }

  /// One loss on pairs from a list of names and weights.
  ///
  /// - Parameters:
  ///   - names: at least one; several are summed.
  ///   - weights: one a name, above 0; empty weighs each 1.
  ///   - settings: options; each must be one of some loss in the list.
  /// - Returns: the loss, and the rows it is made from.
  /// - Throws: ``ObjectiveError``.
  public static func pairLoss(
    _ names: [String], weights: [Double] = [], settings: ObjectiveSettings = ObjectiveSettings()
  ) throws(ObjectiveError) -> (objective: any PairObjective, entries: [ObjectiveEntry]) {
    var chosen: [ObjectiveEntry] = []
    for name in names { chosen.append(try entry(name)) }
    guard weights.isEmpty || weights.count == names.count else {
      throw .weightCount(losses: names, weights: weights.count)
    }
    if let weight = weights.first(where: { !($0 > 0 && $0.isFinite) }) { throw .weight(weight) }
    let known = Set(chosen.flatMap { $0.options.map(\.option.name) })
    if let name = settings.names.first(where: { !known.contains($0) }) {
      throw .noOption(option: name, losses: names)
    }
    var parts: [ObjectiveMix.Part] = []
    for (place, entry) in chosen.enumerated() {
      guard case .pairs(let objective) = try entry.make(settings) else {
        throw .otherRows(
          loss: entry.name, rows: entry.kind.rows, command: entry.kind.command)
      }
      parts.append((objective, weights.isEmpty ? 1 : weights[place]))
    }
    let thirds = Set(parts.compactMap(\.objective.thirdCompletion)).map(\.rawValue).sorted()
    guard thirds.count < 2 else { throw .clash(losses: names, fields: thirds) }
    guard let only = parts.first else { throw .unknown(name: "", known: entries.map(\.name)) }
    let isPlain = parts.count == 1 && only.weight == 1
    return (isPlain ? only.objective : ObjectiveMix(parts: parts), chosen)
  }
}
