// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

/// The built program, as a user runs it.
enum Executable {
  /// `attune` beside the test bundle; nil where only the tests were built.
  static let path: String? = {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path.count > 1 {
      let candidate = folder.appending(path: "attune").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: candidate)
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }()

  /// Runs a shell command in which `$attune` is the program.
  static func shell(_ command: String) throws -> CommandResult {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["attune": try #require(path)]) { _, new in new }
    let folder = try TemporaryFolder()
    let files = try ["output", "errors"].map { name in
      _ = try folder.write("", name)
      return try FileHandle(forWritingTo: folder.url.appending(path: name))
    }
    process.standardOutput = files[0]
    process.standardError = files[1]
    try process.run()
    process.waitUntilExit()
    for file in files { try file.close() }
    return CommandResult(
      status: process.terminationStatus, output: try folder.text("output"),
      errors: try folder.text("errors"))
  }
}

@Suite("The program", .enabled(if: Executable.path != nil, "the program attune was not built"))
struct ExecutableTests {
  @Test("help goes to standard output with status 0")
  func help() throws {
    let result = try Executable.shell("\"$attune\" --help")
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.output.contains("SUBCOMMANDS:"))
  }

  @Test("an unknown option ends with status 2 and one line on standard error")
  func unknownOption() throws {
    let result = try Executable.shell("\"$attune\" world show --idnex 3")
    #expect(result.status == 2)
    #expect(result.output == "")
    #expect(result.errors == "attune: unknown option '--idnex'; did you mean '--index'?\n")
  }

  @Test("broken data on standard input ends with status 3 and the line")
  func standardInput() throws {
    let result = try Executable.shell(
      #"printf '{"id": "7/digest/train/0", "completion": " x"}\n\n{"id": 1\n' | "$attune" world score"#
    )
    #expect(result.status == 3)
    #expect(result.lines.count == 1)
    #expect(result.errors.hasPrefix("attune: standard input:3:"))
  }

  @Test("a last line without its end is read, and an object is asked for")
  func lastLine() throws {
    let good = try Executable.shell(
      #"printf '{"id": "7/digest/train/0", "completion": " x"}' | "$attune" world score"#)
    #expect(good.status == 0)
    #expect(good.lines.count == 1)
    let list = try Executable.shell(#"echo '[1]' | "$attune" world score -"#)
    #expect(list.status == 3)
    #expect(
      list.errors
        == "attune: standard input:1: expected an object a line, found a list of 1\n")
  }

  @Test("rows written by one command are read by the next")
  func pipe() throws {
    let result = try Executable.shell(
      "\"$attune\" world write --kind references --count 300 | \"$attune\" world score")
    #expect(result.status == 0)
    #expect(result.lines.count == 300)
    #expect(result.errors == "mean utility 1.0000 over 300 rows\n")
  }

  @Test("a reader that goes away ends the program without a word")
  func closedPipe() throws {
    let command = "\"$attune\" world write --kind book --count 100000 | head -n 1"
    let result = try Executable.shell(command)
    #expect(result.lines.count == 1)
    #expect(result.errors == "")
    // The same where the signal is ignored, as some parents do.
    let ignored = try Executable.shell("trap '' PIPE; \(command)")
    #expect(ignored.lines.count == 1)
    #expect(ignored.errors == "")
  }

  @Test("the completion script is for the shell that was named")
  func completion() throws {
    let result = try Executable.shell("\"$attune\" --generate-completion-script bash | bash -n")
    #expect(result.status == 0)
    #expect(result.errors == "")
  }
}
