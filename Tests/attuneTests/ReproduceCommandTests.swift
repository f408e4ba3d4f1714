// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

@Suite("attune reproduce")
struct ReproduceCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("a reproduction prints its table, its claims and its verdict, and fills the run folder")
  func reproduces() throws {
    let result = try attune("reproduce", "modpo", "--output_dir", folder.url.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("Weight 0.5 on the first objective"))
    #expect(result.lines.contains("modpo: held"))
    for name in ["settings.json", "records.jsonl", "results.json", "report.html"] {
      let file = folder.url.appending(path: "modpo/\(name)")
      #expect(FileManager.default.fileExists(atPath: file.path), "\(name)")
    }
  }

  @Test("a mistake on purpose makes it 'not held', which is a result: status 0")
  func breaks() throws {
    let result = try attune(
      "reproduce", "modpo", "--break", "no_weight", "--json", "--output_dir", folder.url.path)
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(try result.rows.first)
    #expect(object["verdict"]?.string == "not held")
    #expect(object["broken_by"]?.string == "no_weight")
  }

  @Test("the list names reproductions, papers and mistakes")
  func lists() throws {
    let result = try attune("reproduce", "--list")
    #expect(result.output.contains("modpo: MODPO, Zhou et al. 2023, arXiv:2310.03708"))
    #expect(result.output.contains("--break no_weight"))
    let rows = try attune("reproduce", "--list", "--json").rows
    #expect(rows.count >= 5)
    #expect(rows.allSatisfy { $0["breakages"]?.array?.isEmpty == false })
  }

  @Test(
    "what makes no sense ends with status 2 and says what would",
    arguments: [
      (["reproduce"], "--list"), (["reproduce", "dpg"], "known: "),
      (["reproduce", "modpo", "--break", "sign"], "margin_sign"),
      (["reproduce", "modpo", "--all"], "give one of"),
      (["reproduce", "--all", "--break", "no_weight"], "name the method"),
    ])
  func refuses(arguments: [String], hint: String) throws {
    let result = try attune(arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(hint), "\(result.errors)")
  }
}
