// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Tokenizers
import Training

/// `attune tokenize`: texts to token ids and back.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn rows of text into token ids, or back.",
    discussion: """
      Reads rows with a column `text` and adds `ids`; with --decode it reads `ids` and adds `text`. \
      Other columns pass through. Offsets are half-open ranges of Unicode scalars of the text. Rows with \
      `messages` (and `tools`, `system`, `chat_template_kwargs`) are laid out by the chat template; they \
      get the `text` of the conversation and its `ids`.

        echo '{"text": "Once upon a time"}' | attune tokenize --tokenizer_name_or_path models/base
      """)

  @Argument(
    help: "A file of rows, or a folder of them; standard input (JSON Lines) by default.",
    completion: .file())
  var input: String?

  @Option(
    name: .customLong("tokenizer_name_or_path"),
    help: ArgumentHelp("Folder or hub name with tokenizer.json.", valueName: "folder|name"),
    completion: .directory)
  var tokenizerNameOrPath: String

  @Option(help: ArgumentHelp("File to write; standard output by default.", valueName: "file"))
  var output: String?

  @Option(
    name: .customLong("add_special_tokens"),
    help: "Let the tokenizer add tokens such as <s>.")
  var addSpecialTokens = true

  @Option(help: "Add `offsets`: where in the text each token stands.")
  var offsets = false

  @Option(
    name: .customLong("add_generation_prompt"),
    help: "Let the text of `messages` end where the assistant's answer begins.")
  var addGenerationPrompt = false

  @Option(
    name: .customLong("chat_template_path"),
    help: ArgumentHelp(
      "A Jinja chat template in place of the tokenizer's own.", valueName: "file"),
    completion: .file())
  var chatTemplatePath: String?

  @Option(help: "Read `ids` and write `text`.")
  var decode = false

  @Option(
    name: .customLong("skip_special_tokens"),
    help: "With --decode, leave out tokens that are no text.")
  var skipSpecialTokens = true

  @OptionGroup var hub: HubOptions

  func validate() throws {
    guard decode, offsets else { return }
    throw ValidationError(
      "--offsets: there are none when decoding; leave out --decode or --offsets")
  }

  func run() throws {
    var tokenizer = try Tokenizer(folder: hub.tokenizer(tokenizerNameOrPath))
    if let template = try ChatTemplateFile.text(chatTemplatePath) {
      tokenizer.chatTemplateText = template
    }
    let encoder = TextEncoder(tokenizer, maxLength: .max)
    let rows = try RowInput(input)
    let results = try RowOutput(output)
    while let row = try rows.next() {
      try results.write(decode ? decoded(row, tokenizer) : encoded(row, encoder))
    }
    try results.finish()
  }

  private func encoded(_ row: RowInput.Row, _ encoder: TextEncoder) throws -> JSONObject {
    if row.columns["text"] == nil, let messages = row.columns["messages"]?.array {
      return try conversation(messages, row, encoder)
    }
    let tokenizer = encoder.tokenizer
    guard let text = row.columns["text"]?.string else {
      throw row.wrong("text", wanted: "a string to encode")
    }
    var result = row.columns
    guard offsets else {
      let ids = tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
      result["ids"] = .array(ids.map { .integer($0) })
      return result
    }
    let encoding = tokenizer.encodeWithOffsets(text, addSpecialTokens: addSpecialTokens)
    result["ids"] = .array(encoding.ids.map { .integer($0) })
    result["offsets"] = .array(
      encoding.offsets.map { [.integer($0.lowerBound), .integer($0.upperBound)] })
    return result
  }

  private func conversation(
    _ messages: [JSONValue], _ row: RowInput.Row, _ encoder: TextEncoder
  ) throws -> JSONObject {
    guard !offsets else {
      throw row.wrong("messages", wanted: "a column `text`, which --offsets are of")
    }
    guard !messages.isEmpty else {
      throw FeedbackError.field(
        at: row.place, field: "messages", problem: "empty, expected at least one message")
    }
    var result = row.columns
    do {
      let found = try encoder.conversation(
        messages, row.chatContext(), at: row.place, addGenerationPrompt: addGenerationPrompt)
      result["text"] = .string(found.text)
      result["ids"] = .array(found.ids.map { .integer($0) })
    } catch let error as TemplateError {
      throw FeedbackError.field(at: row.place, field: "messages", problem: "\(error)")
    }
    return result
  }

  private func decoded(_ row: RowInput.Row, _ tokenizer: Tokenizer) throws -> JSONObject {
    guard let values = row.columns["ids"]?.array else {
      throw row.wrong("ids", wanted: "a list of token ids to decode")
    }
    let ids = try values.map { value in
      guard let id = value.integer, tokenizer.token(of: id) != nil else {
        throw FeedbackError.field(
          at: row.place, field: "ids",
          problem: "\(value.kind) is no token id; ids are below \(tokenizer.vocabularyCount)")
      }
      return id
    }
    var result = row.columns
    result["text"] = .string(tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens))
    return result
  }
}

extension RowInput.Row {
  /// The error for a column that is absent or holds something else.
  func wrong(_ column: String, wanted: String) -> FeedbackError {
    .field(
      at: place, field: column,
      problem: columns[column].map { "expected \(wanted), found \($0.kind)" }
        ?? "missing, expected \(wanted); found: \(columns.keys.joined(separator: ", "))")
  }
}
