// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

/// Random edits of a file: each is read whole or refused by a `SafetensorsError`; nothing traps, and libtorch never
/// gets to see a shape that it cannot hold.
@Suite("Safetensors mutations")
struct SafetensorsMutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// How long to go on, in seconds: a fixed number of edits unless `ATTUNE_MUTATION_SECONDS` says.
  private static let seconds = environment["ATTUNE_MUTATION_SECONDS"].flatMap(Double.init)
  private static let seed = environment["ATTUNE_MUTATION_SEED"].flatMap(UInt64.init) ?? 7

  private static let pieces = [
    "0", "-1", "1.5", "1e400", "9223372036854775807", "9223372036854775808", "4611686018427387904",
    "16",
    "22", "[]", "{}", "null", "true", "\"F32\"", "\"F8_E4M3\"", "\"BOOL\"", "\"I64\"", ",", ":",
    "[", "]", "{",
    "}", "\"", "\\", "\"shape\":[0,4611686018427387904,4611686018427387904]", "\"shape\":[]",
    "\"data_offsets\":[0,16]", "\"data_offsets\":[16,0]", "\"dtype\":\"U8\"",
    "\"__metadata__\":{\"a\":1}",
    "[[[[[[[[[[[[", "\u{0}", "é", "\\ud800",
  ]
  private static let header =
    #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
    + #""b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},"c":{"dtype":"I8","shape":[0,5],"#
    + #""data_offsets":[22,22]},"d":{"dtype":"BOOL","shape":[],"data_offsets":[22,23]}}"#

  private static func length(_ count: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }

  /// Edits the header's text, keeping its announced length true, or the bytes of the file wherever they stand.
  private static func mutated(_ random: inout SplitMix) -> Data {
    var header = Array(header.utf8)
    var data = (0..<23).map { UInt8($0 * 11 % 256) }
    let editsHeader = random.below(2) == 0
    if editsHeader {
      for _ in 0...random.below(3) {
        let place = random.below(header.count + 1)
        let end = min(header.count, place + random.below(8))
        switch random.below(4) {
        case 0: header.removeSubrange(place..<end)
        case 1: header.insert(contentsOf: header[place..<end], at: place)
        default:
          header.replaceSubrange(place..<end, with: pieces[random.below(pieces.count)].utf8)
        }
      }
    }
    if random.below(4) == 0 { data = Array(data.prefix(random.below(data.count + 1))) }
    if random.below(8) == 0 { data += [UInt8](repeating: 0, count: random.below(20)) }
    var file = length(header.count) + header + data
    if !editsHeader {
      for _ in 0...random.below(3) where !file.isEmpty {
        let place = random.below(file.count)
        switch random.below(6) {
        case 0...2: file[max(place, file.count - 20)] = UInt8(random.below(256))
        case 3: file[place] = UInt8(random.below(256))
        case 4: file[random.below(min(8, file.count))] = UInt8(random.below(256))
        default: file = Array(file.prefix(place))
        }
      }
    }
    return Data(file)
  }

  @Test("edited files are read or refused, never more")
  func mutations() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("x.safetensors")
    var random = SplitMix(state: Self.seed)
    let clock = ContinuousClock()
    let end = Self.seconds.map { clock.now.advanced(by: .seconds($0)) }
    var (read, refused) = (0, 0)
    while end.map({ clock.now < $0 }) ?? (read + refused < 4000) {
      let content = Self.mutated(&random)
      try content.write(to: url)
      do {
        let file = try SafetensorsFile(url)
        for name in file.names {
          let tensor = try #require(try file.tensor(name))
          #expect(tensor.shape == file.shape(of: name))
          // Every byte is there to be read.
          _ = tensor.to(.float64).doubles
        }
        read += 1
      } catch is SafetensorsError {
        refused += 1
      } catch {
        Issue.record("\(content.base64EncodedString()): \(error)")
      }
    }
    // Edits leave some files whole and break others; otherwise nothing was tested.
    #expect(read > 100 && refused > 1000)
    if Self.seconds != nil { print("\(read) read, \(refused) refused") }
  }
}

/// Numbers from a seed.
private struct SplitMix {
  var state: UInt64

  mutating func below(_ count: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(count))
  }
}
