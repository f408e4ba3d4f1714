// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Feedback
import Foundation

/// `attune world show`: one item, readable.
struct WorldShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print an item with its reference, some demonstrations and their exact scores.",
    discussion: """
      Faulty stretches stand in brackets with the kind of fault: [in the barn]invented.

        attune world show --task digest --split dev --index 3
      """)

  @OptionGroup var world: WorldOptions

  @Option(help: "Number of the item.")
  var index = 0

  @Option(help: "Number of demonstrations.")
  var demonstrations = 3

  @Option(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard index >= 0 else { throw ValidationError("--index: expected 0 or more, found \(index)") }
    guard demonstrations >= 0 else {
      throw ValidationError("--demonstrations: expected 0 or more, found \(demonstrations)")
    }
  }

  func run() throws {
    let task = try world.findTask()
    let item = task.item(world.split, index)
    let texts = try (0..<demonstrations).map { try task.demonstration(item, index: $0) }
    json ? printObject(task, item, texts) : printText(task, item, texts)
  }

  private func printObject(_ task: any TextTask, _ item: TaskItem, _ texts: [Demonstration]) {
    var object = item.fields.json
    object["reference_score"] = .object(task.score(item, item.reference).fields.json)
    object["demonstrations"] = .array(
      texts.map { text in
        [
          "completion": .string(text.completion), "writer": .string(text.writer),
          "faults": .array(text.faults.map { .string($0) }),
          "score": .object(task.score(item, text.completion).fields.json),
        ]
      })
    Output.current.json(object)
  }

  private func printText(_ task: any TextTask, _ item: TaskItem, _ texts: [Demonstration]) {
    let output = Output.current
    output.line("item \(item.id)\n\n\(item.prompt)\n")
    output.line("reference")
    show(item.reference, task.score(item, item.reference))
    for (number, text) in texts.enumerated() {
      let faults = text.faults.isEmpty ? "" : " (\(text.faults.joined(separator: ", ")))"
      output.line("\ndemonstration \(number), \(text.writer)\(faults)")
      show(text.completion, task.score(item, text.completion))
    }
  }

  private func show(_ completion: String, _ score: TaskScore) {
    let output = Output.current
    output.line(" \(Self.mark(completion, score.spans.map { ($0.start..<$0.end, $0.kind) }))")
    let aspects = score.aspects.map { "\($0.name) \(Self.number($0.value))" }
    output.line("  utility \(Self.number(score.utility)); \(aspects.joined(separator: ", "))")
    for fact in score.missing {
      output.line("  missing: \(fact.kind), told in sentence \(fact.sentence)")
    }
  }

  private static func number(_ value: Double) -> String { String(format: "%.2f", value) }

  /// The text with `[`, `]` and the kind of fault around each faulty stretch.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - spans: stretches in Unicode scalars of `text`; an empty one marks a place.
  /// - Returns: the text for people.
  static func mark(_ text: String, _ spans: [(range: Range<Int>, kind: String)]) -> String {
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    for position in 0...scalars.count {
      // What ends here is closed before what begins here is opened.
      for span in spans where span.range.upperBound == position && !span.range.isEmpty {
        result.append(contentsOf: "]\(span.kind)".unicodeScalars)
      }
      for span in spans where span.range.lowerBound == position {
        result.append(contentsOf: "[".unicodeScalars)
        if span.range.isEmpty {
          result.append(contentsOf: "]\(span.kind)".unicodeScalars)
        }
      }
      if position < scalars.count { result.append(scalars[position]) }
    }
    return String(result)
  }
}
