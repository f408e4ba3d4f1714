// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Training

@Suite("CRC-32C")
struct CRC32CTests {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogues.
  static let vectors: [([UInt8], UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    ([UInt8](0..<32), 0x46DD_794E),
    ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
    ([UInt8]("123456789".utf8), 0xE306_9283),
    ([], 0),
  ]

  @Test("matches the vectors of RFC 3720", arguments: vectors)
  func checksums(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32C.checksum(bytes) == expected)
  }

  // tensorboard 2.21: masked_crc32c(b"123456789"), masked_crc32c(b"")
  @Test("is masked as TensorBoard masks it")
  func masked() {
    #expect(CRC32C.masked(Array("123456789".utf8)) == 0xC78A_B0E5)
    #expect(CRC32C.masked([]) == 0xA282_EAD8)
  }
}

@Suite("TensorBoard event files")
struct EventFileWriterTests {
  // Fixtures/read_events.py --bytes (tensorboard 2.21.0): TensorBoard's own messages and record writer.
  static let records = [
    "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9",
    "0d000000000000003c37b8340900001040fc54d9413a0208018c8e54cd",
    """
    200000000000000029eda9500900001040fc54d94110012a130a110a0a747261696e2f6c6f7373157368313f2941ae71
    """,
    """
    33000000000000000ca720560900001040fc54d94110022a260a240a0b636f6d706c6574696f6e73420b080742074772\
    c3bcc39f654a080a060a0474657874386d8a97
    """,
    """
    6100000000000000008f90640900001040fc54d94110032a540a520a0d747261696e2f726577617264732a4109000000\
    0000000440110000000000000440190000000000000840210000000000001e40290000000000c0324032080000000000\
    0004403a0800000000000008409be274c4
    """,
  ]

  @Test("the file is what TensorBoard writes, byte for byte")
  func bytes() throws {
    try withTemporaryFolder { folder in
      let events = try writer(in: folder)
      try events.scalar("train/loss", 0.693, step: 1)
      try events.text("completions", "Grüße", step: 2)
      try events.histogram("train/rewards", [2.5, 2.5, 2.5] as [Float], step: 3)
      try events.flush()
      #expect(try hexadecimal(Data(contentsOf: events.file)) == Self.records.joined())
    }
  }

  @Test("every record holds its length, its payload and checksums of both")
  func framing() throws {
    try withTemporaryFolder { folder in
      let events = try writer(in: folder)
      let tags = (0..<300).map { String(repeating: "x", count: $0) }
      for (step, tag) in tags.enumerated() {
        try events.scalar(tag, 1, step: step)
      }
      try events.flush()

      let payloads = try readRecords(events.file)
      #expect(payloads.count == 2 + tags.count)
      #expect(hexadecimal(Data(payloads[0])) == Self.records[0].dropFirst(24).dropLast(8))
      for (payload, tag) in zip(payloads.dropFirst(2), tags) {
        // Protocol buffers end this message with the tag and the 5 bytes of 1.0.
        #expect(payload.suffix(5 + tag.utf8.count) == Array(tag.utf8) + [0x15, 0, 0, 0x80, 0x3F])
      }
    }
  }

  @Test("the name holds time, host, process and a number, without characters unfit for a file")
  func names() throws {
    try withTemporaryFolder { folder in
      let first = try writer(in: folder, host: "lab/node ü-1.example")
      let second = try writer(in: folder, host: "lab/node ü-1.example")
      let stem = "events.out.tfevents.1700000000.lab_node__-1.example.42"
      #expect(first.file.lastPathComponent == "\(stem).0")
      #expect(second.file.lastPathComponent == "\(stem).1")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.sorted() == ["\(stem).0", "\(stem).1"])
    }
  }

  @Test("a second writer leaves the first one's file as it is and marks where the run goes on")
  func resumed() throws {
    try withTemporaryFolder { folder in
      let first = try writer(in: folder)
      try first.scalar("train/loss", 0.693, step: 1)
      try first.flush()
      let before = try Data(contentsOf: first.file)

      let second = try writer(in: folder, startingAt: 1)
      #expect(try Data(contentsOf: first.file) == before)
      // event_pb2.Event(wall_time=1_700_000_000.25, step=1, file_version="brain.Event:2"), then
      // the same with session_log={"status": 1} in place of the version.
      #expect(
        try readRecords(second.file).map { hexadecimal(Data($0)) } == [
          "0900001040fc54d94110011a0d627261696e2e4576656e743a32",
          "0900001040fc54d94110013a020801",
        ])
    }
  }

  @Test("records wait in memory until 64 KiB, 5 seconds, a flush or the writer's end")
  func buffering() throws {
    try withTemporaryFolder { folder in
      var now = Date(timeIntervalSince1970: 1_700_000_000)
      var events: EventFileWriter? = try EventFileWriter(
        directory: folder, host: "host", processID: 42, clock: { now })
      let file = try #require(events?.file)
      #expect(try readRecords(file).count == 2)  // version and start, at once

      try events?.scalar("a", 1, step: 1)
      #expect(try readRecords(file).count == 2)
      now += 5
      try events?.scalar("a", 1, step: 2)
      #expect(try readRecords(file).count == 4)

      try events?.text("b", String(repeating: "x", count: 40 << 10), step: 3)
      #expect(try readRecords(file).count == 4)
      try events?.text("b", String(repeating: "x", count: 40 << 10), step: 4)
      #expect(try readRecords(file).count == 6)

      now -= 3600  // a clock set back
      try events?.scalar("a", 1, step: 5)
      #expect(try readRecords(file).count == 7)
      try events?.scalar("a", 1, step: 6)
      try events?.flush()
      #expect(try readRecords(file).count == 8)
      try events?.scalar("a", 1, step: 7)
      events = nil
      #expect(try readRecords(file).count == 9)
    }
  }

  @Test("a folder that is a file is an error that names it")
  func folderIsFile() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("runs", isDirectory: false)
      try Data("x".utf8).write(to: file)
      let error = #expect(throws: EventFileError.self) { try writer(in: file) }
      guard case .cannotCreate(file.path, let reason) = error else {
        Issue.record("wanted cannotCreate for \(file.path), found \(String(describing: error))")
        return
      }
      #expect(reason.hasSuffix("File exists"))
      #expect(error?.description.hasPrefix("\(file.path): cannot create") == true)
      #expect(try Data(contentsOf: file) == Data("x".utf8))
    }
  }

  @Test("NaN and infinities in a histogram are counted in the error and nothing is written")
  func notFinite() throws {
    try withTemporaryFolder { folder in
      let events = try writer(in: folder)
      let values: [Double] = [1, .nan, 2, -.infinity]
      #expect(
        throws: EventFileError.notFinite(tag: "train/ratios", step: 7, count: 2, valueCount: 4)
      ) {
        try events.histogram("train/ratios", values, step: 7)
      }
      try events.flush()
      #expect(try readRecords(events.file).count == 2)
    }
  }

  #if os(Linux)
  @Test("a full disk is said in the system's words, each time until there is space")
  func fullDisk() throws {
    let device = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let file = RecordFile(device, path: "runs/events")
    file.append([1, 2, 3])
    let full = EventFileError.cannotWrite(path: "runs/events", reason: "No space left on device")
    #expect(throws: full) { try file.flush() }
    #expect(throws: full) { try file.flush() }
    #expect(file.pendingByteCount == 19)
  }
  #endif

  /// A Python with tensorboard installed, to run Fixtures/read_events.py.
  static let python = ProcessInfo.processInfo.environment["ATTUNE_TENSORBOARD_PYTHON"]

  @Test(
    "TensorBoard reads an interrupted and resumed run",
    .enabled(
      if: python != nil,
      "set ATTUNE_TENSORBOARD_PYTHON to a Python interpreter with tensorboard installed"))
  func tensorBoard() throws {
    let python = try #require(Self.python)
    try withTemporaryFolder { folder in
      var now = Date(timeIntervalSince1970: 1_700_000_000.25)
      func train(_ steps: Range<Int>, _ events: EventFileWriter) throws {
        for step in steps {
          now = Date(timeIntervalSince1970: 1_700_000_000.25 + Double(step))
          try events.scalar("train/loss", 1 / Double(1 + step), step: step)
        }
        try events.flush()
      }

      let first = try EventFileWriter(directory: folder, clock: { now })
      for (step, value) in [Double.nan, .infinity, -.infinity].enumerated() {
        try first.scalar("train/broken", value, step: step)
      }
      try first.text("completions", "**prompt** Grüße, 東京 🙂\n\n    two  spaces\n", step: 5)
      try first.histogram("train/rewards", (0..<1000).map { Float($0) }, step: 5)
      try first.histogram("train/constant", [2.5, 2.5, 2.5], step: 5)
      try first.histogram("train/nothing", [Double](), step: 5)
      try train(0..<150, first)
      now = Date(timeIntervalSince1970: 1_700_000_900)  // the second file's name: after the first
      try train(100..<200, EventFileWriter(directory: folder, startingAt: 100, clock: { now }))

      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/read_events.py")
      let reader = Process()
      reader.executableURL = URL(fileURLWithPath: python)
      reader.arguments = [script.path, folder.path]
      try reader.run()
      reader.waitUntilExit()
      #expect(reader.terminationStatus == 0, "read_events.py prints what differs")
    }
  }

  private func writer(
    in folder: URL, startingAt step: Int = 0, host: String = "host"
  ) throws -> EventFileWriter {
    try EventFileWriter(
      directory: folder, startingAt: step, host: host, processID: 42,
      clock: { Date(timeIntervalSince1970: 1_700_000_000.25) })
  }
}

@Suite("TensorBoard histograms")
struct TensorBoardHistogramTests {
  // values = [(i * i * 37 % 1009 + 0.5) ** 0.5 - 20 for i in range(500)]
  // numpy 2.4: np.histogram(values, bins=64), sum(values), np.dot(values, values)
  @Test("counts as NumPy does in 64 intervals")
  func golden() {
    let values = (0..<500).map { (Double($0 * $0 * 37 % 1009) + 0.5).squareRoot() - 20 }
    let histogram = TensorBoardHistogramProto(counting: values)
    #expect(
      histogram.bucket == [
        1, 2, 2, 2, 3, 2, 3, 2, 3, 4, 3, 4, 2, 3, 4, 4, 3, 5, 3, 4, 6, 7, 5, 8, 4, 6, 4, 8, 6, 8,
        7, 8, 6, 9, 6, 9, 12, 7, 10, 8, 10, 12, 8, 7, 14, 12, 6, 13, 11, 12, 11, 13, 14, 12, 10,
        13, 13, 14, 11, 17, 13, 14, 15, 22,
      ])
    #expect(histogram.bucketLimit.count == 64)
    #expect(abs(histogram.bucketLimit[0] - -18.80774037138823) < 1e-12)
    #expect(abs(histogram.bucketLimit[62] - 11.271736168975611) < 1e-12)
    #expect(histogram.bucketLimit[63] == histogram.max)
    #expect(histogram.num == 500)
    #expect(abs(histogram.min - -19.292893218813454) < 1e-12)
    #expect(abs(histogram.max - 11.756889016400834) < 1e-12)
    #expect(abs(histogram.sum - 497.8053308298027) < 1e-9)
    #expect(abs(histogram.sumSquares - 31313.786766807898) < 1e-7)
  }

  @Test("equal numbers make one interval, no numbers none")
  func degenerate() {
    let constant = TensorBoardHistogramProto(counting: [-3, -3])
    #expect(constant.bucketLimit == [-3])
    #expect(constant.bucket == [2])
    #expect(TensorBoardHistogramProto(counting: []) == TensorBoardHistogramProto())
  }

  @Test(
    "the widest and the narrowest ranges keep every number",
    arguments: [
      [-Double.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude],
      [0, Double.leastNonzeroMagnitude], [0, 100 * Double.leastNonzeroMagnitude],
      [1e15, 1e15 + 0.125], [-1, 1.0.nextUp],
    ])
  func extremes(values: [Double]) {
    let histogram = TensorBoardHistogramProto(counting: values)
    #expect(histogram.bucket.reduce(0, +) == Double(values.count))
    #expect(histogram.bucketLimit.count == histogram.bucket.count)
    #expect(histogram.bucketLimit.allSatisfy { $0.isFinite })
    #expect(histogram.bucketLimit == histogram.bucketLimit.sorted())
    #expect(histogram.bucketLimit.last == values.max())
  }
}

/// Payloads of a TFRecord file; fails where a length or a checksum is wrong or bytes are left over.
private func readRecords(_ file: URL) throws -> [[UInt8]] {
  var rest = try [UInt8](Data(contentsOf: file))[...]
  func take(_ count: Int) throws -> [UInt8] {
    try #require(rest.count >= count, "the file ends within a record")
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
  func number(_ bytes: [UInt8]) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  var payloads: [[UInt8]] = []
  while !rest.isEmpty {
    let length = try take(8)
    try #require(number(take(4)) == UInt64(CRC32C.masked(length)))
    let payload = try take(Int(number(length)))
    try #require(number(take(4)) == UInt64(CRC32C.masked(payload)))
    payloads.append(payload)
  }
  return payloads
}

private func hexadecimal(_ bytes: Data) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

private func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("event-files-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
