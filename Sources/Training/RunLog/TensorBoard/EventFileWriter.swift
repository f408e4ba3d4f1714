// SPDX-License-Identifier: Apache-2.0

public import Foundation
import SwiftProtobuf

/// Writes one TensorBoard event file: scalars, texts and histograms over training steps.
///
///     let events = try EventFileWriter(directory: runFolder.appendingPathComponent("tensorboard"))
///     try events.scalar("train/loss", 0.693, step: 1)
///     try events.text("completions", "**prompt** Hello", step: 1)
///     try events.histogram("train/advantages", advantages, step: 1)
///     try events.flush()
///
/// `tensorboard --logdir <folder>` shows the file while it grows. Records are buffered: a call that
/// finds 64 KiB waiting, or the last write 5 seconds ago, writes them out, and ``flush()`` does so at
/// once. Each writer makes a file of its own and TensorBoard shows all files of a folder as one run, so
/// a resumed run makes a new writer for the same folder and says at which step it goes on.
///
/// When the disk is full a call throws, the file stays readable, and the unwritten records wait in
/// memory for the next call. Not `Sendable`: a writer belongs to one thread at a time.
///
/// Source: TensorFlow's `event.proto` and `summary.proto` (file version "brain.Event:2"), and the TFRecord
/// framing of `record_writer.cc`.
public final class EventFileWriter {
  /// The file, `events.out.tfevents.<unix seconds>.<host>.<process>.<n>`.
  public var file: URL { URL(fileURLWithPath: records.path) }

  private let records: RecordFile
  private let clock: () -> Date
  private var lastFlush: Date

  /// Buffered bytes that start a write.
  private static let bufferByteCount = 64 << 10
  /// Time since the last write after which a record starts the next one.
  private static let bufferSeconds = 5.0

  /// Makes a new event file with the opening records TensorBoard looks for.
  ///
  /// - Parameters:
  ///   - directory: The folder of this run; it is made where it is missing.
  ///   - firstStep: The first step this writer is given, above 0 for a resumed run. TensorBoard drops
  ///     what earlier files in the folder hold from this step on, which an interrupted run may have
  ///     written after its last checkpoint. So give runs that are to be compared a folder each.
  ///   - host: The machine's name, for the file name; characters unfit for one become `_`.
  ///   - processID: This process's number, for the file name.
  ///   - clock: The time put on every record.
  /// - Throws: ``EventFileError/cannotCreate(directory:reason:)`` or
  ///   ``EventFileError/cannotWrite(path:reason:)``.
  public init(
    directory: URL, startingAt firstStep: Int = 0,
    host: String = ProcessInfo.processInfo.hostName,
    processID: Int32 = ProcessInfo.processInfo.processIdentifier,
    clock: @escaping () -> Date = { Date() }
  ) throws {
    let now = clock()
    let stem = Self.fileStem(seconds: now.timeIntervalSince1970, host: host, processID: processID)
    self.clock = clock
    lastFlush = now
    records = try RecordFile(in: directory, stem: stem)

    try append(step: firstStep, .fileVersion("brain.Event:2"))
    // In the first file as well: TensorBoard takes the first start of a folder for the run's beginning
    // and only those after it for a restart.
    try append(step: firstStep, .sessionLog(.with { $0.status = .start }))
    try flush()
  }

  /// Writes a number.
  ///
  /// - Parameters:
  ///   - tag: The chart's name; what stands before the first `/` groups charts (`train/loss`).
  ///   - value: Any number, NaN and infinities included; stored with 32 bits as TensorBoard does.
  ///   - step: The optimiser step.
  /// - Throws: ``EventFileError/cannotWrite(path:reason:)``; the record stays buffered.
  public func scalar(_ tag: String, _ value: Double, step: Int) throws {
    try append(tag, .simpleValue(Float(value)), step: step)
  }

  /// Writes a text, such as a sampled completion.
  ///
  /// - Parameters:
  ///   - tag: The text's name.
  ///   - text: What to show. TensorBoard reads it as Markdown: single line breaks and runs of
  ///     spaces vanish unless the lines are indented by four spaces.
  ///   - step: The optimiser step.
  /// - Throws: ``EventFileError/cannotWrite(path:reason:)``; the record stays buffered.
  public func text(_ tag: String, _ text: String, step: Int) throws {
    let tensor = TensorBoardTensorProto.with {
      $0.dtype = .dtString
      $0.stringVal = [Data(text.utf8)]
    }
    try append(tag, .tensor(tensor), plugin: "text", step: step)
  }

  /// Writes how numbers are distributed, as counts in 64 intervals of equal width.
  ///
  /// - Parameters:
  ///   - tag: The histogram's name.
  ///   - values: The numbers, all finite, in any order; none are shown as an empty histogram.
  ///   - step: The optimiser step.
  /// - Throws: ``EventFileError/notFinite(tag:step:count:valueCount:)``, then nothing is written, or
  ///   ``EventFileError/cannotWrite(path:reason:)``, then the record stays buffered.
  public func histogram(
    _ tag: String, _ values: some Collection<some BinaryFloatingPoint>, step: Int
  ) throws {
    let numbers = values.map { Double($0) }
    let notFiniteCount = numbers.count { !$0.isFinite }
    guard notFiniteCount == 0 else {
      throw EventFileError.notFinite(
        tag: tag, step: step, count: notFiniteCount, valueCount: numbers.count)
    }
    try append(tag, .histo(TensorBoardHistogramProto(counting: numbers)), step: step)
  }

  /// Hands everything written so far to the operating system.
  ///
  /// - Throws: ``EventFileError/cannotWrite(path:reason:)``; the records stay buffered.
  public func flush() throws {
    try records.flush()
    lastFlush = clock()
  }

  private func append(
    _ tag: String, _ value: TensorBoardSummary.Value.OneOf_Value, plugin: String? = nil, step: Int
  ) throws {
    let named = TensorBoardSummary.Value.with {
      $0.tag = tag
      $0.value = value
      if let plugin {
        $0.metadata.pluginData.pluginName = plugin
      }
    }
    try append(step: step, .summary(.with { $0.value = [named] }))
  }

  private func append(step: Int, _ content: TensorBoardEvent.OneOf_What) throws {
    let now = clock()
    let event = TensorBoardEvent.with {
      $0.wallTime = now.timeIntervalSince1970
      $0.step = Int64(step)
      $0.what = content
    }
    try records.append(event.serializedBytes())

    // `abs`: a wall clock may be set back.
    let isOld = abs(now.timeIntervalSince(lastFlush)) >= Self.bufferSeconds
    if isOld || records.pendingByteCount >= Self.bufferByteCount {
      try flush()
    }
  }

  /// The file's name without its last number.
  ///
  /// TensorBoard finds files by "tfevents" and reads them in the order of their names: ten digits
  /// keep that the order of time.
  private static func fileStem(seconds: Double, host: String, processID: Int32) -> String {
    let digits = String(Int64(seconds))
    let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    let safeHost = host.map { character in
      let fits = character.isASCII && (character.isLetter || character.isNumber)
      return fits || character == "-" || character == "." ? character : "_"
    }
    return "events.out.tfevents.\(padded).\(String(safeHost)).\(processID)"
  }
}
