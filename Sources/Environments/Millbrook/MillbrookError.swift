// SPDX-License-Identifier: Apache-2.0

/// What can go wrong when the village is asked for something by name.
public enum MillbrookError: Error, Equatable, CustomStringConvertible {
  /// No task of this name.
  case unknownTask(String, known: [String])
  /// No degrader of this name in the task.
  case unknownDegrader(String, task: String, known: [String])
  /// Not an item id of this village.
  case badItemID(String, seed: UInt64)

  /// What was asked, what there is, and what to do.
  public var description: String {
    switch self {
    case .unknownTask(let name, let known):
      "'\(name)' is no task of the village; there are: \(known.joined(separator: ", "))"
    case .unknownDegrader(let name, let task, let known):
      "'\(name)' is no way to spoil a text of '\(task)'; there are: "
        + known.joined(separator: ", ")
    case .badItemID(let id, let seed):
      "'\(id)' names no item of village \(seed); "
        + "an id reads seed/task/split/index, such as \(seed)/digest/train/0"
    }
  }
}
