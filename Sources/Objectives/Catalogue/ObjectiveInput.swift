// SPDX-License-Identifier: Apache-2.0

/// Something a loss is computed from, by the name it has in a file.
public struct ObjectiveInput: Sendable, Hashable {
  /// How a row of it is written.
  public enum Form: Sendable, Hashable {
    /// A list of numbers, one a completion token.
    case tokens
    /// One number.
    case number
    /// A list with an element for each candidate: a list of numbers, one a token, or their sum.
    case candidates
    /// A list with a number for each of at least two candidates.
    case candidateNumbers
    /// The same, not all of them equal.
    case candidateOrder
  }

  /// Its name in a file.
  public let name: String
  /// How a row of it is written.
  public let form: Form
  /// What it is, half a line.
  public let meaning: String
  /// Whether training has it: rows, policy and reference give it.
  public let isKnownInTraining: Bool
  /// The column of a row that training takes it from; nil where models or the row's type give it.
  public let column: String?

  init(
    _ name: String, _ form: Form, _ meaning: String, isKnownInTraining: Bool = false,
    column: String? = nil
  ) {
    self.name = name
    self.form = form
    self.meaning = meaning
    self.isKnownInTraining = isKnownInTraining
    self.column = column
  }
}

extension ObjectiveInput {
  /// log π of the chosen completion's tokens.
  public static let policyChosen = ObjectiveInput(
    "policy_chosen", .tokens, "log π of the chosen completion's tokens", isKnownInTraining: true)
  /// log π of the rejected completion's tokens.
  public static let policyRejected = ObjectiveInput(
    "policy_rejected", .tokens, "log π of the rejected completion's tokens",
    isKnownInTraining: true)
  /// log π_ref of the chosen completion's tokens.
  public static let referenceChosen = ObjectiveInput(
    "ref_chosen", .tokens, "log π_ref of the chosen completion's tokens", isKnownInTraining: true)
  /// log π_ref of the rejected completion's tokens.
  public static let referenceRejected = ObjectiveInput(
    "ref_rejected", .tokens, "log π_ref of the rejected completion's tokens",
    isKnownInTraining: true)
}

/// The inputs of losses on pairs, in the order in which they are shown.
let policyPair: [ObjectiveInput] = [.policyChosen, .policyRejected]
let referencePair: [ObjectiveInput] = [.referenceChosen, .referenceRejected]
