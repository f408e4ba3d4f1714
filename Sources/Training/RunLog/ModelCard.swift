// SPDX-License-Identifier: Apache-2.0

import Feedback
public import Foundation

/// `README.md` of a trained model: what it was made from, how, how well it does, and how to use it.
///
/// The licence stays open, as a commented line in the front matter: it follows from the base model and
/// the data, and only the model's owner can name it.
public struct ModelCard {
  /// The model's name, the card's title.
  public var name: String
  /// The model that was trained further: a hub name or a folder; nil for one trained from scratch.
  public var baseModel: String?
  /// The data sets, as hub names or file names.
  public var datasets: [String]
  /// The base model's name on the hub, which refuses cards that name folders; nil for a folder.
  public var hubBase: String?
  /// The data sets that have a name on the hub.
  public var hubDatasets: [String]
  /// The method in words: `DPO`.
  public var method: String
  /// The paper or page that describes the method; nil for none.
  public var methodReference: String?
  /// Options with their values, in order.
  public var hyperparameters: [(name: String, value: String)]
  /// Final numbers in order, under their names in the run's metrics.
  public var metrics: [(name: String, value: Double)]
  /// The command that talks with the model.
  public var usage: String
  /// The command that evaluates it.
  public var evaluation: String
  /// Tags besides `attune`, lower case: `dpo`, `lora`.
  public var tags: [String]
  /// Attune's version.
  public var version: String

  /// Creates a card.
  public init(
    name: String, baseModel: String? = nil, datasets: [String] = [], hubBase: String? = nil,
    hubDatasets: [String] = [], method: String,
    methodReference: String? = nil, hyperparameters: [(name: String, value: String)],
    metrics: [(name: String, value: Double)], usage: String, evaluation: String,
    tags: [String] = [], version: String
  ) {
    self.name = name
    self.baseModel = baseModel
    self.datasets = datasets
    self.hubBase = hubBase
    self.hubDatasets = hubDatasets
    self.method = method
    self.methodReference = methodReference
    self.hyperparameters = hyperparameters
    self.metrics = metrics
    self.usage = usage
    self.evaluation = evaluation
    self.tags = tags
    self.version = version
  }

  /// Writes `README.md` into a folder, which is made where it is missing; an older one is replaced.
  ///
  /// - Throws: ``RunLogError/cannotCreate(directory:reason:)``,
  ///   ``RunLogError/cannotWrite(path:reason:)``.
  public func write(to directory: URL) throws {
    try AppendFile.makeFolder(directory)
    let file = directory.appendingPathComponent("README.md", isDirectory: false)
    try AppendFile.replace(file, with: markdown)
  }

  /// The whole card.
  var markdown: String {
    let sections = [
      frontMatter,
      "# \(Self.oneLine(name))",
      introduction,
      hyperparameters.isEmpty ? nil : "## Training\n\n" + settingsTable,
      metrics.isEmpty ? nil : "## Results\n\n" + metricsTable,
      "## Use\n\n" + Self.command(usage),
      "## Evaluate\n\n" + Self.command(evaluation),
      "## Licence\n\nTo be named by the model's owner, here and in the front matter of this file.",
    ]
    return sections.compactMap { $0 }.joined(separator: "\n\n") + "\n"
  }

  private var frontMatter: String {
    var lines = ["---", "# license: name one that the base model and the data allow"]
    if let hubBase {
      lines.append("base_model: \(Self.yaml(hubBase))")
    }
    lines += Self.yamlList("datasets", hubDatasets)
    lines += ["library_name: attune", "pipeline_tag: text-generation"]
    lines += Self.yamlList("tags", ["attune"] + tags.filter { $0 != "attune" })
    return (lines + ["---"]).joined(separator: "\n")
  }

  private var introduction: String {
    let origin = baseModel.map { "`\($0)` trained further" } ?? "A model trained from scratch"
    let reference = methodReference.map { " (\($0))" } ?? ""
    let data = datasets.isEmpty ? "" : " on " + datasets.map { "`\($0)`" }.joined(separator: ", ")
    return "\(origin) with \(method)\(reference)\(data), by attune \(version)."
  }

  private var settingsTable: String {
    Self.table(("setting", "value"), hyperparameters.map { ($0.name, $0.value) })
  }

  private var metricsTable: String {
    Self.table(("metric", "value"), metrics.map { ($0.name, NumberText.short($0.value)) })
  }

  private static func table(_ header: (String, String), _ rows: [(String, String)]) -> String {
    let lines = rows.map { "| `\(cell($0.0))` | \(cell($0.1)) |" }
    return (["| \(header.0) | \(header.1) |", "|---|---|"] + lines).joined(separator: "\n")
  }

  private static func cell(_ text: String) -> String {
    oneLine(text).replacing("|", with: "\\|")
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  private static func command(_ text: String) -> String { "```sh\n\(text)\n```" }

  /// A JSON string is a YAML string too, whatever it holds.
  private static func yaml(_ text: String) -> String { JSONValue.string(text).serialized() }

  private static func yamlList(_ key: String, _ items: [String]) -> [String] {
    items.isEmpty ? [] : ["\(key):"] + items.map { "  - \(yaml($0))" }
  }
}
