// SPDX-License-Identifier: Apache-2.0

/// Writes spaces as "▁", puts one in front, and cuts before each, as SentencePiece does.
struct MetaspacePreTokenizer: PreTokenizer {
  /// Which words get a "▁" in front, where none stands there.
  enum Scheme: String {
    case always, first, never
  }

  private let replacement: [UInt8]
  private let scheme: Scheme
  private let splits: Bool

  init(_ json: JSONField) throws {
    replacement = try json.optional("replacement")?.scalar() ?? Array("▁".utf8)
    scheme = try Scheme(metaspace: json)
    splits = try json.optional("split")?.bool() ?? true
  }

  var looksAtBeginning: Bool { scheme == .first }

  func cut(_ cuts: inout WordCuts) {
    cuts.rewriteWords { word, beginsText in
      word.replace([UInt8(ascii: " ")], with: replacement)
      guard scheme == .always || (scheme == .first && beginsText) else { return }
      if !word.bytes.starts(with: replacement) { word.prepend(replacement) }
    }
    guard splits else { return }
    cuts.recut { bytes, word, words in
      // "▁" begins the word behind it; of several in a row each but the last is a word.
      var start = word.lowerBound
      var place = start
      while place < word.upperBound {
        if ByteSearch.starts(bytes, at: place, with: replacement) {
          if start < place { words.append(start..<place) }
          start = place
          place += replacement.count
        } else {
          place += 1
        }
      }
      if start < place { words.append(start..<place) }
    }
  }
}

extension MetaspacePreTokenizer.Scheme {
  /// Reads `prepend_scheme`, or the flag that older files have in its place.
  init(metaspace json: JSONField) throws {
    var scheme = Self.always
    if let field = json.optional("prepend_scheme") {
      guard let named = Self(rawValue: try field.string()) else {
        throw field.wrongType("\"always\", \"first\" or \"never\"")
      }
      scheme = named
    }
    if try json.optional("add_prefix_space")?.bool() == false { scheme = .never }
    self = scheme
  }
}
