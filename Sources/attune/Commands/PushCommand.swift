// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Hub

/// `attune push`.
struct PushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Push a model, an adapter or data to the hub.",
    discussion: """
      Makes the repository where it is missing, and sends what is new or has changed. Hidden files, \
      checkpoints and run.json stay here. An access token with the right to write is taken from \
      HF_TOKEN, or from the file that 'hf auth login' writes.

        attune push runs/dpo ada/llama-dpo --private
        attune push pairs.jsonl ada/pairs --repo_type dataset
      """)

  /// What a repository holds.
  enum RepositoryType: String, CaseIterable, ExpressibleByArgument {
    case model, dataset
  }

  @Argument(help: "A folder or a file.", completion: .file())
  var place: String

  @Argument(help: "Where to: owner/name, or owner/name@branch.")
  var name: String

  @Option(name: .customLong("repo_type"), help: "What the repository holds.")
  var type: RepositoryType = .model

  @Option(name: .customLong("private"), help: "Make the repository private where it is new.")
  var isPrivate: Bool = false

  @Option(name: .customLong("commit_message"), help: "What the commit says.")
  var message: String = "Upload with attune"

  @Option(help: "Print one JSON object.")
  var json = false

  @OptionGroup var hub: HubOptions

  func validate() throws {
    guard HubRepository(name) != nil else {
      throw ValidationError(HubError.badName(name).description)
    }
  }

  func run() throws {
    let kind: HubRepository.Kind = type == .model ? .model : .dataset
    guard let repository = HubRepository(name, kind: kind) else {
      throw UsageError(HubError.badName(name).description)
    }
    var options = PushOptions()
    options.isPrivate = isPrivate
    options.message = message
    options.leavesOut = ["run.json"]
    let result = try TransferInterruption.listening {
      try hub.client().push(URL(filePath: place), to: repository, options)
    }
    if !result.omitted.isEmpty {
      Output.current.note("left here: \(result.omitted.joined(separator: ", "))")
    }
    if json {
      return Output.current.json([
        "page": .string(result.page), "commit": result.commit.map { .string($0) } ?? .null,
        "files_changed": .integer(result.changedCount),
      ])
    }
    let files = "\(result.changedCount) file\(result.changedCount == 1 ? "" : "s")"
    Output.current.line(
      result.commit.map { "\(result.page): \(files), commit \($0.prefix(7))" }
        ?? "\(result.page): nothing has changed")
  }
}
