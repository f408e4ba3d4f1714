// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Objectives
import Testing

@testable import attune

@Suite("attune papers")
struct PapersCommandTests {
  @Test("lists 47 papers with ids, and the page of the documentation is its output")
  func page() throws {
    let markdown = try attune("papers", "--format", "markdown")
    #expect(markdown.status == 0, "\(markdown.errors)")
    let page = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Docs/PaperIndex.md"), encoding: .utf8)
    #expect(
      page == markdown.output,
      "write the page anew: attune papers --format markdown > Docs/PaperIndex.md")
    let papers = try JSONValue(parsing: attune("papers", "--format", "json").output).array ?? []
    #expect(papers.compactMap { $0["number"]?.integer } == Array(1...47))
    for paper in papers {
      let ids = paper["arxiv"]?.array?.compactMap(\.string) ?? []
      #expect(!ids.isEmpty && ids.allSatisfy { $0.wholeMatch(of: /\d{4}\.\d{5}/) != nil })
    }
    #expect(Set(PaperTable.entries.map(\.name)).count == 47)
    #expect(Set(PaperTable.entries.flatMap(\.ids)).count == PaperTable.entries.flatMap(\.ids).count)
  }

  @Test("an entry without an implementation says so and names no command")
  func honesty() throws {
    for paper in PaperTable.entries where paper.status == .none {
      #expect(paper.command == nil && paper.measured == nil, "\(paper.name)")
      #expect(paper.lines.contains("  status: no implementation"))
    }
    for paper in PaperTable.entries where paper.status == .partly {
      #expect(paper.note?.contains("missing") == true || paper.note?.contains("left") == true)
    }
    for paper in PaperTable.entries where paper.status == .reproduced {
      #expect(paper.measured != nil && paper.command != nil, "\(paper.name)")
    }
  }

  @Test("every command of the table is a command, and every loss one of the catalogue")
  func commands() throws {
    for command in PaperTable.entries.compactMap(\.command) {
      for single in command.components(separatedBy: ", ") {
        let words = single.split(separator: " ").map(String.init)
        #expect(words.first == "attune")
        let help = try attune([words[1], "--help"])
        #expect(help.status == 0, "\(single)")
        if words.count > 3, words[2] == "--loss_type" {
          #expect(throws: Never.self) { try ObjectiveTable.entry(words[3]) }
        }
      }
    }
  }

  @Test("searches titles, ids and commands, all words at once and in any case")
  func search() throws {
    func numbers(_ words: String...) throws -> [Int] {
      let found = try attune(["papers", "search", "--format", "json"] + words)
      return try JSONValue(parsing: found.output).array?.compactMap { $0["number"]?.integer } ?? []
    }
    #expect(try numbers("NASH") == [14, 43, 45])
    #expect(try numbers("2402.01878") == [6])
    #expect(try numbers("attune", "lipo") == [6])
    #expect(try numbers("survey", "vulnerabilities") == [1])
    let nothing = try attune("papers", "search", "perpetuum")
    #expect(nothing.status == 2 && nothing.errors.contains("no paper has 'perpetuum'"))
    let some = try attune("papers", "list", "--status", "none")
    #expect(some.output.contains("3 qdhf:") && !some.output.contains("6 lipo:"))
  }
}
