// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Whether the hub may be asked.
struct HubOptions: ParsableArguments {
  @Option(
    name: .customLong("offline"),
    help: "Take models and data named owner/name from the cache only, as HF_HUB_OFFLINE=1 does.")
  var isOffline: Bool = false
}

/// A data set of the hub.
struct DatasetNameOptions: ParsableArguments {
  @Option(
    name: .customLong("dataset_name"),
    help: ArgumentHelp(
      "A data set of the hub in place of a path: owner/name, or owner/name@revision.",
      valueName: "name"))
  var name: String?

  @Option(
    name: .customLong("dataset_config"),
    help: ArgumentHelp(
      "Its configuration; by default its only or default one.", valueName: "name"))
  var configuration: String?

  /// The rows of a split as a file or folder; nil where no data set is named.
  ///
  /// - Parameters:
  ///   - split: which part of the data set.
  ///   - hub: how the hub is asked.
  ///   - limit: rows that are wanted at most; 0 and nil want all.
  /// - Returns: a path for `RowReader`.
  /// - Throws: ``UsageError``, ``HubNameError``.
  func path(split: String, _ hub: HubOptions, limit: Int? = nil) throws -> String? {
    try name.map {
      try hub.rows($0, configuration: configuration, split: split, limit: limit == 0 ? nil : limit)
    }
  }

  func validate() throws {
    guard configuration == nil || name != nil else {
      throw ValidationError("--dataset_config: names a part of a --dataset_name, and there is none")
    }
  }
}

/// Whether a finished model goes to the hub.
struct PushToHubOptions: ParsableArguments {
  @Option(name: .customLong("push_to_hub"), help: "Push the finished model to the hub.")
  var isWanted: Bool = false

  @Option(
    name: .customLong("hub_model_id"),
    help: ArgumentHelp(
      "Where to: owner/name; by default your account and the name of output_dir.",
      valueName: "name"))
  var name: String?

  @Option(
    name: .customLong("hub_private_repo"), help: "Make the repository private where it is new.")
  var isPrivate: Bool = false

  func validate() throws {
    guard isWanted || name == nil else {
      throw ValidationError("--hub_model_id: nothing is pushed without --push_to_hub")
    }
  }
}
