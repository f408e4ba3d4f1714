// SPDX-License-Identifier: Apache-2.0

/// The checksum of TFRecord files: CRC-32C, "Castagnoli".
///
/// Polynomial 0x1EDC6F41, bits reflected, start and final exclusive-or with all ones.
/// Source: RFC 3720, section 12.1; test vectors in its appendix B.4.
enum CRC32C {
  /// CRC of every single byte; 0x82F63B78 is the polynomial with its bits reversed.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in
      crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1
    }
  }

  /// The CRC of `bytes`; 0 for none.
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let table = table
    var crc = UInt32.max
    for byte in bytes {
      crc = (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
    return ~crc
  }

  /// The CRC as TFRecord stores it: rotated right by 15 bits, plus a constant.
  ///
  /// A CRC over data that contains its own CRC is a constant and detects nothing; masking avoids that
  /// when one record holds another.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let crc = checksum(bytes)
    return ((crc >> 15) | (crc << 17)) &+ 0xA282_EAD8
  }
}
