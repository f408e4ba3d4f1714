// SPDX-License-Identifier: Apache-2.0

/// Where a run's numbers go besides the console; the names of the option `report_to`.
public enum ReportTarget: String, CaseIterable, Sendable {
  /// `metrics.jsonl`, one object a line. Written for every run that has a folder, named or not.
  case jsonl
  /// TensorBoard event files in the folder `tensorboard`.
  case tensorboard
  /// `metrics.csv`, the rows of `metrics.jsonl` as a table.
  case csv
}
