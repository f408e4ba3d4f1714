// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// One setting with its final value.
struct ResolvedSetting: Equatable {
  /// Name of the option, such as `learning_rate`.
  var name: String
  /// Its value, or the elements of a list; nil where the option has neither value nor default.
  var values: [String]?
  /// Whether the option is a list.
  var isList: Bool
}

/// A command that is being run, with everything that was said about it.
struct Invocation {
  /// The command that is running, within its own `run()`; nil in a command made by hand.
  @TaskLocal static var current: Invocation?

  /// The command's full name, such as `data check`.
  let commandName: String
  let catalogue: OptionCatalogue
  /// What the file and the command line gave.
  let given: ArgumentNormalizer.Result
  /// Where each value from the file stands.
  let places: [String: String]

  /// Reads the arguments after the command's name, and the configuration file they may name.
  ///
  /// - Throws: ``UsageError``.
  init(_ command: any ParsableCommand.Type, name: String, arguments: [String]) throws(UsageError) {
    commandName = name
    catalogue = OptionCatalogue(command)
    let normalizer = ArgumentNormalizer(catalogue: catalogue, commandName: name)
    let typed = try normalizer.normalize(arguments)
    guard catalogue["config"] != nil, let path = typed.values["config"]?.last else {
      given = typed
      places = [:]
      return
    }
    var merged = ArgumentNormalizer.Result()
    var places: [String: String] = [:]
    for setting in try ConfigurationFile(path: path, catalogue: catalogue).settings
    where typed.values[setting.name] == nil {
      merged.order.append(setting.name)
      merged.values[setting.name] = setting.values
      places[setting.name] = setting.place
    }
    merged.order += typed.order
    merged.values.merge(typed.values) { _, new in new }
    merged.others = typed.others
    given = merged
    self.places = places
  }

  /// All settings with their final values, defaults included, in the order of the help.
  func resolvedConfiguration() -> [ResolvedSetting] {
    catalogue.settings.map { option in
      let fallback = option.defaultValue.map {
        option.isList ? $0.split(separator: /, ?/).map(String.init) : [$0]
      }
      return ResolvedSetting(
        name: option.name,
        values: given.values[option.name] ?? fallback ?? (option.isList ? [] : nil),
        isList: option.isList)
    }
  }

  /// Whether the user wants to see the settings and no more.
  var printsConfiguration: Bool { given.values["print_config"] == ["true"] }
}

/// The settings of the command that is running; empty outside a command.
///
/// A command with a run folder writes them there as `config.yaml`: `resolvedConfiguration().yaml`.
func resolvedConfiguration() -> [ResolvedSetting] {
  Invocation.current?.resolvedConfiguration() ?? []
}

extension Sequence where Element == ResolvedSetting {
  /// The settings as a file that `--config` reads back to the same settings.
  var yaml: String {
    map { setting in
      guard let values = setting.values else { return "\(setting.name): null\n" }
      guard setting.isList else {
        return "\(setting.name): \(values.first.map(Self.scalar) ?? "\"\"")\n"
      }
      return "\(setting.name): [\(values.map(Self.scalar).joined(separator: ", "))]\n"
    }.joined()
  }

  /// A value as a YAML scalar: plain where that is read back as it is, else quoted as in JSON,
  /// which YAML contains.
  private static func scalar(_ value: String) -> String {
    let isPlain = value.wholeMatch(of: /[A-Za-z0-9_.\/+-][A-Za-z0-9_.\/+=-]*/) != nil
    let isSpecial = ["-", "null", "Null", "NULL", "="].contains(value) || value.hasPrefix("---")
    return isPlain && !isSpecial ? value : JSONValue.string(value).serialized()
  }
}
