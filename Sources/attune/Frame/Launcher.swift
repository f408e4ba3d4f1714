// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LanguageModels
import Torch

/// Takes a command line from words to an exit status.
///
/// The words are normalised (``ArgumentNormalizer``), a configuration file is put before them
/// (``ConfigurationFile``), ArgumentParser parses the result, and whatever goes wrong becomes one
/// sentence on standard error and an exit status (``exitCode(for:)``).
enum Launcher {
  /// Runs the program: its arguments, its exit.
  static func main() -> Never {
    TensorFailureHandler.current = .commandLine
    exit(execute(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs a command line, tells the user about a failure, and returns the exit status.
  static func execute(_ arguments: [String]) -> Int32 {
    do {
      try run(arguments)
      try Output.current.flush()
      return ExitStatus.done
    } catch let code as ExitCode {
      // The command has said what there was to say.
      return code.rawValue
    } catch {
      Output.current.fail(message(for: error))
      return exitCode(for: error)
    }
  }

  /// Runs a command line, as one command does that makes use of another.
  ///
  /// - Parameter arguments: what would follow `attune`.
  /// - Throws: ``UsageError`` where the arguments cannot be understood, and what the command throws.
  static func run(_ arguments: [String]) throws {
    let path = try CommandPath(arguments)
    guard path.command.configuration.subcommands.isEmpty else {
      return try runDirectly(arguments)
    }
    let invocation = try Invocation(
      path.command, name: path.name, arguments: Array(arguments[path.wordCount...]))
    var command: any ParsableCommand
    do {
      command = try Attune.parseAsRoot(path.names + invocation.given.arguments)
    } catch  where isRequest(error) {
      return Output.current.line(Attune.fullMessage(for: error))
    } catch {
      throw explain(error, invocation)
    }
    if invocation.printsConfiguration {
      return Output.current.write(invocation.resolvedConfiguration().yaml)
    }
    try Invocation.$current.withValue(invocation) {
      do {
        try ModelFolder.$baseLocator.withValue(.init(HubOptions.base)) { try command.run() }
      } catch  where isRequest(error) {
        // `--help` is itself a command to ArgumentParser, which "fails" with the text to show.
        Output.current.line(Attune.fullMessage(for: error))
      }
    }
  }

  /// Whether an "error" of ArgumentParser is a text that was asked for.
  private static func isRequest(_ error: any Error) -> Bool {
    !(error is ExitCode) && Attune.exitCode(for: error) == .success
  }

  /// Words that name no command with options of its own: `--help`, `--version`, `help data`.
  private static func runDirectly(_ arguments: [String]) throws {
    var command: any ParsableCommand
    do {
      command = try Attune.parseAsRoot(arguments)
      try command.run()
    } catch  where isRequest(error) {
      Output.current.line(Attune.fullMessage(for: error))
    } catch {
      throw UsageError(sentence(Attune.message(for: error)))
    }
  }

  /// The user's side of an error of ArgumentParser.
  private static func explain(_ error: any Error, _ invocation: Invocation) -> UsageError {
    let message = Attune.message(for: error)
    if let match = message.firstMatch(of: /^The value '([\s\S]*?)' is invalid for '--([\w.-]+)/),
      let option = invocation.catalogue[String(match.2)]
    {
      let place = invocation.places[option.name].map { "\($0): \(option.name)" }
      return UsageError(
        "\(place ?? "--\(option.name)"): expected \(option.expectation), found \"\(match.1)\"")
    }
    let hint = "'attune \(invocation.commandName) --help' shows the options"
    let isValidation = error is ValidationError || !message.hasPrefix("Missing expected argument")
    return UsageError(isValidation ? sentence(message) : "\(sentence(message)); \(hint)")
  }

  /// A message of ArgumentParser as the rest of a sentence.
  private static func sentence(_ message: String) -> String {
    var text = message.trimmingCharacters(in: .whitespacesAndNewlines)
    if text.hasSuffix(".") { text.removeLast() }
    guard let first = text.first, text.dropFirst().first?.isLowercase ?? false else { return text }
    return first.lowercased() + text.dropFirst()
  }
}

/// The command that the first words name.
struct CommandPath {
  /// The words, such as `data`, `check`.
  private(set) var names: [String] = []
  /// The command they name; ``Attune`` itself for none.
  private(set) var command: any ParsableCommand.Type = Attune.self

  /// How many words of the command line name it; a command that stands in for its group is not among them.
  private(set) var wordCount = 0

  /// The words as one text.
  var name: String { names.joined(separator: " ") }

  /// Follows the leading words down the tree of commands.
  ///
  /// - Throws: ``UsageError`` for a word that names no command.
  init(_ arguments: [String]) throws(UsageError) {
    try follow(arguments)
    let rest = arguments[names.count...]
    wordCount = names.count
    guard let standIn = command.configuration.defaultSubcommand,
      !rest.contains(where: { ["help", "--help", "-h"].contains($0) })
    else { return }
    names.append(standIn._commandName)
    command = standIn
  }

  private mutating func follow(_ arguments: [String]) throws(UsageError) {
    for word in arguments {
      let subcommands = command.configuration.subcommands
      guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
      guard let next = subcommands.first(where: { Self.allNames(of: $0).contains(word) }) else {
        let known = subcommands.flatMap(Self.allNames)
        let place = names.isEmpty ? "" : " of 'attune \(name)'"
        throw UsageError(
          "unknown command '\(word)'\(place)"
            + (Suggestion.nearest(to: word, among: known).map {
              "; did you mean '\($0)'? commands: "
            }
              ?? "; commands: ") + known.joined(separator: ", "))
      }
      names.append(word)
      command = next
    }
  }

  private static func allNames(of command: any ParsableCommand.Type) -> [String] {
    [command._commandName] + command.configuration.aliases
  }
}
