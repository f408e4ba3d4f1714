// SPDX-License-Identifier: Apache-2.0

extension ObjectiveInput {
  /// Stops at a field that is no list of rows, a row that is empty or of another form, a number that is not finite.
  func check(_ numbers: NestedNumbers) throws(ObjectiveError) {
    guard let rows = numbers.elements, !rows.isEmpty else {
      throw .field(name, problem: "expected a list of rows, at least one")
    }
    for (place, row) in rows.enumerated() {
      if let problem = problem(of: row) {
        throw .row(field: name, row: place + 1, problem: problem)
      }
    }
  }

  /// What is wrong with a row and what to do, nil where all is well.
  private func problem(of row: NestedNumbers) -> String? {
    guard isOfForm(row) else { return "expected \(expectation)" }
    if let index = row.flat.firstIndex(where: { !$0.isFinite }) {
      let value = row.flat[index]
      let subject = row.depth > 0 ? "number \(index + 1) of it" : "it"
      guard value == -.infinity else {
        return "\(subject) is \(value): expected a finite number; leave the row out"
      }
      return "\(subject) is −∞: the model gives that token no probability; leave the row out, or "
        + "check that tokenizer and model belong together"
    }
    if hasEmptyPart(row) {
      return "is empty: a completion has at least one token; drop the row in all fields"
    }
    guard form == .candidateNumbers || form == .candidateOrder else { return nil }
    if row.flat.count == 1 {
      return "has one candidate: a list needs two to compare; drop the row in all fields"
    }
    guard form == .candidateOrder, Set(row.flat).count == 1 else { return nil }
    return "all candidates are tied, which leaves nothing to learn; drop the row in all fields"
  }

  private var expectation: String {
    switch form {
    case .tokens: "a list of numbers, one a completion token"
    case .number: "one number"
    case .candidates: "a list with an element for each candidate: its log-probs, or their sum"
    case .candidateNumbers, .candidateOrder: "a list with a number for each candidate"
    }
  }

  private func isOfForm(_ row: NestedNumbers) -> Bool {
    func isNumber(_ part: NestedNumbers) -> Bool { part.elements == nil }
    return switch form {
    case .number: isNumber(row)
    case .tokens, .candidateNumbers, .candidateOrder: row.elements?.allSatisfy(isNumber) ?? false
    case .candidates:
      row.elements?.allSatisfy { isNumber($0) || ($0.elements?.allSatisfy(isNumber) ?? false) }
        ?? false
    }
  }

  private func hasEmptyPart(_ row: NestedNumbers) -> Bool {
    guard let parts = row.elements else { return false }
    return parts.isEmpty || parts.contains(where: hasEmptyPart)
  }
}

/// Whether the fields of a file belong together: as many rows, and of the same shape on both models.
struct InputAgreement {
  private let inputs: [(ObjectiveInput, NestedNumbers)]
  private let isPaired: Bool

  /// Fields of a loss; in pairs each row stands in all of them.
  init(_ inputs: [(ObjectiveInput, NestedNumbers)], isPaired: Bool) {
    self.inputs = inputs
    self.isPaired = isPaired
  }

  /// Fields of one group have as many rows.
  private func group(of input: ObjectiveInput) -> String {
    isPaired ? "" : input.side
  }

  /// Stops at the first field or row that does not fit the others.
  func check() throws(ObjectiveError) {
    for (input, numbers) in inputs {
      guard let (first, other) = inputs.first(where: { group(of: $0.0) == group(of: input) })
      else { continue }
      let (found, expected) = (numbers.elements ?? [], other.elements ?? [])
      guard found.count == expected.count else {
        throw .field(
          input.name,
          problem: "has \(found.count) rows, '\(first.name)' has \(expected.count); "
            + "each row needs its partner")
      }
    }
    for (input, numbers) in inputs {
      guard let partner = input.partner,
        let (first, other) = inputs.first(where: { $0.0.name == partner })
      else { continue }
      for (place, (row, same)) in zip(numbers.elements ?? [], other.elements ?? []).enumerated() {
        guard let problem = row.mismatch(with: same, named: first.name) else { continue }
        throw .row(field: input.name, row: place + 1, problem: problem)
      }
    }
  }
}

extension ObjectiveInput {
  /// The input whose rows have the shape of this one's, by name; nil for the policy's own and for plain numbers.
  fileprivate var partner: String? {
    guard form != .number else { return nil }
    if name == "ref" || name == "labels" { return "policy" }
    for prefix in ["ref_", "log_sum_squares_", "kl_"] where name.hasPrefix(prefix) {
      return "policy_" + name.dropFirst(prefix.count)
    }
    return nil
  }

  /// Where examples are not paired, those that belong together.
  fileprivate var side: String {
    if self == .densityRatios { return "rejected" }
    return ["chosen", "rejected", "mismatched"].first { name.hasSuffix($0) } ?? ""
  }
}

extension NestedNumbers {
  /// How this row differs in shape from the same row of another model, in words.
  fileprivate func mismatch(with other: NestedNumbers, named name: String) -> String? {
    switch (self, other) {
    case (.number, _): return nil
    case (.list(let mine), .list(let theirs)):
      guard mine.count == theirs.count else {
        return "has length \(mine.count), the same row of '\(name)' has \(theirs.count); "
          + "both must be about the same tokens or candidates"
      }
      return zip(mine, theirs).lazy.compactMap { $0.mismatch(with: $1, named: name) }.first
    default: return "is written otherwise than the same row of '\(name)'"
    }
  }
}
