// SPDX-License-Identifier: Apache-2.0

/// The `README.md` of a repository that has none.
enum DefaultCard {
  /// A card that says what the files are.
  ///
  /// - Parameters:
  ///   - repository: the repository.
  ///   - paths: the files that are pushed.
  /// - Returns: the text of `README.md`.
  /// - Throws: ``HubError/badCard(_:problem:)``, which files without a card do not cause.
  static func text(_ repository: HubRepository, paths: [String]) throws -> String {
    let title = repository.name.split(separator: "/").last.map(String.init) ?? repository.name
    var lines = ["---", "# license: name one"]
    switch repository.kind {
    case .model:
      if paths.contains("adapter_config.json") { lines.append("library_name: peft") }
      lines += ["tags:", "- attune"]
    case .dataset:
      let layout = try DatasetLayout(repository, paths: paths, card: nil)
      let splits = layout.configurations[0].splits.sorted { $0.key < $1.key }
      if !splits.isEmpty {
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for (split, paths) in splits {
          lines += ["  - split: \(split)", "    path:"] + paths.map { "    - \(quoted($0))" }
        }
      }
      lines += ["tags:", "- attune"]
    }
    lines += ["---", "", "# \(title)", ""]
    return lines.joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
