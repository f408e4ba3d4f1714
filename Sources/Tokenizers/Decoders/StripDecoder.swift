// SPDX-License-Identifier: Apache-2.0

/// Takes up to `start` copies of one scalar from the front of each token and up to `stop` from its
/// end.
struct StripDecoder: TokenDecoder {
  private let content: [UInt8]
  private let start: Int
  private let stop: Int

  init(_ json: JSONField) throws {
    let field = try json.required("content")
    let text = try field.string()
    guard text.unicodeScalars.count == 1 else { throw field.wrongType("one character") }
    content = Array(text.utf8)
    start = try json.required("start").integer()
    stop = try json.required("stop").integer()
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { token in
      var rest = token[...]
      for _ in 0..<max(0, start) where rest.starts(with: content) {
        rest.removeFirst(content.count)
      }
      for _ in 0..<max(0, stop) where rest.suffix(content.count).elementsEqual(content) {
        rest.removeLast(content.count)
      }
      return Array(rest)
    }
  }
}
