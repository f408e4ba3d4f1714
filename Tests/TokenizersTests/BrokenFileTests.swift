// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Broken tokenizer files")
struct BrokenFileTests {
  @Test("give an error or a tokenizer that works, and never a trap", arguments: Fixture.kinds)
  func mutations(kind: String) throws {
    let original = Array(try Fixture.data("kinds/\(kind).json"))
    var generator = SplitMix(state: 2024)
    var tally = (opened: 0, refused: 0)
    for _ in 0..<40 {
      let bytes =
        Bool.random(using: &generator)
        ? Self.mutated(original, &generator) : Self.revalued(original, &generator)
      do {
        let tokenizer = try Tokenizer(tokenizerJSON: Data(bytes), configuration: nil)
        let ids = tokenizer.encode("Tha kana  don't 123 é ▁ <mask> 日本 🙂\n")
        _ = tokenizer.decode(ids)
        _ = try? tokenizer.encodeBatch(pairs: [("a b", "c")])
        tally.opened += 1
      } catch is TokenizerError {
        tally.refused += 1
      }
    }
    #expect(tally.opened + tally.refused == 40)
    #expect(tally.refused > 0)
  }

  /// Flips, deletes, inserts and copies bytes, and makes numbers huge.
  private static func mutated(_ original: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
    var bytes = original
    let words = ["99999999999999999999", "-1", "1e308", "2147483647", "null", "{}", "\"\"", "[[[["]
    // Half of the changes strike the stages, which stand in front of the vocabulary.
    let reach = Bool.random(using: &generator) ? min(2_500, bytes.count) : bytes.count
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let place = Int.random(in: 0..<min(reach, bytes.count), using: &generator)
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2:
        let count = min(Int.random(in: 1...99, using: &generator), bytes.count - place - 1)
        bytes.removeSubrange(place..<place + count)
      case 3:
        let word = words[Int.random(in: 0..<words.count, using: &generator)]
        bytes.insert(contentsOf: word.utf8, at: place)
      default:
        guard let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else {
          continue
        }
        let word = words[Int.random(in: 0..<5, using: &generator)]
        bytes.replaceSubrange(digit...digit, with: word.utf8)
      }
    }
    return bytes
  }

  /// Puts another JSON value in the place of one, so that the file stays JSON.
  private static func revalued(_ original: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
    var bytes = original
    let values = [
      "0", "-1", "1", "0.5", "1e308", "99999999999999999999", "2147483647", "16777216", "null",
      "true",
      "false", "\"\"", "\"a\"", "\"▁\"", "\"Sequence\"", "\"ByteLevel\"", "[]", "{}", "[[]]",
      "\"(a+)+$\"",
      "\"\\\\p{L\"", "\"[a&&[^\"",
    ]
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      // The stages stand in front of the vocabulary.
      let reach = Bool.random(using: &generator) ? min(3_000, bytes.count) : bytes.count
      let place = Int.random(in: 0..<reach, using: &generator)
      guard let colon = bytes[place...].firstIndex(where: { ":,[".utf8.contains($0) }) else {
        continue
      }
      let start = colon + 1
      var end = start
      if start < bytes.count, bytes[start] == UInt8(ascii: "\"") {
        end = start + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
          end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        end = min(end + 1, bytes.count)
      } else {
        while end < bytes.count, !",]}[{:".utf8.contains(bytes[end]) { end += 1 }
      }
      let value = values[Int.random(in: 0..<values.count, using: &generator)]
      bytes.replaceSubrange(start..<end, with: value.utf8)
    }
    return bytes
  }
}
