// SPDX-License-Identifier: Apache-2.0

import Feedback
import Training

extension RowInput.Row {
  /// The text or conversation in a column; nil where there is no such column.
  ///
  /// - Throws: ``FeedbackError`` with file and line.
  func text(_ column: String) throws -> RecordText? {
    switch columns[column] {
    case nil: return nil
    case .string(let text)?: return .plain(text)
    case .array(let values)?:
      return .messages(try values.messages(field: column, at: place))
    default: throw wrong(column, wanted: "a string or a list of messages")
    }
  }

  /// The token ids in a column; nil where there is no such column.
  ///
  /// - Parameters:
  ///   - column: its name.
  ///   - vocabularyCount: ids are below this.
  /// - Returns: the ids, all in `0..<vocabularyCount`.
  /// - Throws: ``FeedbackError`` with file and line.
  func tokenIDs(_ column: String, below vocabularyCount: Int) throws -> [Int]? {
    guard let value = columns[column] else { return nil }
    guard let values = value.array else { throw wrong(column, wanted: "a list of token ids") }
    return try values.enumerated().map { index, value in
      guard let id = value.integer, (0..<vocabularyCount).contains(id) else {
        throw FeedbackError.field(
          at: place, field: "\(column)[\(index)]",
          problem: "\(value.kind) is no token id of this model; ids are 0 to \(vocabularyCount - 1)"
        )
      }
      return id
    }
  }

  /// What the columns `system`, `tools` and `chat_template_kwargs` give a chat template.
  ///
  /// - Throws: ``FeedbackError`` with file and line.
  func chatContext() throws -> ChatContext {
    var context = ChatContext()
    switch columns["system"] {
    case nil, .null?: break
    case .string(let text)?: context.system = text
    default: throw wrong("system", wanted: "a string")
    }
    switch columns["tools"] {
    case nil, .null?: break
    case .array(let tools)?: context.tools = tools
    default: throw wrong("tools", wanted: "a list of tool schemas")
    }
    switch columns["chat_template_kwargs"] {
    case nil, .null?: break
    case .object(let arguments)?: context.arguments = arguments
    default: throw wrong("chat_template_kwargs", wanted: "an object")
    }
    return context
  }

  /// A record with the row's columns for chat templates.
  ///
  /// - Throws: ``FeedbackError`` with file and line.
  func record(_ body: RecordBody) throws -> Record {
    let context = try chatContext()
    return Record(
      body, system: context.system, tools: context.tools,
      chatTemplateArguments: context.arguments)
  }
}
