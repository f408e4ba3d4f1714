// SPDX-License-Identifier: Apache-2.0

/// Why a chat template could not be read or rendered.
public enum TemplateError: Error, Equatable, Sendable {
  /// Where in a template something went wrong.
  public struct Place: Equatable, Sendable {
    /// The template's name: `default`, `tool_use` or whatever the tokenizer calls it.
    public var template: String
    /// The line, counted from 1.
    public var line: Int
    /// The expression or tag as the template writes it; a long one is cut.
    public var expression: String
  }

  /// The text is no template: an unknown tag, an unclosed block, a missing bracket.
  case syntax(Place, reason: String)
  /// An expression has no value: an attribute of something undefined, a sum of text and number.
  case evaluation(Place, reason: String)
  /// The template itself refused the conversation with `raise_exception`.
  case raised(Place, message: String)
  /// Rendering would take more steps, memory or depth than ``ChatTemplate/Limits`` allows.
  case limit(Place, reason: String)
  /// There are only named templates and none of them is called `default`.
  case noDefault(names: [String])
  /// There are no messages to render.
  case emptyConversation
  /// Something other than an object stands where a message or a document belongs.
  case notAnObject(argument: String, index: Int, found: String)
}

extension TemplateError: CustomStringConvertible {
  /// The message for a person: where, what and why.
  public var description: String {
    switch self {
    case .syntax(let place, let reason): "\(place): \(reason)"
    case .evaluation(let place, let reason): "\(place): \(reason)"
    case .raised(let place, let message):
      "\(place): the template refuses this conversation: \(message)"
    case .limit(let place, let reason): "\(place): stopped: \(reason)"
    case .noDefault(let names):
      "the tokenizer has several chat templates and none is called 'default'; choose one of "
        + names.map { "'\($0)'" }.joined(separator: ", ")
    case .emptyConversation:
      "a chat template needs at least one message, and there are none"
    case .notAnObject(let argument, let index, let found):
      "\(argument)[\(index)]: expected an object, found \(found)"
    }
  }
}

extension TemplateError.Place: CustomStringConvertible {
  /// The place as messages show it.
  public var description: String {
    let name = template == ChatTemplate.defaultName ? "" : " '\(template)'"
    return "chat template\(name), line \(line), at `\(expression)`"
  }
}

/// A failure that does not know its place yet; the evaluator adds it.
struct TemplateFailure: Error {
  enum Kind {
    case evaluation
    case limit
    case raised
  }

  var kind: Kind
  var reason: String

  init(_ reason: String, kind: Kind = .evaluation) {
    self.kind = kind
    self.reason = reason
  }

  func placed(at place: TemplateError.Place) -> TemplateError {
    switch kind {
    case .evaluation: .evaluation(place, reason: reason)
    case .limit: .limit(place, reason: reason)
    case .raised: .raised(place, message: reason)
    }
  }
}
