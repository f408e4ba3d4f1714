// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

@Suite("Readers and the writer")
struct ReaderTests {
  private func rows(_ path: String) throws -> [Row] {
    let reader = try RowReader(path)
    var rows: [Row] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
  }

  @Test("JSON Lines: blank lines, CRLF, a byte order mark and a missing last line end")
  func lines() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("\u{FEFF}{\"a\": 1}\r\n\n  \n{\"a\": 2}", to: "rows.jsonl")
    let read = try rows(file)
    #expect(read.map(\.columns) == [["a": 1], ["a": 2]])
    #expect(read.map(\.provenance.line) == [1, 4])
  }

  @Test("a broken line is told with file, line and column")
  func brokenLine() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("{\"a\": 1}\n{\"a\": 2\n{\"a\": 3}\n", to: "rows.jsonl")
    #expect(
      message(in: folder) { try rows(file) }
        == "rows.jsonl:2:8: not JSON: the line ends inside the object that begins at column 1")
    let other = try folder.write("{\"a\": 1}\n[1]\n", to: "list.jsonl")
    #expect(
      message(in: folder) { try rows(other) }
        == "list.jsonl:2:1: not JSON: a row is an object {\"column\": value}, found a list of 1")
    let pretty = try folder.write("{\n  \"a\": 1\n}\n", to: "pretty.jsonl")
    #expect(
      message(in: folder) { try rows(pretty) }
        == "pretty.jsonl:1:2: not JSON: the line ends inside the object that begins at "
        + "column 1; each row must stand on one line of its own")
  }

  @Test("bytes that are not UTF-8 are told with their line")
  func encoding() throws {
    let folder = try TemporaryFolder()
    let bytes = Array("{\"a\": \"x\"}\n{\"a\": \"".utf8) + [0xE9] + Array("\"}\n".utf8)
    let file = try folder.write(bytes, to: "latin.jsonl")
    #expect(
      message(in: folder) { try rows(file) }
        == "latin.jsonl:2:8: not JSON: the byte 0xE9 is not UTF-8; "
        + "convert the file, for example: iconv -f latin1 -t utf-8")
    let table = try folder.write(Array("a,b\n1,2\n".utf8) + [0xE9, 0x2C, 0x0A], to: "latin.csv")
    #expect(
      message(in: folder) { try rows(table) }
        == "latin.csv:3: the bytes from 0xE9 on are not UTF-8; "
        + "convert the file, for example: iconv -f latin1 -t utf-8")
  }

  @Test("a JSON list is read element by element, with the line of each")
  func list() throws {
    let folder = try TemporaryFolder()
    let text = """
      [
        {"a": "x, ] } \\" y", "b": [1, {"c": []}]},
        {
          "a": "second"
        }
      ]

      """
    for name in ["rows.json", "rows.json.gz"] {
      let read = try rows(try folder.write(text, to: name))
      #expect(read.map { $0.columns["a"]?.string } == ["x, ] } \" y", "second"])
      #expect(read.map(\.provenance.line) == [2, 3])
    }
    #expect(try rows(try folder.write(" [ ] \n", to: "empty.json")).isEmpty)
  }

  @Test(
    "a broken JSON list is told with its line",
    arguments: [
      ("[{\"a\": 1},\n {\"a\": }]", "rows.json:2:7: not JSON: expected a value, found '}'"),
      ("[{\"a\": 1},\n]", "rows.json:2:1: not JSON: a comma before ']'; remove the comma"),
      (
        "[{\"a\": 1}\n",
        "rows.json:2:1: not JSON: the file ends inside the list; was it written whole?"
      ),
      (
        "[{\"a\": 1}\n{\"a\": 2}]",
        "rows.json:2:1: not JSON: expected the end after one JSON value, found '{'"
      ),
      ("[{\"a\": 1}] x", "rows.json:1:1: not JSON: expected the end after the list"),
    ])
  func brokenList(text: String, expected: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "rows.json")
    #expect(message(in: folder) { try rows(file) } == expected)
  }

  @Test("a .json file may hold JSON Lines")
  func linesInJSON() throws {
    let folder = try TemporaryFolder()
    let read = try rows(try folder.write("\n {\"a\": 1}\n{\"a\": 2}\n", to: "rows.json"))
    #expect(read.map(\.columns) == [["a": 1], ["a": 2]])
    #expect(read.map(\.provenance.line) == [2, 3])
  }

  @Test("CSV: quotes, separators, line ends and doubled quotes inside fields")
  func table() throws {
    let folder = try TemporaryFolder()
    let text =
      "prompt,\"completion\",id\r\n"
      + "\"one, two\",\"say \"\"hi\"\"\r\nthen go\",7\r\n"
      + "plain,,\r\n"
      + "\"\",x,\"last\""
    let read = try rows(try folder.write(text, to: "rows.csv"))
    #expect(
      read.map(\.columns) == [
        ["prompt": "one, two", "completion": "say \"hi\"\r\nthen go", "id": "7"],
        ["prompt": "plain", "completion": "", "id": ""],
        ["prompt": "", "completion": "x", "id": "last"],
      ])
    #expect(read.map(\.provenance.line) == [2, 4, 5])
  }

  @Test("TSV and typed columns: labels, scores and messages")
  func typedTable() throws {
    let folder = try TemporaryFolder()
    let text =
      "prompt\tcompletion\tlabel\tanswer\n[note] p\tc, d\tTrue\t007\n"
    let file = try folder.write(text, to: "rows.tsv.gz")
    let record = try #require(try RecordReader(file, accepting: [.unpairedPreference]).next())
    #expect(
      record.body
        == .unpairedPreference(
          prompt: .plain("[note] p"), completion: .plain("c, d"), label: true))
    #expect(record.extras == ["answer": "007"])
    let chat = try folder.write(
      "prompt,completion,score\n\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"q\"\"}]\",a,0.5\n",
      to: "chat.csv")
    #expect(
      try RecordReader(chat, accepting: [.scored]).next()?.body
        == .scored(
          prompt: .messages([user("q")]), completion: .messages([assistant("a")]),
          scores: .single(0.5)))
  }

  @Test(
    "a broken table is told with its line",
    arguments: [
      (
        "a,b\n1,2\n1,2,3\n",
        "rows.csv:3: 3 fields where the header has 2; a field with a separator or a line end in it needs double quotes"
      ),
      ("a,b\n1,\"x\ny\n", "rows.csv:2: the quoted field that begins here is never closed"),
      (
        "a,b\n1,\"x\"y\n",
        "rows.csv:2: text after the closing quote of a field; a quote inside a field is written twice"
      ),
      ("a,a\n1,2\n", "rows.csv:1: the column 'a' stands twice in the header"),
      ("a,\n1,2\n", "rows.csv:1: a column of the header has no name"),
    ])
  func brokenTable(text: String, expected: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "rows.csv")
    #expect(message(in: folder) { try rows(file) } == expected)
  }

  @Test("a folder is read shard by shard in the order of names")
  func shards() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("{\"a\": 3}\n", to: "part-10.jsonl")
    _ = try folder.write("{\"a\": 1}\n", to: "part-01.jsonl.gz")
    _ = try folder.write("[{\"a\": 2}]", to: "part-02.json")
    _ = try folder.write("not data", to: "README.md")
    _ = try folder.write("{broken", to: ".hidden.jsonl")
    #expect(try rows(folder.path).map { $0.columns["a"] } == [1, 2, 3])
    #expect(
      try RowReader(folder.path + "/").files.map { $0.split(separator: "/").last }
        == ["part-01.jsonl.gz", "part-02.json", "part-10.jsonl"])
  }

  @Test("files that are absent, empty or of another kind are told apart")
  func badFiles() throws {
    let folder = try TemporaryFolder()
    #expect(
      message(in: folder) { try RowReader("\(folder.path)/no.jsonl") }
        == "no file or folder 'no.jsonl'")
    let text = try folder.write("x", to: "rows.txt")
    #expect(
      message(in: folder) { try RowReader(text) }
        == "rows.txt: unknown kind of file. Read are .jsonl, .ndjson, .json, .csv and .tsv, "
        + "each also with .gz")
    let parquet = try folder.write("PAR1", to: "rows.parquet")
    #expect(message(in: folder) { try RowReader(parquet) }.contains("Parquet is not read"))
    let empty = try folder.write("\n\n", to: "rows.jsonl")
    #expect(
      message(in: folder) { try RecordReader(empty) }
        == "rows.jsonl: no rows; a dataset needs at least one")
  }

  @Test("gzip is recognised by its bytes, may have several parts, and must be whole")
  func gzip() throws {
    let folder = try TemporaryFolder()
    let one = try folder.write("{\"a\": 1}\n", to: "one.jsonl.gz")
    let two = try folder.write("{\"a\": 2}\n", to: "two.jsonl.gz")
    let joined =
      try Data(contentsOf: URL(fileURLWithPath: one)) + Data(contentsOf: URL(fileURLWithPath: two))
    let file = try folder.write(Array(joined), to: "joined.jsonl")
    #expect(try rows(file).map { $0.columns["a"] } == [1, 2])

    let long = (0..<5000).map { "{\"a\": \($0 &* 2_654_435_761 % 1_000_003)}" }.joined(
      separator: "\n")
    let whole = try Data(
      contentsOf: URL(fileURLWithPath: try folder.write(long, to: "long.jsonl.gz")))
    let cut = try folder.write(Array(whole.prefix(whole.count / 2)), to: "cut.jsonl")
    #expect(
      message(in: folder) { try rows(cut) }
        == "cut.jsonl: cannot be read: the gzip data ends too early; was it copied whole?")
    var damaged = Array(whole)
    for position in (damaged.count / 2)..<(damaged.count / 2 + 40) { damaged[position] ^= 0x55 }
    let broken = try folder.write(damaged, to: "broken.jsonl")
    #expect(message(in: folder) { try rows(broken) }.contains("broken"))
  }

  @Test("what is written is read back, compressed or not, and nothing appears before the end")
  func writing() throws {
    let folder = try TemporaryFolder()
    let record = Record(
      .preference(
        PreferencePair(prompt: .plain("p\n"), chosen: .plain("é\"😀"), rejected: .plain("b"))),
      margin: 0.5, extras: ["id": 7])
    for name in ["out.jsonl", "out.jsonl.gz"] {
      let file = "\(folder.path)/\(name)"
      let writer = try JSONLinesWriter(file)
      for _ in 0..<3000 { try writer.write(record) }
      #expect(!FileManager.default.fileExists(atPath: file))
      try writer.finish()
      let reader = try RecordReader(file)
      var count = 0
      while var read = try reader.next() {
        read.provenance = nil
        #expect(read == record)
        count += 1
      }
      #expect(count == 3000)
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/out.jsonl.gz"))
    #expect(bytes.prefix(2) == Data([0x1F, 0x8B]))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["out.jsonl", "out.jsonl.gz"])
  }

  @Test("an abandoned or refused file leaves nothing behind, and an old one in place")
  func abandoned() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("old", to: "out.jsonl")
    do {
      let writer = try JSONLinesWriter(file)
      try writer.write(["a": 1])
      #expect(
        message(in: folder) { try writer.write(["a": .number(.nan)]) }
          == "out.jsonl: cannot be written: row 2 holds a number that is not finite: a")
    }
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.jsonl"])
    #expect(
      message(in: folder) { try JSONLinesWriter("\(folder.path)/no/out.jsonl") }
        == "no/out.jsonl: cannot be written: No such file or directory")
  }

  @Test("a long file streams: what is broken at its end does not disturb what comes before")
  func streaming() throws {
    let folder = try TemporaryFolder()
    let row = "{\"prompt\": \"one two three\", \"completion\": \"four five\"}\n"
    let text = String(repeating: row, count: 100_000) + "{\"prompt\": \"cut"
    for name in ["long.jsonl", "long.jsonl.gz"] {
      let reader = try RecordReader(try folder.write(text, to: name))
      for line in 1...100_000 {
        let record = try #require(try reader.next())
        if record.provenance?.line != line {
          Issue.record("line \(line) was told as \(record.provenance?.line ?? 0)")
        }
      }
      #expect(
        message(in: folder) { try reader.next() }
          == "\(name):100001:16: not JSON: the line ends inside the string that begins at column 12"
      )
    }
  }

  @Test("results() ends after the first failure")
  func results() throws {
    let folder = try TemporaryFolder()
    let rows = Array(repeating: "{\"text\": \"x\"}", count: 150) + ["{", "{\"text\": \"y\"}"]
    let file = try folder.write(rows.joined(separator: "\n"), to: "rows.jsonl")
    let results = Array(try RecordReader(file).results())
    #expect(results.count == 151)
    #expect(throws: FeedbackError.self) { try results[150].get() }
  }
}
