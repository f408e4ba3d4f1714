// SPDX-License-Identifier: Apache-2.0

/// A piece of a page that cannot be malformed: text is escaped when it is written out, names are
/// literals of our own code, and every element is closed.
package indirect enum HTML: Sendable {
  /// Text of any origin.
  case text(String)
  /// An element with its attributes and content.
  case element(StaticString, [Attribute], [HTML])
  /// Several pieces one after the other.
  case group([HTML])
  /// A style sheet written in our code; never text of another origin.
  case style(StaticString)

  /// A name of our own and a value of any origin.
  package struct Attribute: Sendable {
    let name: StaticString
    let value: String
  }

  /// An element; attribute order is kept.
  package static func tag(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    _ children: [HTML] = []
  ) -> HTML {
    .element(name, attributes.map { Attribute(name: $0.key, value: $0.value) }, children)
  }

  /// An element whose only content is text.
  package static func tag(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String
  ) -> HTML {
    tag(name, attributes, [.text(text)])
  }

  /// The markup.
  package var markup: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch self {
    case .text(let text):
      Self.escape(text, inAttribute: false, to: &output)
    case .group(let parts):
      for part in parts { part.write(to: &output) }
    case .style(let sheet):
      output += "<style>\(sheet)</style>"
    case .element(let name, let attributes, let children):
      output += "<\(name)"
      for attribute in attributes {
        output += " \(attribute.name)=\""
        Self.escape(attribute.value, inAttribute: true, to: &output)
        output += "\""
      }
      output += ">"
      if Self.isVoid(name) { return }
      for child in children { child.write(to: &output) }
      output += "</\(name)>"
    }
  }

  private static func isVoid(_ name: StaticString) -> Bool {
    ["meta", "br", "hr"].contains(name.description)
  }

  /// Replaces what has a meaning in markup, and control characters that HTML forbids.
  private static func escape(_ text: String, inAttribute: Bool, to output: inout String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"" where inAttribute: output += "&quot;"
      case "\n", "\t": output.unicodeScalars.append(scalar)
      case _ where scalar.value < 32 || (127...159).contains(scalar.value):
        output += "\u{FFFD}"
      default: output.unicodeScalars.append(scalar)
      }
    }
  }
}
