// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Environments
import Feedback

/// `attune world`: the synthetic village, in which every truth is known.
struct WorldCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "world",
    abstract: "Make data in a synthetic village, and score texts with its exact judge.",
    discussion: """
      The village follows from a seed: the same seed gives the same people, prompts and references \
      everywhere, so that an experiment can be told in one line.
      """,
    subcommands: [
      WorldListCommand.self,
      WorldWriteCommand.self,
      WorldShowCommand.self,
      WorldScoreCommand.self,
    ])
}

/// Which village, and which of its tasks.
struct WorldOptions: ParsableArguments {
  @Option(help: "The task; 'attune world list' shows all.")
  var task = "digest"

  @Option(help: "The part of the items.")
  var split = Split.train

  @Option(help: "Seed of the village.")
  var seed: UInt64 = 7

  /// The village's task.
  ///
  /// - Throws: ``MillbrookError/unknownTask(_:known:)``.
  func findTask() throws -> any TextTask { try Millbrook(seed: seed).task(task) }
}

extension Split: ExpressibleByArgument {}

/// `attune world list`: what there is.
struct WorldListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the tasks, what they measure and how texts can be spoiled.")

  @Option(help: "Print one JSON object.")
  var json = false

  func run() throws {
    // What is listed is the same for every seed.
    let tasks = Millbrook(seed: 7).tasks
    guard json else {
      for task in tasks { show(task) }
      Output.current.line("splits: \(Split.allCases.map(\.rawValue).joined(separator: ", "))")
      return
    }
    Output.current.json([
      "tasks": .array(tasks.map { .object(object(of: $0)) }),
      "splits": .array(Split.allCases.map { .string($0.rawValue) }),
      "kinds": .array(WorldKind.allCases.map { .string($0.rawValue) }),
    ])
  }

  private func show(_ task: any TextTask) {
    Output.current.line(task.name)
    Output.current.line("  aspects: \(task.aspects.joined(separator: ", "))")
    for degrader in task.degraders {
      Output.current.line(
        "  fault \(degrader.name): lowers \(degrader.lowers.joined(separator: ", "))")
    }
  }

  private func object(of task: any TextTask) -> JSONObject {
    [
      "name": .string(task.name),
      "aspects": .array(task.aspects.map { .string($0) }),
      "degraders": .array(
        task.degraders.map { degrader in
          [
            "name": .string(degrader.name),
            "lowers": .array(degrader.lowers.map { .string($0) }),
          ]
        }),
    ]
  }
}

extension MetaValue {
  /// The value as JSON.
  var json: JSONValue {
    switch self {
    case .string(let text): .string(text)
    case .number(let number): JSONValue(number: number)
    case .list(let values): .array(values.map(\.json))
    case .object(let fields): .object(fields.json)
    }
  }
}

extension Sequence where Element == MetaField {
  /// The fields as an object.
  var json: JSONObject { JSONObject(map { ($0.key, $0.value.json) }) }
}
