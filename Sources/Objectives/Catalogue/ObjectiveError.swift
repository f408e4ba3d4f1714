// SPDX-License-Identifier: Apache-2.0

/// A loss that cannot be made or evaluated as asked.
public enum ObjectiveError: Error, Equatable, CustomStringConvertible {
  /// No loss has this name.
  case unknown(name: String, known: [String])
  /// None of the losses has this option.
  case noOption(option: String, losses: [String])
  /// A value outside an option's range.
  case value(option: String, expected: String, found: Double)
  /// Another number of weights than of losses.
  case weightCount(losses: [String], weights: Int)
  /// A weight that is no number above 0.
  case weight(Double)
  /// A loss that needs more than the command can give.
  case needs(loss: String, input: String)
  /// A loss on rows of another kind than the command's.
  case otherRows(loss: String, rows: String, command: String)
  /// Losses that read different things where only one fits in.
  case clash(losses: [String], fields: [String])
  /// An input a loss needs is not there.
  case missing(loss: String, field: String, needed: [String])
  /// A field that no loss knows.
  case unknownField(String, known: [String])
  /// A row that cannot be used.
  case row(field: String, row: Int, problem: String)
  /// A field that cannot be used as a whole.
  case field(String, problem: String)
  /// A loss that is not finite for these inputs.
  case notFinite(loss: String, row: Int?)

  /// Whether the numbers are at fault, and not a name or a setting.
  public var isAboutData: Bool {
    switch self {
    case .missing, .unknownField, .row, .field, .notFinite: true
    default: false
    }
  }

  /// The error in words.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "loss_type '\(name)' is unknown; known: \(known.joined(separator: ", "))"
    case .noOption(let option, let losses):
      "--\(option): no effect on \(losses.joined(separator: ", ")); leave it out"
    case .value(let option, let expected, let found):
      "--\(option): expected \(expected), found \(found)"
    case .weightCount(let losses, let weights):
      "loss_weights: \(weights) for \(losses.count) losses (\(losses.joined(separator: ", "))); "
        + "give one number a loss"
    case .weight(let weight):
      "loss_weights: expected numbers above 0, found \(weight); leave a loss out instead"
    case .needs(let loss, let input):
      "loss_type '\(loss)' needs \(input), which preference rows do not hold; "
        + "'attune objectives evaluate \(loss)' takes it"
    case .otherRows(let loss, let rows, let command):
      "loss_type '\(loss)' needs \(rows): 'attune \(command) --loss_type \(loss)' trains it"
    case .clash(let losses, let fields):
      "loss_type \(losses.joined(separator: ",")): these losses read different third completions "
        + "(\(fields.joined(separator: ", "))); train with one of them"
    case .missing(let loss, let field, let needed):
      "field '\(field)' is missing; \(loss) needs \(needed.joined(separator: ", "))"
    case .unknownField(let field, let known):
      "field '\(field)' is unknown; known: \(known.joined(separator: ", "))"
    case .row(let field, let row, let problem): "row \(row) of '\(field)': \(problem)"
    case .field(let field, let problem): "field '\(field)': \(problem)"
    case .notFinite(let loss, let row):
      "\(loss): \(row.map { "the loss of row \($0)" } ?? "the loss") is not finite: "
        + "its log-probabilities are too far from each other; check that both models read the same tokens"
    }
  }
}
