// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Testing

@testable import attune

/// Every recipe of a published system, as its file says it, but on a tiny model and a few rows.
@Suite("Recipes of systems")
struct RecipeTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
  }

  private static let recipes = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Recipes/systems")

  private static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: recipes.path)) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()

  /// Rows of the form that a recipe's header asks for.
  private static func row(_ recipe: String, _ number: Int) -> String {
    let (good, bad) = (" yes \(number % 5)", " no \(number % 3)")
    let pair = #""prompt": "q \#(number)", "chosen": "\#(good)", "rejected": "\#(bad)""#
    return switch recipe {
    case "tutor-sft.yaml":
      #"{"messages": [{"role": "user", "content": "q \#(number)"}, "#
        + #"{"role": "assistant", "content": "\#(good)"}]}"#
    case "lipo.yaml":
      #"{"prompt": "q \#(number)", "completions": ["\#(good)", "\#(bad)", " maybe"], "#
        + #""scores": [\#(7 + number % 3), 2, 5]}"#
    case "selm.yaml": "{\(pair), \"reference_response\": \" mine \(number)\"}"
    case "modpo.yaml":
      "{\(pair), \"margin_chosen\": \(Double(number) / 10), \"margin_rejected\": 0.3}"
    default: "{\(pair)}"
    }
  }

  @Test("there are recipes, and each names its command, its paper and its data")
  func headers() throws {
    #expect(Self.names.count >= 8)
    for name in Self.names {
      let text = try String(
        contentsOf: Self.recipes.appending(path: name), encoding: .utf8)
      #expect(text.contains("arXiv:"), "\(name)")
      #expect(text.contains("# Data: "), "\(name)")
      #expect(
        text.contains(/# Command: attune \w+ --config Recipes\/systems\//) && text.contains(name),
        "\(name)")
    }
  }

  @Test("each takes its step on a tiny model, with all its settings", arguments: names)
  func dryRun(name: String) throws {
    let url = Self.recipes.appending(path: name)
    let text = try String(contentsOf: url, encoding: .utf8)
    let command = try #require(text.firstMatch(of: /# Command: attune (\w+)/))
    let rows = try folder.write(
      (0..<8).map { Self.row(name, $0) }.joined(separator: "\n"), "rows.jsonl")
    let words = [
      String(command.1), "--config", url.path, "--model_name_or_path", model, "--dataset_path",
      rows, "--output_dir", folder.path("run"), "--dry_run", "--gradient_accumulation_steps", "1",
      "--threads", "1",
    ]
    let template = try folder.write(
      "{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}{% generation %}"
        + "{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
      "chat.jinja")
    let result = try attune(
      words + (name == "tutor-sft.yaml" ? ["--chat_template_path", template] : []))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("dry run: one step of "), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }
}
