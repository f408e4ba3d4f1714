// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@Suite("Safetensors")
struct SafetensorsTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// A file of the format: length, header, data.
  private static func bytes(header: String, data: [UInt8]) -> Data {
    let text = Data(header.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return Data(length) + text + Data(data)
  }

  private func file(_ content: Data, _ name: String = "x.safetensors") throws -> URL {
    let url = folder.file(name)
    try content.write(to: url)
    return url
  }

  // Written by hand from the format's description; safetensors 0.8 makes the same 174 bytes.
  private static let exampleHeader =
    #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
    + #""b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}"#
  private static let exampleData: [UInt8] =
    [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0xc0]  // 1, 2, 3, −4
    + [0x80, 0x3f, 0, 0x3f, 0x40, 0xc0]  // 1, 0.5, −3

  @Test("the format's own example of 174 bytes is read")
  func example() throws {
    let content = Self.bytes(header: Self.exampleHeader, data: Self.exampleData)
    #expect(Self.exampleHeader.utf8.count == 144 && content.count == 174)
    let file = try SafetensorsFile(file(content))
    #expect(file.names == ["a", "b"] && file.metadata == ["format": "pt"])
    #expect(file.shape(of: "a") == [2, 2] && file.elementType(of: "b") == .bfloat16)
    #expect(try file.tensor("a")?.doubles == [1, 2, 3, -4])
    #expect(try file.tensor("b")?.doubles == [1, 0.5, -3])
    #expect(try file.tensor("c") == nil && file.shape(of: "c") == nil)
  }

  @Test(
    "every element type and shape survives a round trip, bit for bit",
    arguments: ElementType.allCases)
  func roundTrip(type: ElementType) throws {
    let numbers = Tensor([0.0, 1, 1, 0, 1, 0])
    let tensors: NamedTensors = [
      ("matrix", numbers.to(type).reshaped([2, 3])), ("scalar", numbers.picked(0, 1).to(type)),
      ("empty", Tensor.zeros([0, 4], elementType: type)), ("änderung \"1\"", numbers.to(type)),
      ("view", numbers.to(type).reshaped([2, 3]).transposed(0, 1)),
    ]
    let url = folder.file("all.safetensors")
    try SafetensorsWriter.write(tensors, to: url, metadata: ["step": "12", "format": "mine"])
    let file = try SafetensorsFile(url)
    #expect(file.names == tensors.map(\.name).sorted())
    #expect(file.metadata == ["step": "12", "format": "mine"])
    for (name, tensor) in tensors {
      let found = try #require(try file.tensor(name))
      #expect(found.shape == tensor.shape && found.elementType == type, "\(name)")
      #expect(found.rawBytes() == tensor.rawBytes(), "\(name)")
    }
  }

  @Test("extreme numbers survive, NaN too")
  func extremes() throws {
    let x = Tensor([
      Float.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ])
    let url = folder.file("x.safetensors")
    try SafetensorsWriter.write([("x", x)], to: url)
    #expect(try SafetensorsFile(url).tensor("x")?.rawBytes() == x.rawBytes())
  }

  @Test("data begin at a multiple of 64 bytes, wide types first, names sorted within")
  func alignment() throws {
    let url = folder.file("x.safetensors")
    for count in 1...9 {
      let name = String(repeating: "n", count: count)
      try SafetensorsWriter.write(
        [("byte", Tensor([UInt8(7)])), (name, Tensor([1.5])), ("a", Tensor([2.5]))], to: url)
      let content = try Data(contentsOf: url)
      let length = content.prefix(8).enumerated().reduce(0) {
        $0 + Int($1.element) << (8 * $1.offset)
      }
      #expect((8 + length) % 64 == 0)
      #expect(content.count == 8 + length + 17)
      let file = try SafetensorsFile(url)
      #expect(try file.tensor("byte")?.ints == [7] && file.tensor("a")?.doubles == [2.5])
      #expect(content.suffix(17).first == 0, "the doubles come before the byte")
    }
  }

  @Test("data that are not aligned are read all the same")
  func misaligned() throws {
    let header =
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
    for padding in 0..<4 {
      let content = Self.bytes(
        header: header + String(repeating: " ", count: padding), data: [9, 0, 0, 0x80, 0x3f])
      let file = try SafetensorsFile(file(content))
      #expect(try file.tensor("a")?.ints == [9] && file.tensor("b")?.doubles == [1])
    }
  }

  @Test("a tensor outlives its file object and the file's removal, and never writes to it")
  func lifetime() throws {
    let url = folder.file("x.safetensors")
    try SafetensorsWriter.write([("x", Tensor([1.0, 2]))], to: url)
    let x = try #require(try SafetensorsFile(url).tensor("x"))
    x.copyInPlace(from: Tensor([8.0, 9]))
    #expect(try SafetensorsFile(url).tensor("x")?.doubles == [1, 2])
    try FileManager.default.removeItem(at: url)
    #expect(x.doubles == [8, 9])
  }

  @Test("the same tensors give the same bytes, in whatever order they come")
  func determinism() throws {
    let tensors: NamedTensors = [("b", Tensor([1.0])), ("a", Tensor([2])), ("c", Tensor([true]))]
    try SafetensorsWriter.write(tensors, to: folder.file("1"), metadata: ["z": "1", "y": "2"])
    try SafetensorsWriter.write(
      tensors.reversed(), to: folder.file("2"), metadata: ["y": "2", "z": "1"])
    #expect(try Data(contentsOf: folder.file("1")) == Data(contentsOf: folder.file("2")))
  }

  /// A damaged file and a word its message must hold.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let content: Data
    let word: String
  }

  static let damages: [Damage] = {
    let whole = bytes(header: exampleHeader, data: exampleData)
    func entry(_ text: String, _ dataCount: Int = 8) -> Data {
      bytes(header: #"{"x":\#(text)}"#, data: [UInt8](repeating: 0, count: dataCount))
    }
    func two(_ a: String, _ b: String, _ count: Int) -> Data {
      let field = { (offsets: String) in #"{"dtype":"F32","shape":[2],"data_offsets":\#(offsets)}"#
      }
      return bytes(
        header: #"{"a":\#(field(a)),"b":\#(field(b))}"#, data: [UInt8](repeating: 0, count: count))
    }
    return [
      Damage(
        testDescription: "empty file", content: Data(), word: "cut off: 8 bytes expected, 0 found"),
      Damage(
        testDescription: "no length", content: whole.prefix(5), word: "cut off: 8 bytes expected, 5"
      ),
      Damage(
        testDescription: "half a header", content: whole.prefix(100),
        word: "152 bytes expected, 100"),
      Damage(
        testDescription: "half the data", content: whole.prefix(160),
        word: "174 bytes expected, 160"),
      Damage(
        testDescription: "bytes too many", content: whole + [0],
        word: "1 bytes at the end belong to no"),
      Damage(
        testDescription: "a header of 2^60 bytes",
        content: Data([0, 0, 0, 0, 0, 0, 0, 0x10]) + whole,
        word: "at most 100000000"),
      Damage(
        testDescription: "a negative header length",
        content: Data([UInt8](repeating: 0xff, count: 8)) + whole,
        word: "at most 100000000"),
      Damage(
        testDescription: "no JSON", content: bytes(header: "{\"x\":", data: []), word: "no JSON"),
      Damage(
        testDescription: "a JSON list", content: bytes(header: "[1]", data: []),
        word: "no JSON object"),
      Damage(
        testDescription: "an entry that is no object", content: entry("3"),
        word: "'x': its entry needs"),
      Damage(
        testDescription: "no shape", content: entry(#"{"dtype":"F32","data_offsets":[0,8]}"#),
        word: "'x': its entry needs"),
      Damage(
        testDescription: "three offsets",
        content: entry(#"{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}"#),
        word: "'x': its entry needs"),
      Damage(
        testDescription: "an unknown type",
        content: entry(#"{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}"#),
        word: "F8_E4M3 is not supported"),
      Damage(
        testDescription: "a negative size",
        content: entry(#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#),
        word: "impossible shape [-2]"),
      Damage(
        testDescription: "offsets backwards",
        content: entry(#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#),
        word: "offsets [8, 0]"),
      Damage(
        testDescription: "too few bytes for the shape",
        content: entry(#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#),
        word: "needs 12 bytes, the offsets hold 8"),
      Damage(
        testDescription: "a shape whose size overflows",
        content: entry(#"{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}"#, 0),
        word: "is too large"),
      Damage(
        testDescription: "overlapping tensors", content: two("[0,8]", "[4,12]", 12),
        word: "'b': its data begins at 4, the one before ends at 8"),
      Damage(
        testDescription: "the same bytes twice", content: two("[0,8]", "[0,8]", 8),
        word: "its data begins at 0, the one before ends at 8"),
      Damage(
        testDescription: "a hole", content: two("[0,8]", "[12,20]", 20),
        word: "'b': its data begins at 12, the one before ends at 8"),
      Damage(
        testDescription: "a hole at the start",
        content: entry(#"{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#),
        word: "begins at 4, the one before ends at 0"),
    ]
  }()

  @Test("a damaged file is refused with its path and what is wrong", arguments: damages)
  func damage(item: Damage) throws {
    let url = try file(item.content)
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(url) }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("\(url.path): "))
    #expect(text.contains(item.word), "\(text)")
  }

  @Test("missing files and folders are told apart from broken ones")
  func unreadable() {
    for url in [folder.file("nowhere.safetensors"), folder.url] {
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(url) }
      guard case .unreadable(let path, let reason) = error else {
        Issue.record("\(error as Any)")
        continue
      }
      #expect(path == url.path && !reason.isEmpty)
    }
  }

  @Test("where nothing can be written the error says so and nothing is left behind")
  func unwritable() throws {
    let x: NamedTensors = [("x", Tensor([1.0]))]
    try Data("a file".utf8).write(to: folder.file("plain"))
    try FileManager.default.createDirectory(
      at: folder.file("taken"), withIntermediateDirectories: false)
    let targets = ["no such folder/x", "plain/x", "taken"].map { folder.url.appending(path: $0) }
    for url in targets {
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(x, to: url) }
      guard case .unwritable(let path, let reason) = error else {
        Issue.record("\(error as Any)")
        continue
      }
      #expect(path == url.path && !reason.isEmpty)
    }
    #expect(folder.names == ["plain", "taken"])
  }

  @Test("a read-only folder is refused", .enabled(if: geteuid() != 0, "root may write anywhere"))
  func readOnly() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.url.path)
    defer {
      try? FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.url.path)
    }
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter.write([("x", Tensor([1.0]))], to: folder.file("x"))
    }
  }

  /// A disk that fills up half way, by the limit a process may put on its own files.
  @Test("when space runs out the older file stays whole and no part of the new one remains")
  func noSpace() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      defer { try? FileManager.default.removeItem(at: folder.url) }
      let url = folder.file("model.safetensors")
      try SafetensorsWriter.write([("x", Tensor([1.0, 2]))], to: url)

      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1 << 16, rlim_max: 1 << 16)
      #if os(Linux)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      #else
      setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      do {
        try SafetensorsWriter.write([("x", Tensor.ones([1 << 16]))], to: url)
        ExitTestSupport.expect(false, "256 KiB went into a file of at most 64")
      } catch let error as SafetensorsError {
        ExitTestSupport.expect(
          error == .unwritable(path: url.path, reason: String(cString: strerror(EFBIG))),
          error.description)
      }
      ExitTestSupport.expect(folder.names == ["model.safetensors"], "left: \(folder.names)")
      let kept = try SafetensorsFile(url).tensor("x")
      ExitTestSupport.expect(kept?.doubles == [1, 2], "the older file is damaged")
    }
  }
}
