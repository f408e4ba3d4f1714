// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The options of one command, as its own declarations say: nothing is listed a second time.
struct OptionCatalogue {
  /// One option that takes a value, or a flag that takes none.
  struct Entry {
    /// The name without dashes, such as `learning_rate`.
    var name: String
    /// Whether it takes no value at all.
    var isFlag: Bool
    /// Whether it may be given several times; its values make a list.
    var isList: Bool
    /// Whether commas separate the elements of the list; they are part of a `<text>`.
    var isCommaList: Bool { isList && valueName != "text" }
    /// The default as text; nil where there is none.
    var defaultValue: String?
    /// The values that are allowed; empty where the type allows any.
    var allowedValues: [String]
    /// What the help calls a value.
    var valueName: String

    /// Whether the value is true or false, and nothing besides: not `true|path`.
    var isSwitch: Bool {
      guard !valueName.contains("|") else { return false }
      return allowedValues == ["true", "false"]
        || (allowedValues.isEmpty && (defaultValue == "true" || defaultValue == "false"))
    }

    /// Whether the bare name means `true`: switches, and options whose value is called `true|...`.
    var mayBeBare: Bool { isSwitch || valueName.hasPrefix("true|") }

    /// What a message says a value must be, going by the default where the type is not known.
    var expectation: String {
      if isSwitch { return "true or false" }
      if !allowedValues.isEmpty { return "one of \(allowedValues.joined(separator: ", "))" }
      if let defaultValue, !isList {
        if Int(defaultValue) != nil { return "a whole number" }
        if Double(defaultValue) != nil { return "a number" }
      }
      return valueName == name.replacing("_", with: "-") || valueName == name
        ? "another kind of value" : valueName
    }
  }

  /// The entries in the order of the help.
  let entries: [Entry]
  private let positions: [String: Int]

  /// Reads the options of a command from ArgumentParser's own description of it.
  init(_ command: any ParsableCommand.Type) {
    self.init(description: Data(command._dumpHelp().utf8))
  }

  private init(description: Data) {
    // The description is ArgumentParser's own; one that cannot be read leaves every option to
    // ArgumentParser, which then accepts only the plain forms.
    let arguments =
      (try? JSONDecoder().decode(Description.self, from: description))?.command.arguments ?? []
    var entries: [Entry] = []
    var positions: [String: Int] = [:]
    for argument in arguments where argument.kind != "positional" {
      let names = (argument.names ?? []).filter { $0.kind == "long" }.map(\.name)
      guard let name = names.first else { continue }
      for name in names { positions[name] = entries.count }
      entries.append(
        Entry(
          name: name, isFlag: argument.kind == "flag", isList: argument.isRepeating,
          defaultValue: argument.defaultValue, allowedValues: argument.allValues ?? [],
          valueName: argument.valueName ?? name))
    }
    self.entries = entries
    self.positions = positions
  }

  /// The option of this name, in which dashes may stand for underscores.
  subscript(name: String) -> Entry? {
    (positions[name] ?? positions[name.replacing("-", with: "_")]).map { entries[$0] }
  }

  /// Options about configurations, which are no part of one.
  static let configurationNames: Set = ["config", "print_config"]

  /// Options that make up a configuration, in the order of the help.
  var settings: [Entry] {
    entries.filter { !$0.isFlag && !Self.configurationNames.contains($0.name) }
  }

  /// The parts of ArgumentParser's description that are needed.
  private struct Description: Decodable {
    struct Command: Decodable { var arguments: [Argument]? }
    struct Argument: Decodable {
      var kind: String
      var isRepeating: Bool
      var names: [Name]?
      var valueName: String?
      var defaultValue: String?
      var allValues: [String]?
    }
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var command: Command
  }
}
