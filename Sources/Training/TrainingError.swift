// SPDX-License-Identifier: Apache-2.0

/// What can go wrong while training.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// Not one row can be used.
  case noRows(method: String, reasons: [String])
  /// A setting outside its range, or settings that do not go together.
  case badSetting(name: String, value: String, wanted: String)
  /// A number stopped being finite; nothing was changed by that step.
  case notFinite(what: String, step: Int, rows: [Int])
  /// A reward gave something that is no score; nothing was changed by that step.
  case noScore(source: String, value: Double, prompt: String, step: Int)
  /// A checkpoint cannot be continued.
  case cannotResume(path: String, reason: String)
  /// A checkpoint or result cannot be written; older ones are untouched.
  case cannotSave(path: String, reason: String)

  /// The error or value in words.
  public var description: String {
    switch self {
    case .noRows(let method, let reasons):
      "\(method): no usable row is left: \(reasons.joined(separator: "; "))"
    case .badSetting(let name, let value, let wanted): "\(name) \(value): expected \(wanted)"
    case .notFinite(let what, let step, let rows):
      "step \(step): the \(what) is not finite"
        + (rows.isEmpty
          ? "" : " (rows of the data: \(rows.prefix(8).map(String.init).joined(separator: ", ")))")
        + "; the weights were left as they were and the last checkpoint is intact; "
        + "try a lower learning_rate, or max_grad_norm 1"
    case .noScore(let source, let value, let prompt, let step):
      "step \(step): reward '\(source)' gave \(value) for a completion of \"\(prompt.prefix(60))\"; "
        + "expected a finite number; the weights were left as they were and the last checkpoint is intact; "
        + "mend the reward, or let a program answer {\"score\": null} where it has none (not in ppo)"
    case .cannotResume(let path, let reason): "\(path): cannot resume: \(reason)"
    case .cannotSave(let path, let reason):
      "\(path): cannot save: \(reason); earlier checkpoints are intact"
    }
  }
}
