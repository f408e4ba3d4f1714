// SPDX-License-Identifier: Apache-2.0

import Yams

/// The list `configs` in the front matter of a data set's `README.md`.
struct CardConfigurations {
  /// One entry.
  struct Declaration: Equatable {
    var name: String
    /// Patterns of file names by split; empty where the names of files decide.
    var patterns: [String: [String]]
    /// The folder that file names are relative to.
    var folder: String?
    var isDefault: Bool
  }

  var configurations: [Declaration] = []

  /// Reads a card; one without a list is empty.
  ///
  /// - Throws: ``HubError/badCard(_:problem:)``.
  init(_ repository: HubRepository, card: String) throws {
    guard let text = Self.frontMatter(of: card) else { return }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw HubError.badCard(repository, problem: "its front matter is not YAML")
    }
    guard let list = root?.mapping?["configs"] else { return }
    guard let entries = list.sequence else {
      throw HubError.badCard(repository, problem: "configs is not a list")
    }
    for entry in entries {
      guard let mapping = entry.mapping, let declaration = Self.declaration(mapping) else {
        throw HubError.badCard(
          repository, problem: "an entry of configs has no data_files that can be understood")
      }
      configurations.append(declaration)
    }
  }

  /// The text between two lines of dashes at the start.
  static func frontMatter(of card: String) -> String? {
    let lines = card.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
      return nil
    }
    return lines[1..<end].joined(separator: "\n")
  }

  private static func declaration(_ mapping: Node.Mapping) -> Declaration? {
    var declaration = Declaration(
      name: mapping["config_name"]?.string ?? "default", patterns: [:],
      folder: mapping["data_dir"]?.string, isDefault: mapping["default"]?.bool ?? false)
    guard let files = mapping["data_files"] else { return declaration }
    if let patterns = strings(files) {
      declaration.patterns["train"] = patterns
      return declaration
    }
    for entry in files.sequence ?? [] {
      guard let part = entry.mapping, let split = part["split"]?.string,
        let patterns = part["path"].flatMap(strings)
      else { return nil }
      declaration.patterns[split, default: []] += patterns
    }
    return declaration.patterns.isEmpty ? nil : declaration
  }

  /// A text, or a list of texts.
  private static func strings(_ node: Node) -> [String]? {
    if let scalar = node.scalar { return [scalar.string] }
    guard let sequence = node.sequence else { return nil }
    let texts = sequence.compactMap { $0.scalar?.string }
    return texts.count == sequence.count ? texts : nil
  }
}
