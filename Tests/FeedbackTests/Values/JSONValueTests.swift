// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

@Suite("JSON values")
struct JSONValueTests {
  @Test("objects keep the order of their keys and integers stay exact")
  func order() throws {
    let text = #"{"z": 9007199254740993, "a": [1, 2.5, true, null], "m": {"y": "é\n", "b": {}}}"#
    let value = try JSONValue(parsing: text)
    #expect(value.object?.keys == ["z", "a", "m"])
    #expect(value["z"]?.integer == 9_007_199_254_740_993)
    #expect(value.serialized() == text)
  }

  @Test("an integer beyond 64 bits keeps its digits")
  func bigInteger() throws {
    let value = try JSONValue(parsing: "[18446744073709551615, -9223372036854775808]")
    #expect(value.array?[0] == .bigInteger("18446744073709551615"))
    #expect(value.array?[1] == .integer(.min))
    #expect(value.serialized() == "[18446744073709551615, -9223372036854775808]")
  }

  // Python: json.loads(r'"\ud83d\ude00 \u00e9\u0041\/\b\f\t\"\\"')
  @Test("escapes are read as JSON says")
  func escapes() throws {
    let value = try JSONValue(parsing: #""\ud83d\ude00 \u00e9\u0041\/\b\f\t\"\\""#)
    #expect(value.string == "😀 éA/\u{08}\u{0C}\t\"\\")
    #expect(value.serialized() == "\"😀 éA/\\u0008\\u000c\\t\\\"\\\\\"")
  }

  @Test(
    "numbers are read to the last bit",
    arguments: [
      ("0.1", 0.1), ("-1e-7", -1e-7), ("1E3", 1000),
      ("2.2250738585072014e-308", 2.2250738585072014e-308),
    ])
  func numbers(text: String, expected: Double) throws {
    let value = try JSONValue(parsing: text)
    #expect(value == .number(expected))
    #expect(try JSONValue(parsing: value.serialized()) == value)
  }

  @Test(
    "broken text is told with line, column and reason",
    arguments: [
      (#"{"a": 1,}"#, "line 1, column 9: a comma before '}'; remove the comma"),
      (#"{"a": 1 "b": 2}"#, #"line 1, column 9: expected ',' or '}' after a value, found '"'"#),
      (#"{'a': 1}"#, #"line 1, column 2: expected a key in double quotes, found "'""#),
      (
        #"{"é": 'x'}"#,
        #"line 1, column 7: expected a value, found "'"; strings stand in double quotes"#
      ),
      ("[1,\n 2,\n]", "line 3, column 1: a comma before ']'; remove the comma"),
      (
        #"{"a": NaN}"#, "line 1, column 7: NaN is no JSON number; write null or leave the field out"
      ),
      (#"{"a": True}"#, "line 1, column 7: True is Python, not JSON; write true"),
      (#"{"a": "x"#, "line 1, column 9: the line ends inside the string that begins at column 7"),
      (
        #"{"a": {"b": 1"#,
        "line 1, column 14: the line ends inside the object that begins at column 7"
      ),
      (#"{"a": 1, "a": 2}"#, #"line 1, column 10: the key "a" stands twice in one object"#),
      (
        #"["\ud83d x"]"#,
        "line 1, column 3: half of a surrogate pair, which stands for no character"
      ),
      (#"["C:\path"]"#, #"line 1, column 5: \p is no JSON escape; write \\ for a backslash"#),
      ("01", "line 1, column 1: a number may not begin with 0"),
      ("1e999", "line 1, column 1: the number 1e999 is too large"),
      ("{} {}", "line 1, column 4: expected the end after one JSON value, found '{'"),
      ("", "line 1, column 1: expected a JSON value, found nothing"),
      (
        "\"a\tb\"",
        #"line 1, column 3: the control character 0x09 in a string; write it as an escape such as \t"#
      ),
    ])
  func errors(text: String, expected: String) {
    #expect(message { try JSONValue(parsing: text) } == expected)
  }

  @Test("bytes that are not UTF-8 are named with their place")
  func encoding() {
    let bytes = Array(#"{"a": "caf"#.utf8) + [0xE9] + Array(#""}"#.utf8)
    #expect(
      message { try JSONValue(parsing: bytes) }
        == "line 1, column 11: the byte 0xE9 is not UTF-8; convert the file, for example: "
        + "iconv -f latin1 -t utf-8")
  }

  @Test("deep nesting is refused, not a crash")
  func depth() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(message { try JSONValue(parsing: deep) }.hasSuffix("nested deeper than 256"))
    let many = "[" + Array(repeating: "[{}]", count: 1000).joined(separator: ",") + "]"
    #expect(try JSONValue(parsing: many).array?.count == 1000)
  }

  @Test("objects with many keys stay fast and ordered")
  func manyKeys() throws {
    let keys = (0..<20_000).map { "k\($0)" }
    let text = "{" + keys.map { "\"\($0)\": 1" }.joined(separator: ", ") + "}"
    let value = try JSONValue(parsing: text)
    #expect(value.object?.keys == keys)
    #expect(value["k19999"] == 1)
    #expect(value["k20000"] == nil)
  }

  @Test("objects are equal whatever their order; lists are not")
  func equality() throws {
    let first = try JSONValue(parsing: #"{"a": 1, "b": [1, 2]}"#)
    let second = try JSONValue(parsing: #"{"b": [1, 2], "a": 1}"#)
    let third = try JSONValue(parsing: #"{"b": [2, 1], "a": 1}"#)
    #expect(first == second)
    #expect(first.hashValue == second.hashValue)
    #expect(first != third)
  }

  @Test("members can be replaced, removed and renamed in place")
  func editing() {
    var object: JSONObject = ["a": 1, "b": 2, "c": 3]
    object["b"] = "x"
    object["a"] = nil
    object["d"] = .null
    #expect(object.keys == ["b", "c", "d"])
    #expect(object["b"] == "x")
    #expect(object.removing(["c"]).keys == ["b", "d"])
  }

  @Test("travels through Codable")
  func codable() throws {
    let value: JSONValue = ["a": [1, 2.5, "x", true, nil], "b": ["c": -3]]
    let data = try JSONEncoder().encode(value)
    #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
  }

  @Test("whole doubles are written as integers by the number initialiser")
  func wholeNumbers() {
    #expect(JSONValue(number: 3.0).serialized() == "3")
    #expect(JSONValue(number: 0.7).serialized() == "0.7")
    #expect(JSONValue.number(1e300).serialized() == "1e+300")
  }
}
