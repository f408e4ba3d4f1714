// SPDX-License-Identifier: Apache-2.0

import Foundation
import Yams

/// A YAML file of options: names with values, nested mappings joined with dots.
///
/// A key that no option has, and a value of the wrong shape, are errors with file, line and column;
/// `null` leaves an option at its default.
struct ConfigurationFile {
  /// The value of one option, and where it stands.
  struct Setting: Equatable {
    var name: String
    /// One value, or the elements of a list.
    var values: [String]
    /// `run.yaml:21:16`
    var place: String
  }

  /// The settings in the order of the file.
  let settings: [Setting]

  /// Reads a file.
  ///
  /// - Throws: ``UsageError``.
  init(path: String, catalogue: OptionCatalogue) throws(UsageError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UsageError("--config: no file '\(path)' that can be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw UsageError("\(path): not UTF-8 text; a configuration is a YAML file")
    }
    try self.init(text: text, file: path, catalogue: catalogue)
  }

  /// Reads the text of a file; `file` is its name in messages.
  init(text: String, file: String, catalogue: OptionCatalogue) throws(UsageError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw Self.syntaxError(error, file: file)
    } catch {
      throw UsageError("\(file): not YAML: \(error)")
    }
    var walk = Walk(file: file, catalogue: catalogue)
    switch root {
    case nil: break
    case .mapping(let mapping)?: try walk.visit(mapping, path: [])
    case .scalar(let scalar)? where Self.isNull(scalar): break
    case let node?:
      throw UsageError(
        "\(walk.place(of: node)): expected option names with values, such as 'learning_rate: 1e-6'")
    }
    settings = walk.settings
  }

  private static func syntaxError(_ error: YamlError, file: String) -> UsageError {
    switch error {
    case .parser(_, let problem, let mark, _), .scanner(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return UsageError("\(file):\(mark.line):\(mark.column): not YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.sorted().joined(separator: ", ")
      return UsageError("\(file):\(context.mark.line): \(names) stands twice; keep one")
    default:
      return UsageError("\(file): not YAML: \(error)")
    }
  }

  fileprivate static func isNull(_ scalar: Node.Scalar) -> Bool {
    scalar.style != .singleQuoted && scalar.style != .doubleQuoted
      && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }
}

/// Goes through the nodes of a configuration.
private struct Walk {
  let file: String
  let catalogue: OptionCatalogue
  var settings: [ConfigurationFile.Setting] = []

  func place(of node: Node) -> String {
    node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
  }

  mutating func visit(_ mapping: Node.Mapping, path: [String]) throws(UsageError) {
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        throw UsageError("\(place(of: key)): expected the name of an option")
      }
      let name = (path + [scalar.string]).joined(separator: ".")
      let isKnown = catalogue[name] != nil
      if case .mapping(let inner) = value, !isKnown {
        try visit(inner, path: path + [scalar.string])
        continue
      }
      guard let option = catalogue.settings.first(where: { $0.name == catalogue[name]?.name })
      else { throw unknown(name, at: place(of: key)) }
      let values = try values(of: option, value)
      guard let values else { continue }
      if let earlier = settings.first(where: { $0.name == option.name }) {
        throw UsageError(
          "\(place(of: key)): \(option.name): already set at \(earlier.place); keep one")
      }
      settings.append(.init(name: option.name, values: values, place: place(of: value)))
    }
  }

  private func unknown(_ name: String, at place: String) -> UsageError {
    if OptionCatalogue.configurationNames.contains(name) {
      return UsageError("\(place): \(name): belongs on the command line, not in a file")
    }
    let known = catalogue.settings.map(\.name)
    let last = name.split(separator: ".").last.map(String.init) ?? name
    // The grouping may be the user's own: `optimizer.learning_rate`.
    let nearest =
      Suggestion.nearest(to: last, among: known) ?? Suggestion.nearest(to: name, among: known)
    let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
    let list = "known: \(known.joined(separator: ", "))"
    return UsageError(
      "\(place): \(name): unknown option\(hint.isEmpty ? ";" : hint) \(list)")
  }

  /// The values of an option as text; nil for null.
  private func values(of option: OptionCatalogue.Entry, _ node: Node) throws(UsageError)
    -> [String]?
  {
    switch node {
    case .scalar(let scalar):
      // An empty value says no more than null where there is no default that it could replace.
      let isEmpty = scalar.string.isEmpty && option.defaultValue == nil && !option.isList
      if ConfigurationFile.isNull(scalar) || isEmpty { return nil }
      guard !option.isSwitch else { return [try truth(scalar.string, of: option, node)] }
      return option.isCommaList ? ArgumentNormalizer.elements(of: scalar.string) : [scalar.string]
    case .sequence(let sequence) where option.isList:
      var values: [String] = []
      for element in sequence {
        guard case .scalar(let scalar) = element else {
          throw wrong(option, element, found: "a nested value", wanted: "a list of plain values")
        }
        values.append(scalar.string)
      }
      return values
    case .sequence: throw wrong(option, node, found: "a list", wanted: option.expectation)
    case .mapping: throw wrong(option, node, found: "a mapping", wanted: option.expectation)
    case .alias: throw wrong(option, node, found: "an alias", wanted: option.expectation)
    }
  }

  private func truth(_ word: String, of option: OptionCatalogue.Entry, _ node: Node)
    throws(UsageError) -> String
  {
    guard let state = ArgumentNormalizer.truth(of: word) else {
      throw wrong(option, node, found: "\"\(word)\"", wanted: option.expectation)
    }
    return state ? "true" : "false"
  }

  private func wrong(
    _ option: OptionCatalogue.Entry, _ node: Node, found: String, wanted: String
  ) -> UsageError {
    let wanted = wanted == "another kind of value" ? "one value" : wanted
    return UsageError("\(place(of: node)): \(option.name): expected \(wanted), found \(found)")
  }
}
