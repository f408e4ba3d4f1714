// SPDX-License-Identifier: Apache-2.0

internal import CPCRE2

/// A compiled regular expression of a tokenizer file, run by PCRE2.
///
/// Files are written for Oniguruma; ``PatternTranslator`` writes what means the same to PCRE2, with
/// letters, numbers and other general categories as `tokenizers` knows them.
///
/// Work is bounded: a match that needs too many steps, and a text that takes too long, end with
/// ``TokenizerError/patternTooSlow(pattern:)``.
final class Pattern: @unchecked Sendable {
  // PCRE2 documents compiled patterns as read-only while matching; nothing else is mutable here.
  private let code: OpaquePointer
  let source: String

  /// Starting places that one call of PCRE2 may try before the clock is looked at.
  private static let window = 64
  /// Steps for one starting place, beside those that a long text may need.
  private static let stepLimit = 2_000_000
  private static let heapKibibytes: UInt32 = 256 << 10
  private static let secondsLimit = 2.0
  private static let secondsPerByte = 4e-6

  /// Compiles a pattern as a tokenizer file has it.
  ///
  /// - Parameters:
  ///   - source: the regular expression in Oniguruma's syntax.
  ///   - field: where in the file it stands.
  /// - Throws: ``TokenizerError/badPattern(file:field:pattern:reason:)``, and
  ///   ``TokenizerError/patternTooSlow(pattern:)`` where short texts already take too long.
  convenience init(_ source: String, field: JSONField) throws {
    do throws(PatternError) {
      try self.init(translated: PatternTranslator.translate(source), source: source)
    } catch {
      throw TokenizerError.badPattern(
        file: field.file, field: field.path, pattern: source, reason: error.reason)
    }
    try refuseHopeless()
  }

  /// Compiles a pattern in PCRE2's own syntax.
  init(translated: String, source: String) throws(PatternError) {
    self.source = source
    guard let context = pcre2_compile_context_create_8(nil) else {
      throw PatternError(reason: "out of memory")
    }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
    let options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_USE_OFFSET_LIMIT
    var status: Int32 = 0
    var place = 0
    var text = translated
    let code = text.withUTF8 { bytes in
      pcre2_compile_8(
        bytes.baseAddress, bytes.count, UInt32(options), &status, &place, context)
    }
    guard let code else { throw PatternError(reason: Self.message(status)) }
    self.code = code
    // Without JIT (a build of PCRE2 may lack it) the interpreter runs.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit { pcre2_code_free_8(code) }

  private static func message(_ status: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = pcre2_get_error_message_8(status, &buffer, buffer.count)
    return count > 0
      ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : "error \(status)"
  }

  /// Finds the matches in a text, as the reference program does.
  ///
  /// - Parameter text: valid UTF-8.
  /// - Returns: byte ranges, left to right; empty ones too, but none directly behind another match.
  /// - Throws: ``TokenizerError/patternTooSlow(pattern:)``.
  func matches(in text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> [Range<Int>] {
    try matches(in: text, stepLimit: Self.stepLimit + 4 * text.count)
  }

  private func matches(
    in text: UnsafeBufferPointer<UInt8>, stepLimit: Int
  ) throws(TokenizerError) -> [Range<Int>] {
    guard let data = pcre2_match_data_create_8(1, nil),
      let context = pcre2_match_context_create_8(nil)
    else { throw .patternTooSlow(pattern: source) }
    defer {
      pcre2_match_data_free_8(data)
      pcre2_match_context_free_8(context)
    }
    pcre2_set_match_limit_8(context, UInt32(clamping: stepLimit))
    pcre2_set_heap_limit_8(context, Self.heapKibibytes)
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(
      by: .seconds(Self.secondsLimit + Self.secondsPerByte * Double(text.count)))
    // An empty buffer may have no address.
    let nothing: [UInt8] = [0]
    return try nothing.withUnsafeBufferPointer { nothing throws(TokenizerError) in
      let subject = text.baseAddress ?? nothing.baseAddress
      var matches: [Range<Int>] = []
      var start = 0
      var callCount = 0
      while start <= text.count {
        callCount += 1
        if callCount & 0xFF == 0, clock.now > deadline { throw .patternTooSlow(pattern: source) }
        let windowEnd = min(text.count, start + Self.window)
        pcre2_set_offset_limit_8(context, windowEnd)
        let status = match(subject, text.count, from: start, data, context)
        if status == PCRE2_ERROR_NOMATCH {
          if windowEnd == text.count { break }
          start = Self.boundary(text, after: windowEnd)
          continue
        }
        // 0: there are more groups than places kept, which is all right.
        guard status >= 0, let places = pcre2_get_ovector_pointer_8(data), places[0] <= places[1]
        else { throw .patternTooSlow(pattern: source) }
        let match = Int(places[0])..<Int(places[1])
        if match.isEmpty, match.lowerBound == matches.last?.upperBound {
          start = Self.boundary(text, after: match.lowerBound)
          continue
        }
        matches.append(match)
        start = match.upperBound
      }
      return matches
    }
  }

  private func match(
    _ subject: UnsafePointer<UInt8>?, _ count: Int, from start: Int, _ data: OpaquePointer,
    _ context: OpaquePointer
  ) -> Int32 {
    let status = pcre2_match_8(
      code, subject, count, start, UInt32(PCRE2_NO_UTF_CHECK), data, context)
    guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
    // The interpreter keeps its state on the heap.
    return pcre2_match_8(
      code, subject, count, start, UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NO_JIT), data, context)
  }

  /// The beginning of the next scalar behind `place`.
  private static func boundary(_ text: UnsafeBufferPointer<UInt8>, after place: Int) -> Int {
    var next = place + 1
    while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
    return next
  }

  /// Tries runs of one character with a different one behind, on which nested repetition shows.
  private func refuseHopeless() throws {
    var probes: [Unicode.Scalar] = ["a", "1", " ", "\n", "!", "é"]
    for scalar in source.unicodeScalars.prefix(256) where !probes.contains(scalar) {
      if probes.count < 24 { probes.append(scalar) }
    }
    // What the pattern may need further on, so that it is not given up before it is tried.
    let rest = "\u{1}" + String(String.UnicodeScalarView(probes))
    for scalar in probes {
      var text = String(String.UnicodeScalarView(repeatElement(scalar, count: 40))) + rest
      _ = try text.withUTF8 { try matches(in: $0, stepLimit: 500_000) }
    }
  }
}

/// Why a pattern cannot be used.
struct PatternError: Error {
  var reason: String
}
