// SPDX-License-Identifier: Apache-2.0

import Torch

/// A loss on given numbers, in float64, with its gradients.
public struct ObjectiveEvaluation: Sendable {
  /// The loss of the batch.
  public let loss: Double
  /// The loss of each row.
  public let losses: [Double]
  /// ∂loss/∂input for each input the loss names, in the shape of the input; zeros where it is used without gradient.
  public let gradients: [(name: String, values: NestedNumbers)]

  /// Computes a loss.
  ///
  /// - Parameters:
  ///   - name: what messages call the loss.
  ///   - entries: the rows of the table it is made from.
  ///   - loss: the loss itself.
  ///   - fields: numbers by input name; fields that are inputs of other losses are left alone.
  /// - Throws: ``ObjectiveError``, naming field and row.
  public init(
    _ name: String, entries: [ObjectiveEntry], loss: ObjectiveEntry.Loss,
    fields: [String: NestedNumbers]
  ) throws(ObjectiveError) {
    let inputs = try Self.checked(name, entries, fields)
    let values = EvaluationInputs(inputs)
    let (losses, total) =
      switch loss {
      case .pairs(let objective):
        { (losses: Tensor) in (losses, losses.mean()) }(objective.losses(values.pairs))
      case .unpaired(let objective):
        { (inputs: UnpairedInputs) in
          let losses = objective.losses(inputs, anchor: objective.anchor(of: inputs))
          return (losses, losses.mean())
        }(values.unpaired)
      case .lists(let loss):
        { (losses: Tensor) in (losses, losses.mean()) }(loss.objective.losses(values.lists(loss)))
      }
    self.losses = losses.detached().doubles
    self.loss = total.detached().item
    if let row = self.losses.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(loss: name, row: row + 1)
    }
    guard self.loss.isFinite else { throw .notFinite(loss: name, row: nil) }
    if total.requiresGrad { total.backward() }
    gradients = inputs.map { ($0.0.name, values.gradient($0.0)) }
    for (field, gradient) in gradients where !gradient.flat.allSatisfy(\.isFinite) {
      throw .field(field, problem: "the gradient of \(name) is not finite there")
    }
  }

  /// The inputs the losses name, in order, once all is well with them.
  private static func checked(
    _ name: String, _ entries: [ObjectiveEntry], _ fields: [String: NestedNumbers]
  ) throws(ObjectiveError) -> [(ObjectiveInput, NestedNumbers)] {
    let known = Set(ObjectiveTable.entries.flatMap { $0.inputs.map(\.name) })
    if let field = fields.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unknownField(field, known: known.sorted())
    }
    var needed: [ObjectiveInput] = []
    for input in entries.flatMap(\.inputs) where !needed.contains(where: { $0.name == input.name })
    {
      needed.append(input)
    }
    var inputs: [(ObjectiveInput, NestedNumbers)] = []
    for input in needed {
      guard let numbers = fields[input.name] else {
        throw .missing(loss: name, field: input.name, needed: needed.map(\.name))
      }
      try input.check(numbers)
      inputs.append((input, numbers))
    }
    try InputAgreement(inputs, isPaired: entries.allSatisfy(\.isPairLoss)).check()
    return inputs
  }
}
