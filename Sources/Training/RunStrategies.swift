// SPDX-License-Identifier: Apache-2.0

/// When a run writes checkpoints; the names of the option `save_strategy`.
public enum SaveStrategy: String, Sendable, CaseIterable {
  /// Never, but where the user stops the run; the final model is written all the same.
  case no
  /// Every so many steps, and after the last.
  case steps
  /// After each pass over the data, and after the last step.
  case epoch
  /// Whenever an evaluation is the best so far.
  case best
}

/// When a run evaluates on held-out rows; the names of the option `eval_strategy`.
public enum EvalStrategy: String, Sendable, CaseIterable {
  /// Never.
  case no
  /// Every so many steps, and after the last.
  case steps
  /// After each pass over the data, and after the last step.
  case epoch
}
