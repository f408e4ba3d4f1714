// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Feedback

/// `attune world write`: data of the village as JSON Lines.
struct WorldWriteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write",
    abstract: "Write prompts, demonstrations, comparisons and other data of the village.",
    discussion: """
      prompts, references (faultless), demonstrations (by people of mixed care) and documents \
      (completions of every quality, for pre-training) have one row an item. comparisons and rankings \
      are judged by a simulated annotator: Bradley-Terry choice with mistakes. book is sentences about \
      the village.

        attune world write --kind comparisons --count 4000 --output pairs.jsonl.gz
        attune world write --kind prompts --split test --count 1000 > test.jsonl
      """)

  @OptionGroup var world: WorldOptions
  @OptionGroup(title: "Annotator options (comparisons and rankings)") var annotator:
    AnnotatorOptions

  @OptionGroup var configuration: ConfigurationOptions

  @Option(help: "What to write.")
  var kind = WorldKind.prompts

  @Option(help: "Number of rows.")
  var count = 100

  @Option(help: "Number of the first item.")
  var first = 0

  @Option(
    help: ArgumentHelp(
      "File to write, compressed where its name ends in .gz; standard output by default.",
      valueName: "file"))
  var output: String?

  func validate() throws {
    guard count >= 0 else { throw ValidationError("--count: expected 0 or more, found \(count)") }
    guard first >= 0 else { throw ValidationError("--first: expected 0 or more, found \(first)") }
    guard kind != .documents || world.split == .train else {
      throw ValidationError(
        "--kind documents: documents are for training and exist in --split train only")
    }
  }

  func run() throws {
    let village = Millbrook(seed: world.seed)
    let task = try village.task(world.task)
    let results = try RowOutput(output)
    let rows = WorldRows(village: village, task: task, split: world.split)
    switch kind {
    case .comparisons, .rankings:
      let study = Study(
        rows: rows, annotator: annotator.annotator(seed: world.seed, rows, first: first),
        selection: annotator.selection, candidateCount: annotator.candidates,
        includesTruth: annotator.withTruth)
      let judged =
        kind == .comparisons
        ? try study.comparisons(first..<first + count) : try study.rankings(first..<first + count)
      for row in judged { try results.write(row) }
    default:
      for index in first..<first + count { try results.write(rows.row(kind, index)) }
    }
    try results.finish()
    if let output { Output.current.note("\(output): \(results.count) rows") }
  }
}

/// What can be written about the village.
enum WorldKind: String, CaseIterable, ExpressibleByArgument {
  case prompts, demonstrations, references, documents, comparisons, rankings, book
}

/// How the simulated annotator judges.
struct AnnotatorOptions: ParsableArguments {
  @Option(help: "Rationality of the annotator; infinity always prefers the better.")
  var beta = 6.0

  @Option(help: "Probability of choosing the other one by mistake.")
  var mistake = 0.1

  @Option(
    name: .customLong("tie_threshold"),
    help: "Utilities closer than this are a tie; no ties by default.")
  var tieThreshold: Double?

  @Option(name: .customLong("skip_rate"), help: "Probability of skipping a comparison.")
  var skipRate = 0.0

  @Option(name: .customLong("length_bias"), help: "Value of one word more.")
  var lengthBias = 0.0

  @Option(
    name: .customLong("position_bias"), help: "Added to the logit of what is shown first.")
  var positionBias = 0.0

  @Option(
    name: .customLong("soft_labels"), help: "Write the probability in place of a drawn choice.")
  var softLabels = false

  @Option(help: "Completions an item: a ranking holds all, a comparison chooses two.")
  var candidates = 4

  @Option(
    name: .customLong("near_ties"),
    help: "Share of pairs whose utilities differ by less than 0.05; by chance by default.")
  var nearTies: Double?

  @Option(
    name: .customLong("longer_is_better"),
    help: "Share of pairs whose better side is the longer one; by chance by default.")
  var longerIsBetter: Double?

  @Option(name: .customLong("annotator_name"), help: "Name of the annotator in the rows.")
  var annotatorName = "annotator"

  @Option(
    name: .customLong("with_truth"),
    help: "Add `truth`: utilities, whether the choice was a mistake, and the like.")
  var withTruth = false

  func validate() throws {
    let shares: [(String, Double?)] = [
      ("mistake", mistake), ("skip_rate", skipRate), ("near_ties", nearTies),
      ("longer_is_better", longerIsBetter),
    ]
    for (name, value) in shares {
      guard let value, !(0...1).contains(value) else { continue }
      throw ValidationError("--\(name): expected a number from 0 to 1, found \(value)")
    }
    guard beta >= 0 else { throw ValidationError("--beta: expected 0 or more, found \(beta)") }
    if let tieThreshold, !(tieThreshold >= 0) {
      throw ValidationError("--tie_threshold: expected 0 or more, found \(tieThreshold)")
    }
    guard (2...16).contains(candidates) else {
      throw ValidationError("--candidates: expected 2 to 16, found \(candidates)")
    }
  }

  /// Which two candidates are compared.
  var selection: PairSelection {
    PairSelection(nearTies: nearTies, longerIsBetter: longerIsBetter)
  }

  /// The annotator of a study of these rows, which begins at item `first`.
  func annotator(seed: UInt64, _ rows: WorldRows, first: Int) -> SimulatedAnnotator {
    var annotator = SimulatedAnnotator(
      seed: seed, name: annotatorName, study: "\(rows.task.name)/\(rows.split.rawValue)/\(first)")
    annotator.beta = beta
    annotator.mistake = mistake
    annotator.ties = tieThreshold.map { .threshold($0) }
    annotator.skipRate = skipRate
    annotator.lengthBias = lengthBias
    annotator.positionBias = positionBias
    annotator.givesSoftLabels = softLabels
    return annotator
  }
}
