// SPDX-License-Identifier: Apache-2.0

/// Cuts as GPT-2 does and hands the model bytes instead of scalars.
struct ByteLevelPreTokenizer: PreTokenizer {
  /// Puts a space in front of a segment that does not begin with one.
  let addsPrefixSpace: Bool
  /// Cuts by the GPT-2 pattern; without it each segment stays whole.
  let usesPattern: Bool

  init(_ json: JSONField) throws {
    addsPrefixSpace = try json.optional("add_prefix_space")?.bool() ?? true
    usesPattern = try json.optional("use_regex")?.bool() ?? true
  }

  func cut(_ cuts: inout WordCuts) {
    cuts.isByteLevel = true
    if addsPrefixSpace { addPrefixSpaces(&cuts) }
    guard usesPattern else { return }
    var words: [Range<Int>] = []
    words.reserveCapacity(cuts.text.bytes.count / 4)
    cuts.text.bytes.withUnsafeBufferPointer { bytes in
      for word in cuts.words { GPT2Pattern.cut(bytes, word, into: &words) }
    }
    cuts.words = words
  }

  private func addPrefixSpaces(_ cuts: inout WordCuts) {
    let space = UInt8(ascii: " ")
    let bytes = cuts.text.bytes
    if cuts.words.allSatisfy({ bytes[$0.lowerBound] == space }) { return }
    var joined = cuts.text.slice(0..<0)
    var words: [Range<Int>] = []
    for word in cuts.words {
      var part = cuts.text.slice(word)
      if bytes[word.lowerBound] != space { part.prepend([space]) }
      words.append(joined.bytes.count..<joined.bytes.count + part.bytes.count)
      joined.bytes += part.bytes
      if let sources = part.sources { joined.sources?.append(contentsOf: sources) }
    }
    cuts.text = joined
    cuts.words = words
  }
}
