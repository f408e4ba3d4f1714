// SPDX-License-Identifier: Apache-2.0

/// Something an experiment set out to show, and whether it did.
public struct Claim: Sendable, Equatable {
  /// The outcome.
  public enum Verdict: String, Sendable, Codable {
    /// The numbers show it.
    case held
    /// The numbers do not show it.
    case notHeld = "not held"
    /// It was not measured.
    case notTested = "not tested"
  }

  /// The claim as a sentence.
  public var statement: String
  /// The outcome.
  public var verdict: Verdict
  /// The numbers behind the verdict; nil for none.
  public var evidence: String?

  /// Creates a claim with any verdict.
  public init(_ statement: String, verdict: Verdict, evidence: String? = nil) {
    self.statement = statement
    self.verdict = verdict
    self.evidence = evidence
  }

  /// Creates a claim that was tested.
  public init(_ statement: String, held: Bool, evidence: String? = nil) {
    self.init(statement, verdict: held ? .held : .notHeld, evidence: evidence)
  }

  /// One line for a terminal: `held      PPO beats SFT (0.78 against 0.41)`.
  public var line: String {
    let word = verdict.rawValue.padded(to: 10)
    return word + "  " + statement + (evidence.map { " (\($0))" } ?? "")
  }

  var html: HTML {
    let sign =
      switch verdict {
      case .held: "✓"
      case .notHeld: "✗"
      case .notTested: "○"
      }
    let style =
      switch verdict {
      case .held: "held"
      case .notHeld: "nothold"
      case .notTested: "untested"
      }
    var words: [HTML] = [.tag("span", ["class": "statement"], ReportBlock.prose(statement))]
    if let evidence {
      words.append(.tag("span", ["class": "evidence"], ReportBlock.prose(evidence)))
    }
    return .tag(
      "li", ["class": style],
      [
        .tag(
          "span", ["class": "verdict"],
          [.tag("span", ["aria-hidden": "true"], text: sign + " "), .text(verdict.rawValue)]),
        .tag("div", [:], words),
      ])
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
