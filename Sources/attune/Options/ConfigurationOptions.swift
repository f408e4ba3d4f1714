// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Settings from a file.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "YAML file of options; options on the command line win.", valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("print_config"), help: "Print the resolved settings as YAML, and end.")
  var printsConfiguration: Bool = false
}
