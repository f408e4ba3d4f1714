// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Hub

// printf 'hello\n' | sha256sum; printf 'hello\n' | git hash-object --stdin
@Suite("Checksums")
struct ChecksumTests {
  let content = Data("hello\n".utf8)
  let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
  let blob = "ce013625030ba8dba906f756967f9e9ca394464a"

  @Test("an entity tag tells its kind by its length")
  func kinds() {
    #expect(Checksum(etag: sha256, size: nil) == .sha256(sha256))
    #expect(Checksum(etag: blob.uppercased(), size: 6) == .gitBlob(blob, size: 6))
    #expect(Checksum(etag: blob, size: nil) == .none)
    #expect(Checksum(etag: "d41d8cd98f00b204e9800998ecf8427e", size: 6) == .none)
  }

  @Test("digests are those of sha256sum and git")
  func values() {
    for checksum in [Checksum.sha256(sha256), .gitBlob(blob, size: 6)] {
      var digest = Digest(checksum)
      content.prefix(2).withUnsafeBytes { digest.update($0) }
      content.dropFirst(2).withUnsafeBytes { digest.update($0) }
      #expect(digest.hex == checksum.expected)
    }
    #expect(Digest.gitBlob(content) == blob)
  }
}
