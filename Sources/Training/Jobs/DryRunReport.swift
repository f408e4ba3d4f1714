// SPDX-License-Identifier: Apache-2.0

/// What one measured step says about a whole run: the end of a dry run.
struct DryRunReport: Equatable {
  /// Rows (pairs, rollouts) of a step.
  var rowCount: Int
  /// Real tokens the step read.
  var tokenCount: Int
  /// Wall time of the step, in seconds.
  var stepSeconds: Double
  /// Largest resident memory of the process, in MiB.
  var peakMiB: Double
  /// Steps the run has still to do.
  var stepCount: Int
  /// The folder the run would write to.
  var outputPath: String

  /// The report, one fact a line.
  var lines: [String] {
    let total = NumberText.duration(stepSeconds * Double(stepCount))
    return [
      "dry run: one step of \(rowCount) rows, \(tokenCount) tokens, took "
        + "\(NumberText.short(stepSeconds)) s; its result is thrown away",
      "projected: \(stepCount) steps in about \(total), without evaluation and saving",
      "memory: \(NumberText.short(peakMiB.rounded())) MiB at most so far",
      "nothing was written to \(outputPath)",
    ]
  }
}
