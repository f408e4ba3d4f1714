// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// `attune papers`: which papers are covered.
struct PapersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "papers",
    abstract:
      "List or search the papers that are covered, with command, status and measured result.",
    subcommands: [PapersListCommand.self, PapersSearchCommand.self],
    defaultSubcommand: PapersListCommand.self)
}

/// How the index is written.
struct PaperFormatOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown
  }

  @Option(help: "text, json (one array) or markdown (the page Docs/PaperIndex.md).")
  var format = Format.text

  func show(_ papers: [Paper]) {
    switch format {
    case .text: papers.flatMap(\.lines).forEach { Output.current.line($0) }
    case .json:
      let rows = papers.map { JSONValue.object($0.json) }
      Output.current.line(JSONValue.array(rows).serialized())
    case .markdown: PaperTable.markdown(papers).forEach { Output.current.line($0) }
    }
  }
}

/// `attune papers list`.
struct PapersListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the papers.",
    discussion: """
        attune papers
        attune papers --status partly
        attune papers --format markdown > Docs/PaperIndex.md
      """)

  @Option(
    help: ArgumentHelp(
      "Only papers of this status: reproduced, implemented, partly or none.", valueName: "status"))
  var status: Paper.Status?

  @OptionGroup var format: PaperFormatOptions

  func run() {
    format.show(PaperTable.entries.filter { status == nil || $0.status == status })
  }
}

/// `attune papers search`.
struct PapersSearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find papers by words of their title, kind, arXiv id, status or command.",
    discussion: """
        attune papers search nash
        attune papers search 2402.01878
      """)

  @Argument(help: "Words that must all be there, in any case.")
  var words: [String]

  @OptionGroup var format: PaperFormatOptions

  func run() throws {
    let found = PaperTable.entries.filter { $0.matches(words) }
    format.show(found)
    guard !found.isEmpty else {
      throw UsageError(
        "no paper has '\(words.joined(separator: " "))'; 'attune papers' lists all \(PaperTable.entries.count)"
      )
    }
  }
}

extension Paper.Status: ExpressibleByArgument {}
