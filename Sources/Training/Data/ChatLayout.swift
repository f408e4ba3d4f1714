// SPDX-License-Identifier: Apache-2.0
import Feedback
public import Tokenizers

/// How conversations become text: by the tokenizer's own template, or by ``PlainChatFormat`` where it has none.
public struct ChatLayout: Sendable {
  /// A conversation as text.
  struct Page {
    var text: String
    /// What the template marks as the assistant's, in Unicode scalars; empty where it marks nothing.
    var assistantSpans: [Range<Int>] = []
    /// Whether the text has its special tokens already.
    var isComplete: Bool
  }

  private let plain: PlainChatFormat
  /// Nil where the tokenizer has no template; what is wrong with one shows when a conversation comes.
  private let template: Result<ChatTemplate, any Error>?

  /// The layout of a tokenizer's chats.
  public init(_ tokenizer: Tokenizer) {
    plain = PlainChatFormat(tokenizer)
    do {
      template = try tokenizer.chatTemplate.map { .success($0) }
    } catch {
      template = .failure(error)
    }
  }

  /// Whether the tokenizer's own template is used.
  public var usesTemplate: Bool { template != nil }

  /// The layout in words, for a run's start-up text.
  public var summary: String {
    usesTemplate
      ? "conversations: laid out by the tokenizer's own chat template"
      : "conversations: written as 'User: ...' and 'Assistant: ...', since the tokenizer has no chat template"
  }

  /// Writes a conversation.
  ///
  /// - Throws: ``TemplateError`` where the template refuses it.
  func page(
    _ messages: [Message], _ context: ChatContext, addGenerationPrompt: Bool = false
  ) throws -> Page {
    let messages = context.conversation(messages)
    // Templates take one message at least; nothing stands before the first one.
    if usesTemplate, messages.isEmpty { return Page(text: "", isComplete: true) }
    if let page = try page(asTheyAre: messages.map(\.json), context, addGenerationPrompt) {
      return page
    }
    let turns = messages.map { (role: $0.role.rawValue, content: $0.text) }
    return Page(
      text: plain.text(turns, addGenerationPrompt: addGenerationPrompt), isComplete: false)
  }

  /// Writes messages as they are, whatever their roles and fields, by the tokenizer's own template; nil without one.
  ///
  /// - Throws: ``TemplateError`` where the template refuses them.
  func page(
    asTheyAre messages: [JSONValue], _ context: ChatContext, _ addGenerationPrompt: Bool
  ) throws -> Page? {
    guard let template = try template?.get() else { return nil }
    let rendering = try template.render(
      messages: messages.map { ChatValue($0) },
      tools: context.tools.map { $0.map { ChatValue($0) } },
      documents: context.arguments["documents"]?.array.map { $0.map { ChatValue($0) } },
      addGenerationPrompt: addGenerationPrompt, extra: context.templateArguments)
    return Page(
      text: rendering.text, assistantSpans: rendering.assistantSpans, isComplete: true)
  }
}
