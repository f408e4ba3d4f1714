// SPDX-License-Identifier: Apache-2.0
//
//   tokenizer-probe encode <tokenizer.json>            texts as JSON strings on standard input, one a
//                                                      line; ids, offsets and decoded text of each
//   tokenizer-probe decode <tokenizer.json>            ids on standard input; decoded text of each
//   tokenizer-probe pairs <tokenizer.json>             pairs of texts; all lists of a batch of 8
//   tokenizer-probe speed <tokenizer.json> <texts> [offsets]   seconds to encode a file's lines
//   tokenizer-probe fuzz <tokenizer.json> <seconds> <seed>     opens broken copies of the file

import Foundation
import Tokenizers

let arguments = CommandLine.arguments
var pending = Data()
guard arguments.count >= 3, let file = FileManager.default.contents(atPath: arguments[2]) else {
  FileHandle.standardError.write(Data("tokenizer-probe: see the head of main.swift\n".utf8))
  exit(2)
}

switch arguments[1] {
case "encode": try encode()
case "decode": try decode()
case "pairs": try pairs()
case "speed": try speed()
case "fuzz": try fuzz()
default: exit(2)
}
writePending()

/// Writes a line to standard output, many at a time.
@MainActor func put(_ parts: String...) {
  pending.append(contentsOf: parts.joined(separator: "\t").utf8)
  pending.append(0x0A)
  if pending.count > 1 << 20 { writePending() }
}

@MainActor func writePending() {
  FileHandle.standardOutput.write(pending)
  pending = Data()
}

func hexadecimal(_ text: String) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var result: [UInt8] = []
  for byte in text.utf8 {
    result.append(digits[Int(byte >> 4)])
    result.append(digits[Int(byte & 15)])
  }
  return String(decoding: result, as: UTF8.self)
}

func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " ") }

@MainActor func encode() throws {
  let tokenizer = try Tokenizer(tokenizerJSON: file, configuration: nil)
  while let line = readLine() {
    let text = try JSONDecoder().decode(String.self, from: Data(line.utf8))
    let (ids, offsets) = tokenizer.encodeWithOffsets(text)
    guard tokenizer.encode(text) == ids else { fatalError("ids depend on offsets: \(line)") }
    let row = try tokenizer.encodeBatch([text])[0]
    guard row.ids == ids, row.offsets == offsets else { fatalError("batch differs: \(line)") }
    put(
      list(ids), list(offsets.flatMap { [$0.lowerBound, $0.upperBound] }), decoded(tokenizer, ids))
  }
}

/// The decoded text without and with special tokens, and whether streaming gives the first too.
func decoded(_ tokenizer: Tokenizer, _ ids: [Int]) -> String {
  let text = tokenizer.decode(ids)
  var stream = StreamingDecoder(tokenizer)
  var streamed = ""
  for id in ids { streamed += stream.append(id) }
  streamed += stream.finish()
  let everything = tokenizer.decode(ids, skipSpecialTokens: false)
  let isSame = Array(streamed.utf8) == Array(text.utf8)
  return "\(hexadecimal(text))\t\(hexadecimal(everything))\t\(isSame ? "same" : hexadecimal(streamed))"
}

@MainActor func decode() throws {
  let tokenizer = try Tokenizer(tokenizerJSON: file, configuration: nil)
  while let line = readLine() {
    put(decoded(tokenizer, line.split(separator: " ").compactMap { Int($0) }))
  }
}

@MainActor func pairs() throws {
  var tokenizer = try Tokenizer(tokenizerJSON: file, configuration: nil)
  if tokenizer.padding == nil { tokenizer.padding = Padding(tokenID: 0) }
  var batch: [(String, String)] = []
  @MainActor func flush() throws {
    for row in try tokenizer.encodeBatch(pairs: batch) {
      put(
        list(row.ids), list(row.typeIDs), list(row.attentionMask), list(row.specialTokensMask),
        list(row.offsets.flatMap { [$0.lowerBound, $0.upperBound] }))
    }
    batch = []
  }
  while let line = readLine() {
    let texts = try JSONDecoder().decode([String].self, from: Data(line.utf8))
    batch.append((texts[0], texts[1]))
    if batch.count == 8 { try flush() }
  }
  try flush()
}

@MainActor func speed() throws {
  let tokenizer = try Tokenizer(tokenizerJSON: file, configuration: nil)
  let texts = String(
    decoding: FileManager.default.contents(atPath: arguments[3]) ?? Data(), as: UTF8.self
  ).split(separator: "\u{1E}").map(String.init)
  let wantsOffsets = arguments.count > 4
  var count = 0
  let clock = ContinuousClock()
  let time = clock.measure {
    for text in texts {
      count +=
        wantsOffsets ? tokenizer.encodeWithOffsets(text).ids.count : tokenizer.encode(text).count
    }
  }
  print(time / .seconds(1), count)
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

@MainActor func fuzz() throws {
  var generator = SplitMix(state: UInt64(arguments[4]) ?? 1)
  let end = ContinuousClock().now.advanced(by: .seconds(Int(arguments[3]) ?? 10))
  let original = Array(file)
  var tally = (opened: 0, refused: 0)
  while ContinuousClock().now < end {
    let bytes =
      Bool.random(using: &generator)
      ? mutated(original, &generator) : revalued(original, &generator)
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
  print("opened \(tally.opened), refused \(tally.refused), trapped 0")
}

func mutated(_ original: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
  var bytes = original
  for _ in 0..<Int.random(in: 1...4, using: &generator) {
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 2:
      let count = min(Int.random(in: 1...200, using: &generator), bytes.count - place)
      bytes.removeSubrange(place..<place + count)
    case 3:
      let words = [
        "99999999999999999999", "-1", "1e308", "4294967296", "2147483647", "16777215", "null", "true",
        "{}", "[]", "\"\"", "\"\\ud800\"", "[[[[", "(a+)+$", "\\p{", "[a&&[^", "\u{0}",
      ]
      bytes.insert(
        contentsOf: words[Int.random(in: 0..<words.count, using: &generator)].utf8, at: place)
    case 4:
      // A number somewhere becomes another.
      if let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) {
        let values = ["0", "7", "65535", "16777216", "9223372036854775807", "-3", "0.5"]
        let value = values[Int.random(in: 0..<values.count, using: &generator)]
        bytes.replaceSubrange(digit...digit, with: value.utf8)
      }
    default:
      let other = Int.random(in: 0..<bytes.count, using: &generator)
      let count = min(Int.random(in: 1...64, using: &generator), bytes.count - max(place, other))
      if count > 0 {
        let part = Array(bytes[other..<other + count])
        bytes.replaceSubrange(place..<place + count, with: part)
      }
    }
    if bytes.isEmpty { return original }
  }
  return bytes
}

/// Puts another JSON value in the place of one, so that the file stays JSON.
func revalued(_ original: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
  var bytes = original
  let values = [
    "0", "-1", "1", "0.5", "1e308", "99999999999999999999", "2147483647", "16777216", "null", "true",
    "false", "\"\"", "\"a\"", "\"▁\"", "\"Sequence\"", "\"ByteLevel\"", "[]", "{}", "[[]]", "\"(a+)+$\"",
    "\"\\\\p{L\"", "\"[a&&[^\"",
  ]
  for _ in 0..<Int.random(in: 1...3, using: &generator) {
    // The stages stand in front of the vocabulary.
    let reach = Bool.random(using: &generator) ? min(3_000, bytes.count) : bytes.count
    let place = Int.random(in: 0..<reach, using: &generator)
    guard let colon = bytes[place...].firstIndex(where: { ":,[".utf8.contains($0) }) else { continue }
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
