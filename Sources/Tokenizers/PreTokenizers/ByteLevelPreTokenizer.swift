// SPDX-License-Identifier: Apache-2.0

/// Cuts as GPT-2 does and hands the model bytes instead of scalars.
struct ByteLevelPreTokenizer: PreTokenizer {
  /// Puts a space in front of a word that does not begin with one.
  let addsPrefixSpace: Bool
  /// Cuts by the GPT-2 pattern; without it each word stays whole.
  let usesPattern: Bool

  init(_ json: JSONField) throws {
    addsPrefixSpace = try json.optional("add_prefix_space")?.bool() ?? true
    usesPattern = try json.optional("use_regex")?.bool() ?? true
  }

  func cut(_ cuts: inout WordCuts) {
    let space = UInt8(ascii: " ")
    if addsPrefixSpace, cuts.words.contains(where: { cuts.text.bytes[$0.lowerBound] != space }) {
      cuts.rewriteWords { word, _ in
        if word.bytes.first != space { word.prepend([space]) }
      }
    }
    if usesPattern { cuts.recut(GPT2Pattern.cut) }
    cuts.isByteLevel = true
  }
}
