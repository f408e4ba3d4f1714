// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What only methods that learn from pairs have to decide.
struct PairOptions: ParsableArguments {
  @Option(
    name: .customLong("group_by_prompt"),
    help:
      "Let pairs of one prompt share a batch: a completion that stands in several of them is read once."
  )
  var groupsByPrompt: Bool = false
}
