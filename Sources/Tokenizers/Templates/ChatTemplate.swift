// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A Jinja template that turns the messages of a conversation into text, as models' repositories
/// carry it.
///
/// ```swift
/// let template = try ChatTemplate(
///   "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}",
///   specialTokens: ["eos_token": "</s>"])
/// let chat = try template.render(messages: [["role": "user", "content": "Hello"]])
/// chat.text   // <|user|>Hello</s>
/// ```
///
/// Rendering gives what Python's `transformers` gives, character for character: its environment has
/// `trim_blocks`, `lstrip_blocks`, `break` and `continue`, `raise_exception`, `strftime_now`,
/// `tojson` without HTML escapes, and `{% generation %}` blocks. A template comes with a model from
/// somewhere and is not trusted: it reaches nothing but what it is given, and ``Limits`` end it.
public struct ChatTemplate: Sendable {
  /// The name of the template that is used where nothing else is asked for.
  static let defaultName = "default"
  /// The name of the template that is used where tools are given.
  static let toolName = "tool_use"

  /// What one rendering may use up. The defaults are far above what conversations need.
  public struct Limits: Sendable, Equatable {
    /// Statements, expressions, rounds of loops and comparisons.
    public var steps = 2_000_000
    /// Bytes of one text, the rendered one included, and 16 times the items of a list.
    public var textBytes = 64 << 20
    /// Bytes of texts made or searched, all together.
    public var workBytes = 1 << 30

    /// The default limits.
    public init() {}
  }

  /// A rendered conversation.
  public struct Rendering: Sendable, Equatable {
    /// The text, with all special tokens: encode it without adding any.
    public var text: String
    /// What stands in `{% generation %}` blocks, which is what the assistant said: ranges of Unicode
    /// scalars of ``text``, in order. Empty where the template has no such blocks.
    public var assistantSpans: [Range<Int>]
  }

  private struct Named: Sendable {
    var name: String
    var source: TemplateSource
    var body: Result<[TemplateStatement], TemplateError>
  }

  private let templates: [Named]
  private let specialTokens: [String: String]
  /// What one rendering may use up.
  public var limits = Limits()
  /// What `strftime_now` reads, in the time zone of the system: the clock, unless set.
  public var now: @Sendable () -> Date = { Date() }

  /// Reads a template.
  ///
  /// - Parameters:
  ///   - text: the template.
  ///   - specialTokens: texts by the names that templates know them by, such as `bos_token`.
  /// - Throws: ``TemplateError/syntax(_:reason:)`` or ``TemplateError/limit(_:reason:)``.
  public init(_ text: String, specialTokens: [String: String] = [:]) throws {
    self.init(named: [(Self.defaultName, text)], specialTokens: specialTokens)
    _ = try templates[0].body.get()
  }

  /// Reads several templates of one tokenizer; what is wrong with one shows when it is used.
  init(named: [(name: String, text: String)], specialTokens: [String: String]) {
    self.specialTokens = specialTokens
    templates = named.map { name, text in
      let source = TemplateSource(text, name: name)
      return Named(
        name: name, source: source,
        body: Result { try TemplateParser.parse(source) }.mapError { error in
          error as? TemplateError
            ?? .syntax(source.place(0..<0), reason: String(describing: error))
        })
    }
  }

  /// Names of the templates, `default` for a tokenizer's only one.
  public var names: [String] { templates.map(\.name) }

  /// Writes a conversation as text.
  ///
  /// As `transformers` does, members that are null are taken out of messages, and
  /// `reasoning_content` is also given as `thinking`. Of several templates the one called `tool_use`
  /// is used where there are tools, otherwise `default`.
  ///
  /// - Parameters:
  ///   - messages: objects with `role`, `content` and whatever else the template reads; one at
  ///     least.
  ///   - tools: what the model may call, usually as JSON schemas; nil for none.
  ///   - documents: objects with `title` and `text` for templates that know them; nil for none.
  ///   - addGenerationPrompt: whether to end with the opening of the assistant's turn.
  ///   - extra: further names for the template, such as `enable_thinking`; they win over special
  ///     tokens.
  /// - Returns: the text and the assistant's spans.
  /// - Throws: ``TemplateError``.
  public func render(
    messages: [ChatValue], tools: [ChatValue]? = nil, documents: [ChatValue]? = nil,
    addGenerationPrompt: Bool = false, extra: [String: ChatValue] = [:]
  ) throws -> Rendering {
    guard !messages.isEmpty else { throw TemplateError.emptyConversation }
    let template = try selected(hasTools: tools != nil)
    let statements = try template.body.get()
    var context: [String: TemplateValue] = specialTokens.mapValues { .string($0) }
    do {
      for (name, value) in extra { context[name] = try TemplateValue(value) }
      context["messages"] = .list(
        try TemplateList(messages.enumerated().map { try Self.message($0.element, at: $0.offset) }))
      context["tools"] = try tools.map { try TemplateValue(.array($0)) } ?? TemplateValue.none
      context["documents"] = try documents.map { try Self.documents($0) } ?? TemplateValue.none
      context["add_generation_prompt"] = .bool(addGenerationPrompt)
    } catch let failure as TemplateFailure {
      throw failure.placed(at: template.source.place(0..<0))
    }
    let evaluator = TemplateEvaluator(template.source, context: context, limits: limits, now: now)
    let text = try evaluator.render(statements)
    return Rendering(text: text, assistantSpans: evaluator.spans)
  }

  /// Whether the template used with or without tools marks what the assistant says by
  /// `{% generation %}` blocks.
  ///
  /// - Throws: ``TemplateError`` where there is no such template or it cannot be read.
  public func marksAssistant(hasTools: Bool = false) throws -> Bool {
    try selected(hasTools: hasTools).body.get().contains { $0.marksAssistant }
  }

  private func selected(hasTools: Bool) throws -> Named {
    if hasTools, let template = templates.first(where: { $0.name == Self.toolName }) {
      return template
    }
    guard let template = templates.first(where: { $0.name == Self.defaultName }) else {
      throw TemplateError.noDefault(names: names.sorted())
    }
    return template
  }

  // MARK: Values

  private static func documents(_ documents: [ChatValue]) throws -> TemplateValue {
    for (index, document) in documents.enumerated() {
      guard case .object = document else {
        throw TemplateError.notAnObject(argument: "documents", index: index, found: document.kind)
      }
    }
    return try TemplateValue(.array(documents))
  }

  /// A message without what is null, and with its reasoning under the names that templates use.
  private static func message(_ message: ChatValue, at index: Int) throws -> TemplateValue {
    guard case .object(var members) = message else {
      throw TemplateError.notAnObject(argument: "messages", index: index, found: message.kind)
    }
    members.removeAll { $0.value == .null }
    for name in ["reasoning_content", "thinking", "reasoning"] {
      guard let reasoning = ChatValue.object(members)[name] else { continue }
      members.insert(ChatValue.Member("thinking", reasoning), at: 0)
      // Of two members with one name, the later value counts.
      if members.dropFirst().contains(where: { $0.name == "thinking" }) { members.removeFirst() }
      members.append(ChatValue.Member("reasoning_content", reasoning))
      break
    }
    return try TemplateValue(.object(members))
  }
}

extension TemplateValue {
  /// The value that a template sees.
  ///
  /// - Throws: ``TemplateFailure`` for values nested too deep.
  init(_ value: ChatValue, level: Int = 0) throws {
    try checkDepth(level)
    switch value {
    case .null: self = .none
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .string(let text): self = .string(text)
    case .array(let items):
      self = .list(try TemplateList(items.map { try TemplateValue($0, level: level + 1) }))
    case .object(let members):
      self = .dictionary(
        try TemplateDictionary(
          members.map { (.string($0.name), try TemplateValue($0.value, level: level + 1)) }))
    }
  }
}

extension TemplateStatement {
  /// Whether a generation block stands in this statement.
  fileprivate var marksAssistant: Bool {
    switch kind {
    case .generation: true
    case .condition(let branches, let otherwise):
      (branches.flatMap(\.body) + otherwise).contains { $0.marksAssistant }
    case .loop(let loop): (loop.body + loop.otherwise).contains { $0.marksAssistant }
    case .macro(let macro), .call(_, let macro): macro.body.contains { $0.marksAssistant }
    case .setBlock(_, _, let body), .filter(_, let body), .with(_, let body):
      body.contains { $0.marksAssistant }
    case .text, .output, .set, .leave, .next: false
    }
  }
}
