// SPDX-License-Identifier: Apache-2.0

/// One prompt and what several models made of it.
public struct SampleComparison: Sendable, Equatable {
  /// A model's answer.
  public struct Completion: Sendable, Equatable {
    /// Name of the model.
    public var model: String
    /// What it wrote, shown with its line breaks.
    public var text: String
    /// Scores by name, in the order to show them.
    public var scores: [Score]

    /// Creates a completion.
    public init(model: String, text: String, scores: [Score] = []) {
      self.model = model
      self.text = text
      self.scores = scores
    }
  }

  /// A number beside a completion.
  public struct Score: Sendable, Equatable {
    /// What it measures.
    public var name: String
    /// The number.
    public var value: Double
    /// Digits after the point.
    public var decimals: Int

    /// Creates a score.
    public init(_ name: String, _ value: Double, decimals: Int = 2) {
      self.name = name
      self.value = value
      self.decimals = decimals
    }
  }

  /// What the models were given.
  public var prompt: String
  /// Their answers, side by side where there is room.
  public var completions: [Completion]

  /// Creates a comparison.
  public init(prompt: String, completions: [Completion]) {
    self.prompt = prompt
    self.completions = completions
  }

  var html: HTML {
    .tag(
      "article", ["class": "sample"],
      [
        .tag(
          "div", ["class": "prompt"],
          [.tag("span", ["class": "role"], text: "Prompt"), Self.words(prompt)]),
        .tag("div", ["class": "completions"], completions.map(Self.card)),
      ])
  }

  private static func card(_ completion: Completion) -> HTML {
    let scores = completion.scores.map { score in
      HTML.tag(
        "li", [:],
        [
          .text(score.name + " "),
          .tag("b", text: NumberText.fixed(score.value, decimals: score.decimals)),
        ])
    }
    return .tag(
      "div", ["class": "completion"],
      [
        .tag("span", ["class": "role"], text: completion.model),
        completion.text.isEmpty
          ? .tag("p", ["class": "words quiet"], text: "(empty)") : words(completion.text),
      ] + (scores.isEmpty ? [] : [.tag("ul", ["class": "scores"], scores)]))
  }

  /// Text as written; its own direction, so that right-to-left text does not disturb the page.
  private static func words(_ text: String) -> HTML {
    .tag("p", ["class": "words", "dir": "auto"], text: text)
  }
}
