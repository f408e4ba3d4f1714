// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import attune

/// A tokenizer with one token a byte, and `<s>` before each text.
enum TinyTokenizer {
  /// Writes the tokenizer's folder and returns its path. `<s>` is 256, byte b of printable ASCII
  /// has its rank in the byte alphabet: `!` is 0.
  static func write(in folder: TemporaryFolder) throws -> String {
    let url = folder.url.appending(path: "tokenizer")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    var vocabulary = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })
    vocabulary["<s>"] = 256
    let template: [String: Any] = [
      "type": "TemplateProcessing",
      "single": [
        ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
      ],
      "pair": [["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]]],
      "special_tokens": ["<s>": ["id": "<s>", "ids": [256], "tokens": ["<s>"]]],
    ]
    let byteLevel: [String: Any] = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
    ]
    let file: [String: Any] = [
      "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "normalizer": NSNull(),
      "added_tokens": [
        [
          "id": 256, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true,
        ]
      ],
      "pre_tokenizer": byteLevel, "decoder": byteLevel, "post_processor": template,
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "fuse_unk": false,
        "byte_fallback": false, "vocab": vocabulary, "merges": [String](),
      ],
    ]
    try JSONSerialization.data(withJSONObject: file)
      .write(to: url.appending(path: "tokenizer.json"))
    return url.path
  }

  /// The 256 characters that stand for bytes, as GPT-2 has them: printable Latin-1 first.
  private static let alphabet: [String] = {
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    let others = (0..<256).count { !printable.contains($0) }
    return (printable + (256..<256 + others)).compactMap { Unicode.Scalar($0).map { String($0) } }
  }()
}
