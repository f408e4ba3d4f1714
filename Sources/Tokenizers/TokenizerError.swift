// SPDX-License-Identifier: Apache-2.0

/// Why a tokenizer could not be read, trained or saved.
public enum TokenizerError: Error, Equatable, Sendable {
  /// The folder has no `tokenizer.json`.
  case missingTokenizerJSON(folder: String)
  /// A file is there but could not be read or written.
  case fileFailure(path: String, reason: String)
  /// A file is not JSON; line and column count from 1.
  case brokenJSON(file: String, line: Int, column: Int, reason: String)
  /// A field that must be present is absent or null; `field` is a dotted path.
  case missingField(file: String, field: String)
  /// A field holds something else than it must.
  case wrongType(file: String, field: String, expected: String, found: String)
  /// The file asks for a pipeline stage, or a stage's option, that this version cannot run.
  case unsupported(stage: String)
  /// `merges[index]` (counted from 0) cannot be used.
  case badMerge(file: String, index: Int, merge: String, reason: String)
  /// Two different tokens claim one id.
  case idCollision(file: String, id: Int, first: String, second: String)
  /// One token is listed with two ids.
  case tokenCollision(file: String, token: String, first: Int, second: Int)
  /// A token that a setting names is not in the vocabulary.
  case unknownToken(file: String, field: String, token: String)
  /// A regular expression of the file cannot be used.
  case badPattern(file: String, field: String, pattern: String, reason: String)
  /// A regular expression needs too long on a text, as nested repetitions do.
  case patternTooSlow(pattern: String)
  /// A text holds what the vocabulary cannot write, and the model has no unknown token.
  case unencodable
  /// Truncation cannot make a text as short as asked.
  case truncationFailed(reason: String)
  /// Training was asked for fewer entries than its bytes and special tokens already take.
  case vocabularyTooSmall(requested: Int, minimum: Int)
}

extension TokenizerError: CustomStringConvertible {
  /// The message for a person: what, where, and what to do.
  public var description: String {
    switch self {
    case .missingTokenizerJSON(let folder):
      "\(folder): no tokenizer.json; a tokenizer folder holds tokenizer.json and usually "
        + "tokenizer_config.json. Folders with only vocab.json/merges.txt or tokenizer.model must "
        + "be converted first"
    case .fileFailure(let path, let reason):
      "\(path): \(reason)"
    case .brokenJSON(let file, let line, let column, let reason):
      "\(file):\(line):\(column): not valid JSON: \(reason); is the file cut off or a "
        + "version-control pointer?"
    case .missingField(let file, let field):
      "\(file): \(field): missing; the file may come from an incomplete export"
    case .wrongType(let file, let field, let expected, let found):
      "\(file): \(field): expected \(expected), found \(found)"
    case .unsupported(let stage):
      "tokenizer.json: \(stage) is not supported by this version; use a tokenizer without it"
    case .badMerge(let file, let index, let merge, let reason):
      "\(file): model.merges[\(index)]: '\(merge)': \(reason); vocabulary and merges must come "
        + "from one training run"
    case .idCollision(let file, let id, let first, let second):
      "\(file): id \(id) belongs to '\(first)' and to '\(second)'; give one of them a free id"
    case .tokenCollision(let file, let token, let first, let second):
      "\(file): token '\(token)' is listed with ids \(first) and \(second); remove one"
    case .unknownToken(let file, let field, let token):
      "\(file): \(field): '\(token)' is not in the vocabulary; add it to added_tokens in "
        + "tokenizer.json or correct the name"
    case .badPattern(let file, let field, let pattern, let reason):
      "\(file): \(field): the regular expression '\(pattern)' cannot be used: \(reason)"
    case .patternTooSlow(let pattern):
      "tokenizer.json: the regular expression '\(pattern)' takes too long on a text; rewrite it "
        + "without a repetition inside a repetition"
    case .unencodable:
      "the text holds characters that the vocabulary cannot write, and the model names no unknown "
        + "token; set unk_token (unk_id) in tokenizer.json"
    case .truncationFailed(let reason):
      "truncation: \(reason)"
    case .vocabularyTooSmall(let requested, let minimum):
      "vocabulary size \(requested) is too small: single characters and special tokens already take "
        + "\(minimum); ask for more"
    }
  }
}
