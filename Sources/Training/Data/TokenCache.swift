// SPDX-License-Identifier: Apache-2.0
import Crypto
public import Foundation
import LanguageModels
public import Tokenizers
import Torch

/// Tokenised data on disk, found again by what it was made from.
///
/// The key is the SHA-256 of the rows, the tokenizer, and every setting that matters; the value one
/// safetensors file. Deleting the folder is always safe.
public struct TokenCache: Sendable {
  /// Where the files are.
  public let folder: URL

  /// A cache in a folder, made when first needed.
  public init(folder: URL) { self.folder = folder }

  /// The user's cache: `ATTUNE_CACHE`, else `~/.cache/attune`.
  public static var standard: TokenCache {
    let environment = ProcessInfo.processInfo.environment
    let root =
      environment["ATTUNE_CACHE"].map { URL(filePath: $0) }
      ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/attune")
    return TokenCache(folder: root.appending(path: "tokens"))
  }

  /// A key of rows, tokenizer and settings.
  ///
  /// - Parameters:
  ///   - texts: the rows, each serialised.
  ///   - tokenizer: by its fingerprint.
  ///   - settings: anything else the tokens depend on, spelled out.
  /// - Returns: 64 hexadecimal digits.
  public func key(
    texts: some Sequence<String>, tokenizer: Tokenizer, settings: [String]
  ) -> String {
    var hash = SHA256()
    for text in texts {
      hash.update(data: Data(text.utf8))
      hash.update(data: Data([0]))
    }
    hash.update(data: tokenizer.fingerprintData)
    hash.update(data: Data(settings.joined(separator: "\n").utf8))
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// Lists of rows kept under a key, in the order in which they were stored; nil where there are none.
  public func rows(_ key: String) -> [TokenRows]? {
    guard let file = try? SafetensorsFile(url(key)) else { return nil }
    var lists: [TokenRows] = []
    while let ids = try? file.tensor("\(lists.count).ids"),
      let marks = try? file.tensor("\(lists.count).marks"),
      let starts = try? file.tensor("\(lists.count).starts")
    {
      lists.append(
        TokenRows(
          ids: ids.array(of: Int32.self), marks: marks.array(of: Bool.self), starts: starts.ints,
          weights: (try? file.tensor("\(lists.count).weights"))?.array(of: Double.self) ?? []))
    }
    return lists.isEmpty ? nil : lists
  }

  /// What was told when the rows under a key were made: rows left out, texts cut.
  public func notes(_ key: String) -> [String] {
    let text = (try? SafetensorsFile(url(key)))?.metadata["notes"] ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// Keeps lists of rows, and the lines told about them; a cache that cannot be written is no reason to stop, so failures are ignored.
  public func store(_ lists: [TokenRows], _ key: String, notes: [String] = []) {
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let tensors: NamedTensors = lists.enumerated().flatMap { index, rows -> NamedTensors in
      [
        ("\(index).ids", Tensor(rows.ids)), ("\(index).marks", Tensor(rows.marks)),
        ("\(index).starts", Tensor(rows.starts)),
      ] + (rows.isWeighted ? [("\(index).weights", Tensor(rows.weights))] : [])
    }
    try? SafetensorsWriter.write(
      tensors, to: url(key),
      metadata: notes.isEmpty ? [:] : ["notes": notes.joined(separator: "\n")])
  }

  private func url(_ key: String) -> URL { folder.appending(path: "\(key).safetensors") }
}
