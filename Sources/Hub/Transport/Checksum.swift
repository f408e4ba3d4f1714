// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// What the content of a file must hash to; the hub names files by it.
enum Checksum: Sendable, Equatable {
  /// Of a large file: SHA-256 of the content.
  case sha256(String)
  /// Of a small file: the name git gives a blob, SHA-1 of a header with the size and the content.
  case gitBlob(String, size: Int64)
  /// An entity tag that is neither: nothing can be compared.
  case none

  /// The checksum that an entity tag of the hub is.
  init(etag: String, size: Int64?) {
    let isHex = etag.utf8.allSatisfy(HubRepository.isHexDigit)
    switch (isHex, etag.utf8.count, size) {
    case (true, 64, _): self = .sha256(etag.lowercased())
    case (true, 40, let size?): self = .gitBlob(etag.lowercased(), size: size)
    default: self = .none
    }
  }

  /// The expected value in hexadecimal; nil where there is none.
  var expected: String? {
    switch self {
    case .sha256(let value), .gitBlob(let value, _): value
    case .none: nil
    }
  }
}

/// A checksum in the making.
struct Digest: Sendable {
  private enum State {
    case sha256(SHA256)
    case sha1(Insecure.SHA1)
    case none
  }

  private var state: State

  init(_ checksum: Checksum) {
    switch checksum {
    case .sha256: state = .sha256(SHA256())
    case .gitBlob(_, let size):
      var hash = Insecure.SHA1()
      hash.update(data: Data("blob \(size)\0".utf8))
      state = .sha1(hash)
    case .none: state = .none
    }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch state {
    case .sha256(var hash):
      state = .none  // so that the hash is changed in place
      hash.update(bufferPointer: bytes)
      state = .sha256(hash)
    case .sha1(var hash):
      state = .none
      hash.update(bufferPointer: bytes)
      state = .sha1(hash)
    case .none: break
    }
  }

  /// The value so far in hexadecimal.
  var hex: String? {
    switch state {
    case .sha256(let hash): Self.hex(hash.finalize())
    case .sha1(let hash): Self.hex(hash.finalize())
    case .none: nil
    }
  }

  /// SHA-256 of a file's content, in hexadecimal.
  ///
  /// - Throws: ``HubError/localFile(path:reason:)``.
  static func sha256(of file: URL) throws -> String {
    var hash = SHA256()
    do {
      let handle = try FileHandle(forReadingFrom: file)
      while let block = try handle.read(upToCount: 1 << 20), !block.isEmpty {
        hash.update(data: block)
      }
    } catch {
      throw LocalFiles.error(file, error)
    }
    return hex(hash.finalize())
  }

  /// The name git gives to content.
  static func gitBlob(_ content: Data) -> String {
    var hash = Insecure.SHA1()
    hash.update(data: Data("blob \(content.count)\0".utf8))
    hash.update(data: content)
    return hex(hash.finalize())
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
