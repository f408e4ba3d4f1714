// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A child process that answers lines with lines.
///
/// Both directions are served at once: a program that answers while it still reads would otherwise
/// wait for us with a full pipe while we wait for it.
final class ScorerProcess {
  enum Failure: Error, Equatable {
    case ended(status: String, answered: Int)
    case tooSlow(answered: Int)
    case answer(row: Int, line: String, reason: String)
    case input(reason: String)
    case surplus(line: String)
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors = Pipe()
  private var received: [UInt8] = []
  private var errorBytes: [UInt8] = []
  private static let errorLimit = 4096

  init(path: String, arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    for descriptor in [inputDescriptor, outputDescriptor, errorDescriptor] {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      // Programs started later must not keep this one's pipes open.
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  deinit { stop() }

  /// The end of what the program wrote to standard error.
  var errorTail: String { String(decoding: errorBytes, as: UTF8.self) }

  private var inputDescriptor: Int32 { input.fileHandleForWriting.fileDescriptor }
  private var outputDescriptor: Int32 { output.fileHandleForReading.fileDescriptor }
  private var errorDescriptor: Int32 { errors.fileHandleForReading.fileDescriptor }

  /// Sends all of `request` and waits for `answerCount` lines.
  func exchange(_ request: [UInt8], answerCount: Int, timeoutSeconds: Double) throws(Failure)
    -> [[UInt8]]
  {
    let deadline = DispatchTime.now().uptimeNanoseconds + UInt64(timeoutSeconds * 1e9)
    var sent = 0
    var lines: [[UInt8]] = []
    var scanned = 0
    var isOpen = (output: true, errors: true)
    try requireSilence()
    while lines.count < answerCount {
      let now = DispatchTime.now().uptimeNanoseconds
      guard now < deadline else { throw .tooSlow(answered: lines.count) }
      guard isOpen.output else {
        drainErrors(isOpen: isOpen.errors)
        throw .ended(status: endStatus(), answered: lines.count)
      }
      var polled: [pollfd] = []
      polled.append(pollfd(fd: outputDescriptor, events: Int16(POLLIN), revents: 0))
      // A negative descriptor is passed over.
      polled.append(
        pollfd(fd: isOpen.errors ? errorDescriptor : -1, events: Int16(POLLIN), revents: 0))
      polled.append(
        pollfd(
          fd: sent < request.count ? inputDescriptor : -1, events: Int16(POLLOUT), revents: 0))
      let waitMilliseconds = Int32(min((deadline - now) / 1_000_000 + 1, 60_000))
      if poll(&polled, nfds_t(polled.count), waitMilliseconds) < 0, errno != EINTR {
        throw .input(reason: String(cString: strerror(errno)))
      }
      if polled[1].revents != 0 { isOpen.errors = readErrors() }
      if polled[0].revents != 0 {
        isOpen.output = readBlock(outputDescriptor, into: &received)
        takeLines(from: &scanned, into: &lines, limit: answerCount)
      }
      if polled[2].revents != 0 { sent += try send(request[sent...]) }
    }
    try requireSilence()
    return lines
  }

  /// A line nobody asked for would be taken for the answer to a later row.
  private func requireSilence() throws(Failure) {
    var polled = pollfd(fd: outputDescriptor, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 {
      _ = readBlock(outputDescriptor, into: &received)
    }
    guard received.allSatisfy({ $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }) else {
      let line = received.drop { $0 == 0x0A || $0 == 0x0D }.prefix { $0 != 0x0A }
      throw .surplus(line: String(decoding: line, as: UTF8.self))
    }
    received.removeAll(keepingCapacity: true)
  }

  /// Ends the program, kindly first; safe to call twice.
  func stop() {
    try? input.fileHandleForWriting.close()
    guard process.isRunning else { return }
    process.terminate()
    for _ in 0..<50 where process.isRunning { usleep(10_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Moves whole lines out of `received`, looking at each byte once; blank lines are no answers.
  private func takeLines(from scanned: inout Int, into lines: inout [[UInt8]], limit: Int) {
    var start = 0
    while lines.count < limit,
      let end = received[scanned...].firstIndex(of: 0x0A)
    {
      var line = Array(received[start..<end])
      if line.last == 0x0D { line.removeLast() }
      if !line.allSatisfy({ $0 == 0x20 }) { lines.append(line) }
      start = end + 1
      scanned = start
    }
    received.removeFirst(start)
    scanned = lines.count < limit ? received.count : 0
  }

  /// Reads what is there; false at the end of the stream.
  private func readBlock(_ descriptor: Int32, into buffer: inout [UInt8]) -> Bool {
    let blockSize = 1 << 16
    let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: blockSize) { block -> Int in
      let count = read(descriptor, block.baseAddress, blockSize)
      if count > 0 { buffer.append(contentsOf: block[..<count]) }
      return count
    }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
  }

  private func readErrors() -> Bool {
    let isOpen = readBlock(errorDescriptor, into: &errorBytes)
    if errorBytes.count > Self.errorLimit {
      errorBytes.removeFirst(errorBytes.count - Self.errorLimit)
    }
    return isOpen
  }

  private func drainErrors(isOpen: Bool) {
    var isOpen = isOpen
    while isOpen {
      var polled = pollfd(fd: errorDescriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 200) > 0 else { return }
      isOpen = readErrors()
    }
  }

  /// Writes as much as the pipe takes. A program that stopped reading is no failure here: its end
  /// shows on its output.
  private func send(_ bytes: ArraySlice<UInt8>) throws(Failure) -> Int {
    let (count, code) = withoutPipeSignal { () -> (Int, Int32) in
      let count = bytes.withUnsafeBytes { write(inputDescriptor, $0.baseAddress, $0.count) }
      return (count, count < 0 ? errno : 0)
    }
    if count >= 0 { return count }
    switch code {
    case EAGAIN, EINTR: return 0
    case EPIPE: return bytes.count
    default: throw .input(reason: String(cString: strerror(code)))
    }
  }

  /// Writing to a closed pipe raises a signal that would end this process: it is held back on this
  /// thread for the time of `body`, and taken off if it came.
  private func withoutPipeSignal<Value>(_ body: () -> Value) -> Value {
    var pipeSignal = sigset_t()
    var before = sigset_t()
    var pending = sigset_t()
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    sigpending(&pending)
    let wasPending = sigismember(&pending, SIGPIPE) == 1
    pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
    let value = body()
    sigpending(&pending)
    if !wasPending, sigismember(&pending, SIGPIPE) == 1 {
      var taken: Int32 = 0
      sigwait(&pipeSignal, &taken)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    return value
  }

  /// How the program ended, waiting a moment for it to do so.
  private func endStatus() -> String {
    for _ in 0..<100 where process.isRunning { usleep(10_000) }
    guard !process.isRunning else { return "it closed its output but still runs" }
    return process.terminationReason == .uncaughtSignal
      ? "signal \(process.terminationStatus)" : "exit code \(process.terminationStatus)"
  }
}
