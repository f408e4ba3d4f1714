// SPDX-License-Identifier: Apache-2.0

/// The 256 printable scalars by which byte-level tokenizers write bytes in their vocabulary.
///
/// Bytes 33-126, 161-172 and 174-255 stand for themselves; the other 68, in order, are U+0100,
/// U+0101, ... So a space is written "Ġ" and a newline "Ċ".
enum ByteAlphabet {
  /// The scalar value that writes each byte, by byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (UInt32(0)...255).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The byte that each scalar value below U+0144 writes; nil for the 68 that write none.
  static let bytes: [UInt8?] = {
    var table = [UInt8?](repeating: nil, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = UInt8(byte) }
    return table
  }()

  /// The UTF-8 of the scalar that writes each byte, by byte.
  static let encodings: [[UInt8]] = scalars.map { value in
    value < 0x80
      ? [UInt8(value)] : [UInt8(0xC0 | value >> 6), UInt8(0x80 | value & 0x3F)]
  }

  /// Writes raw bytes in the alphabet, as UTF-8.
  static func write(_ raw: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    for byte in raw { text.append(contentsOf: encodings[Int(byte)]) }
    return text
  }

  /// Counts the places of pieces, from `first` on, in bytes instead of in their written form.
  static func rewind(
    _ pieces: inout [Piece], from first: Int, in written: UnsafeBufferPointer<UInt8>
  ) {
    func rawCount(_ range: Range<Int>) -> Int32 {
      Int32(written[range].count { $0 & 0xC0 != 0x80 })
    }
    for index in first..<pieces.count {
      let start = Int(pieces[index].start)
      let end = start + Int(pieces[index].byteCount)
      pieces[index].start = rawCount(0..<start)
      pieces[index].byteCount = rawCount(start..<end)
    }
  }

  /// Reads a token back into raw bytes; nil where a scalar is outside the alphabet.
  static func read(_ token: [UInt8]) -> [UInt8]? {
    var raw: [UInt8] = []
    raw.reserveCapacity(token.count)
    return token.withUnsafeBufferPointer { token in
      var place = 0
      while place < token.count {
        let (value, byteCount) = UTF8Scan.scalar(token, at: place)
        guard value < 0x144, let byte = bytes[Int(value)] else { return nil }
        raw.append(byte)
        place += byteCount
      }
      return raw
    }
  }
}
