// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("The commit of a working directory")
struct GitCommitTests {
  private let folder: ScratchFolder
  private let commit = String(repeating: "0a1b2c3d", count: 5)

  init() throws { folder = try ScratchFolder() }

  private func write(_ text: String, _ path: String) throws {
    let file = folder[path]
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  @Test("is that of its branch, from any folder below, loose or packed")
  func branches() throws {
    try write("ref: refs/heads/main\n", ".git/HEAD")
    try write("", "a/b/file")
    #expect(GitCommit.current(in: folder["a/b"]) == nil)
    try write("# pack-refs\n\(commit) refs/heads/main\n", ".git/packed-refs")
    #expect(GitCommit.current(in: folder["a/b"]) == commit)
    let newer = String(repeating: "f", count: 40)
    try write("\(newer)\n", ".git/refs/heads/main")
    #expect(GitCommit.current(in: folder.url) == newer)
  }

  @Test("is HEAD itself without a branch, and that of the main tree in a linked one")
  func otherTrees() throws {
    try write("\(commit)\n", "one/.git/HEAD")
    #expect(GitCommit.current(in: folder["one"]) == commit)
    try write("gitdir: ../main/.git/worktrees/two\n", "two/.git")
    try write("ref: refs/heads/side\n", "main/.git/worktrees/two/HEAD")
    try write("../..\n", "main/.git/worktrees/two/commondir")
    try write("\(commit)\n", "main/.git/refs/heads/side")
    #expect(GitCommit.current(in: folder["two"]) == commit)
  }

  @Test("is nil where the files say nothing usable")
  func broken() throws {
    try write("no commit\n", ".git/HEAD")
    #expect(GitCommit.current(in: folder.url) == nil)
    #expect(GitCommit.current(in: URL(filePath: "/")) == nil)
  }
}
