// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with the files of a run log.
public enum RunLogError: Error, Equatable, CustomStringConvertible {
  /// The run's folder could not be made.
  case cannotCreate(directory: String, reason: String)
  /// The file at `path` could not be read or moved.
  case cannotRead(path: String, reason: String)
  /// The file at `path` took no more bytes (a full disk, a missing permission); it ends with its last
  /// whole line.
  case cannotWrite(path: String, reason: String)
  /// Line `line` (from 1) of the metrics at `path` is not a row of a run log.
  case brokenLine(path: String, line: Int, reason: String)

  /// What failed, where, why, and what to do.
  public var description: String {
    switch self {
    case .cannotCreate(let directory, let reason):
      """
      \(directory): cannot make the folder for the run's log: \(reason). Choose another \
      `output_dir` or make this one writable.
      """
    case .cannotRead(let path, let reason):
      "\(path): cannot read the run's log: \(reason). Restore access to it, or move it away."
    case .cannotWrite(let path, let reason):
      """
      \(path): cannot write the run's log: \(reason). What the file already holds is whole; free \
      space or restore access, then resume from the last checkpoint.
      """
    case .brokenLine(let path, let line, let reason):
      """
      \(path):\(line): not a line of a run log: \(reason). Only a torn last line is mended without \
      asking; repair or remove this line, then resume.
      """
    }
  }
}
