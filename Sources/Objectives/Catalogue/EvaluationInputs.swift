// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Inputs of a loss as float64 tensors, each number a leaf of its own so that gradients come back in the file's shape.
public final class EvaluationInputs {
  private struct Field {
    var numbers: NestedNumbers
    /// All numbers in one row, `[N]`.
    var leaf: Tensor
  }
  private var fields: [String: Field] = [:]
  /// Rows: pairs, examples or lists.
  public let rowCount: Int

  init(_ values: [(ObjectiveInput, NestedNumbers)]) {
    for (input, numbers) in values {
      fields[input.name] = Field(numbers: numbers, leaf: Tensor(numbers.flat).asParameter())
    }
    rowCount = values.first?.1.elements?.count ?? 0
  }

  /// Whether an input was given.
  func has(_ input: ObjectiveInput) -> Bool { fields[input.name] != nil }

  private func rows(_ input: ObjectiveInput) -> [NestedNumbers] {
    fields[input.name]?.numbers.elements ?? []
  }

  private func leaf(_ input: ObjectiveInput) -> Tensor {
    fields[input.name]?.leaf ?? Tensor([Double]())
  }

  /// Numbers of parts of one vector, summed part by part, in any shape.
  private func sums(_ leaf: Tensor, lengths: [Int]) -> Tensor {
    let owners = lengths.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
    return Tensor.zeros([lengths.count], elementType: .float64)
      .scatterAdding(0, Tensor(owners), leaf)
  }

  /// Parts of one vector as rows of a table, zero behind their ends.
  private func table(_ leaf: Tensor, lengths: [Int]) -> Tensor {
    let width = lengths.max() ?? 0
    let places = lengths.enumerated().flatMap { row, length in
      (0..<length).map { row * width + $0 }
    }
    return Tensor.zeros([lengths.count * width], elementType: .float64)
      .scattering(0, Tensor(places), leaf).reshaped([lengths.count, width])
  }

  /// The sum of each row, `[B]`.
  public func sums(_ input: ObjectiveInput) -> Tensor {
    sums(leaf(input), lengths: rows(input).map(\.flat.count))
  }

  /// Numbers of each row, `[B]`.
  public func counts(_ input: ObjectiveInput) -> Tensor {
    Tensor(rows(input).map { Double($0.flat.count) })
  }

  /// The numbers of each row, `[B, T]`, zero behind a row's end.
  public func table(_ input: ObjectiveInput) -> Tensor {
    table(leaf(input), lengths: rows(input).map(\.flat.count))
  }

  /// One number for each candidate of each list, its sum where it has several: `[B, K]`, 0 in empty places.
  public func candidates(_ input: ObjectiveInput) -> Tensor {
    let lists = rows(input).map { $0.elements ?? [] }
    let each = sums(leaf(input), lengths: lists.flatMap { $0.map(\.flat.count) })
    return table(each, lengths: lists.map(\.count))
  }

  /// 1 where a list has a candidate, `[B, K]`.
  public func candidateMask(_ input: ObjectiveInput) -> Tensor {
    let counts = rows(input).map { $0.elements?.count ?? 0 }
    return table(
      Tensor([Double](repeating: 1, count: counts.reduce(0, +))), lengths: counts)
  }

  /// The gradient in the shape of the file; zeros where none arrived.
  func gradient(_ input: ObjectiveInput) -> NestedNumbers {
    guard let field = fields[input.name] else { return .list([]) }
    let zeros = [Double](repeating: 0, count: field.leaf.elementCount)
    var values = (field.leaf.grad?.doubles ?? zeros)[...]
    return field.numbers.refilled(&values)
  }
}

extension EvaluationInputs {
  /// What losses on pairs are computed from; what was not given stays nil, or zero for a reference.
  var pairs: PairInputs {
    var pairs = PairInputs(
      policy: halves(.policyChosen, .policyRejected),
      reference: halves(.referenceChosen, .referenceRejected))
    pairs.tokenCounts = PairLogProbs(
      chosen: counts(.policyChosen),
      rejected: has(.policyRejected) ? counts(.policyRejected) : zeros)
    pairs.policyTokens = tables(.policyChosen, .policyRejected)
    pairs.referenceTokens = tables(.referenceChosen, .referenceRejected)
    pairs.logSumSquares = tables(.logSumSquaresChosen, .logSumSquaresRejected)
    if has(.klChosen) { pairs.divergences = halves(.klChosen, .klRejected) }
    if has(.margins) { pairs.margins = sums(.margins) }
    if has(.marginChosen) {
      pairs.otherMargins = sums(.marginChosen) - sums(.marginRejected)
    }
    for response in [ObjectiveInput.policyGold, .policyResponse] where has(response) {
      pairs.third = ThirdCompletion(
        policy: sums(response),
        reference: has(.referenceResponse) ? sums(.referenceResponse) : zeros,
        tokenCounts: counts(response))
    }
    return pairs
  }

  /// What losses on single completions are computed from: the chosen rows are desirable, the rejected ones not.
  var unpaired: UnpairedInputs {
    var inputs = UnpairedInputs(
      policy: halves(.policyChosen, .policyRejected),
      reference: halves(.referenceChosen, .referenceRejected))
    if has(.policyMismatched) {
      inputs.mismatchedRatios = sums(.policyMismatched) - sums(.referenceMismatched)
    }
    if has(.densityRatios) { inputs.densityRatios = sums(.densityRatios) }
    return inputs
  }

  /// What a loss on lists is computed from.
  func lists(_ loss: ListwiseLoss) -> ListInputs {
    loss.inputs(
      policy: candidates(.policyList), reference: candidates(.referenceList),
      labels: candidates(.labels), mask: candidateMask(.labels))
  }

  private var zeros: Tensor { .zeros([rowCount], elementType: .float64) }

  private func halves(_ chosen: ObjectiveInput, _ rejected: ObjectiveInput) -> PairLogProbs {
    PairLogProbs(
      chosen: has(chosen) ? sums(chosen) : zeros, rejected: has(rejected) ? sums(rejected) : zeros)
  }

  private func tables(_ chosen: ObjectiveInput, _ rejected: ObjectiveInput) -> PairTokens? {
    guard has(chosen), has(rejected) else { return nil }
    return PairTokens(chosen: table(chosen), rejected: table(rejected))
  }
}
