// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Tokenizers

/// `attune tokenize`: texts to token ids and back.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn rows of text into token ids, or back.",
    discussion: """
      Reads rows with a column `text` and adds `ids`; with --decode it reads `ids` and adds `text`. \
      Other columns pass through. Offsets are half-open ranges of Unicode scalars of the text.

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
    let tokenizer = try Tokenizer(folder: hub.tokenizer(tokenizerNameOrPath))
    let rows = try RowInput(input)
    let results = try RowOutput(output)
    while let row = try rows.next() {
      try results.write(decode ? decoded(row, tokenizer) : encoded(row, tokenizer))
    }
    try results.finish()
  }

  private func encoded(_ row: RowInput.Row, _ tokenizer: Tokenizer) throws -> JSONObject {
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
