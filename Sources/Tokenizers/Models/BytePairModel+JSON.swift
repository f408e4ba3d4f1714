// SPDX-License-Identifier: Apache-2.0

extension BytePairModel {
  /// The `model` object of a tokenizer file: tokens in order of id, merges in order of rank.
  var json: JSONValue {
    .object([
      JSONMember("type", .string("BPE")),
      JSONMember("dropout", .null),
      JSONMember("unk_token", unknownToken.map { .string($0) } ?? .null),
      JSONMember("continuing_subword_prefix", affixes.prefix.map { .string($0) } ?? .null),
      JSONMember("end_of_word_suffix", affixes.suffix.map { .string($0) } ?? .null),
      JSONMember("fuse_unk", .bool(fusesUnknown)),
      JSONMember("byte_fallback", .bool(fallsBackToBytes)),
      JSONMember("ignore_merges", .bool(ignoresMerges)),
      JSONMember("vocab", vocabulary.json),
      JSONMember(
        "merges", .array(merges.map { .array([name($0.left), name($0.right)]) })),
    ])
  }

  private func name(_ id: Int32) -> JSONValue {
    .string(String(decoding: vocabulary.bytes(of: Int(id)) ?? [], as: UTF8.self))
  }

  /// Dropout draws lots at each merge, which no two runs could repeat.
  static func refuseDropout(_ json: JSONField) throws {
    guard let dropout = json.optional("dropout") else { return }
    guard let rate = dropout.value.double else { throw dropout.wrongType("a number") }
    if rate > 0 {
      throw TokenizerError.unsupported(
        stage: "model 'BPE' with a dropout of \(rate) (it makes ids random; set it to null)")
    }
  }

  /// Reads `merges`, whose entries are either `["a", "b"]` or, in older files, `"a b"`.
  static func readMerges(
    _ json: JSONField, _ vocabulary: Vocabulary, prefix: String?
  ) throws -> (merges: [Merge], rules: PairTable) {
    guard case .array(let entries) = json.value else { throw json.wrongType("a list") }
    let prefix = Array((prefix ?? "").utf8)
    var merges: [Merge] = []
    merges.reserveCapacity(entries.count)
    var rules = PairTable(capacity: entries.count)
    for (index, entry) in entries.enumerated() {
      let (left, right) = try halves(entry, index: index, file: json.file)
      func id(_ part: String) throws -> Int32 {
        if let id = vocabulary.id(of: part) { return id }
        throw TokenizerError.badMerge(
          file: json.file, index: index, merge: "\(left) \(right)",
          reason: "token '\(part)' is not in model.vocab")
      }
      let merge = Merge(left: try id(left), right: try id(right))
      // A continuation loses its mark when it is joined to what it continues.
      let rest = right.utf8.dropFirst(prefix.count)
      let whole = Array(left.utf8) + rest
      guard let merged = vocabulary.id(of: whole) else {
        throw TokenizerError.badMerge(
          file: json.file, index: index, merge: "\(left) \(right)",
          reason: "token '\(String(decoding: whole, as: UTF8.self))' is not in model.vocab")
      }
      rules.insert(merge.left, merge.right, rank: UInt32(index), merged: merged)
      merges.append(merge)
    }
    return (merges, rules)
  }

  private static func halves(
    _ entry: JSONValue, index: Int, file: String
  ) throws -> (String, String) {
    switch entry {
    case .array(let parts):
      if parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] {
        return (left, right)
      }
    case .string(let line):
      let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      if parts.count == 2, let left = String(parts[0]), let right = String(parts[1]) {
        return (left, right)
      }
    default: break
    }
    let shown = String(decoding: JSONWriter.canonical(entry), as: UTF8.self)
    throw TokenizerError.badMerge(
      file: file, index: index, merge: shown, reason: "expected two tokens")
  }
}
