// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Training

/// Whether rows share the places of a batch.
struct PackingOptions: ParsableArguments {
  @Option(
    name: .customLong("packing"),
    help:
      "Let short rows share a row of a batch, up to max_length tokens; texts stay apart. Rows of a batch are then packs."
  )
  var packs: Bool = false

  @Option(
    name: .customLong("packing_strategy"),
    help:
      "How: bfd (best fit, longest first), bfd_split (rows over max_length are split, not cut), wrapped (all rows end to end, cut every max_length tokens)."
  )
  var strategy: Packing = .bestFit

  /// The strategy; nil packs nothing.
  var packing: Packing? { packs ? strategy : nil }
}
