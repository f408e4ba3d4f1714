// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Tokenizers

@testable import Training

@Suite("Token rows, their cache and their order")
struct TokenStorageTests {
  private func rows(_ lists: [[Int]]) -> TokenRows {
    var rows = TokenRows()
    for ids in lists {
      rows.append(TokenRow(ids: ids, isTarget: ids.map { !$0.isMultiple(of: 2) }))
    }
    return rows
  }

  @Test("rows come back as they were put in")
  func storage() {
    let rows = rows([[1, 2, 3], [4], [5, 7]])
    #expect(rows.count == 3)
    #expect(rows.tokenCount == 6)
    #expect(rows[0] == TokenRow(ids: [1, 2, 3], isTarget: [false, false, true]))
    #expect(rows[2] == TokenRow(ids: [5, 7], isTarget: [false, true]))
    #expect((0..<3).map(rows.length(of:)) == [3, 1, 2])
  }

  @Test("rows count once unless they are given a weight")
  func rowWeights() {
    var rows = rows([[1, 2, 3], [4, 5]])
    #expect(!rows.isWeighted)
    #expect(rows.weight(of: 1) == 1)
    rows.append(TokenRow(ids: [6, 7], isTarget: [true, true]), weight: 0.25)
    rows.append(TokenRow(ids: [8, 9], isTarget: [true, true]))
    #expect(rows.isWeighted)
    #expect((0..<4).map(rows.weight(of:)) == [1, 1, 0.25, 1])
  }

  @Test("the cache keeps the weights of rows")
  func cachedWeights() throws {
    let folder = try ScratchFolder()
    let cache = TokenCache(folder: folder.url)
    var weighted = rows([[1, 2, 3]])
    weighted.append(TokenRow(ids: [4, 5], isTarget: [true, true]), weight: 0.1)
    cache.store([weighted, rows([[1, 2]])], "key", notes: ["1 of 4 rows dropped", "cut"])
    #expect(cache.notes("key") == ["1 of 4 rows dropped", "cut"])
    #expect(cache.notes("other").isEmpty)
    #expect(cache.rows("key") == [weighted, rows([[1, 2]])])
  }

  @Test("wrapped rows are blocks of one length; all tokens count but each block's first")
  func wrapped() {
    let blocks = rows([[1, 2, 3], [4], [5, 7, 8]]).wrapped(length: 3)
    #expect(blocks.map(\.ids) == [[1, 2, 3], [4, 5, 7]])
    #expect(blocks.map(\.isTarget) == [[false, true, true], [false, true, true]])
    #expect(rows([[1, 2]]).wrapped(length: 3).isEmpty)
  }

  // MARK: Cache

  @Test("the cache finds rows again, and only under the same rows, tokenizer and settings")
  func cacheKeys() throws {
    let workshop = try Workshop()
    let cache = TokenCache(folder: workshop.folder["cache"])
    let tokenizer = try workshop.tokenizer()
    let other = try Tokenizer(
      folder: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/TRLRows"))
    let lists = [rows([[1, 2, 3], [5]]), rows([[7, 7]])]
    let key = cache.key(texts: ["a", "b"], tokenizer: tokenizer, settings: ["64"])
    #expect(key.count == 64)
    #expect(cache.rows(key) == nil)
    cache.store(lists, key)
    #expect(cache.rows(key) == lists)
    let others = [
      cache.key(texts: ["a", "b"], tokenizer: tokenizer, settings: ["65"]),
      cache.key(texts: ["a", "b"], tokenizer: other, settings: ["64"]),
      cache.key(texts: ["ab", ""], tokenizer: tokenizer, settings: ["64"]),
      cache.key(texts: ["a", "c"], tokenizer: tokenizer, settings: ["64"]),
    ]
    #expect(Set(others + [key]).count == 5)
    #expect(others.allSatisfy { cache.rows($0) == nil })
  }

  @Test("a broken cache file counts as none", arguments: [0, 7, 100])
  func brokenCache(keptBytes: Int) throws {
    let folder = try ScratchFolder()
    let cache = TokenCache(folder: folder.url)
    cache.store([rows([[1, 2, 3]])], "key")
    let file = folder["key.safetensors"]
    let data = try Data(contentsOf: file)
    try #require(data.count > keptBytes)
    try data.prefix(keptBytes).write(to: file)
    #expect(cache.rows("key") == nil)
  }

  @Test("a cache that cannot be written changes nothing")
  func unwritableCache() throws {
    let folder = try ScratchFolder()
    try Data().write(to: folder["file"])
    let cache = TokenCache(folder: folder["file/below"])
    cache.store([rows([[1]])], "key")
    #expect(cache.rows("key") == nil)
  }

  // MARK: Order

  @Test("every row comes once an epoch, the last batch may be smaller", arguments: [true, false])
  func epochs(shuffles: Bool) {
    let order = DataOrder(rowCount: 10, batchSize: 4, seed: 3, shuffles: shuffles)
    #expect(order.stepsPerEpoch == 3)
    let batches = Array(order.batches(from: 0).prefix(6))
    #expect(batches.map(\.count) == [4, 4, 2, 4, 4, 2])
    for epoch in [batches[0..<3], batches[3..<6]] {
      #expect(epoch.flatMap { $0 }.sorted() == Array(0..<10))
    }
    #expect((batches[0] == [0, 1, 2, 3]) == !shuffles)
    #expect((Array(batches[0..<3]) == Array(batches[3..<6])) == !shuffles)
    #expect(order.epoch(after: 4) == 4.0 / 3)
  }

  @Test("an order that fills its batches runs on over the end of an epoch", arguments: [4, 25])
  func fullBatches(size: Int) {
    let order = DataOrder(
      rowCount: 10, batchSize: size, seed: 3, shuffles: true, fillsBatches: true)
    let batches = Array(order.batches(from: 0).prefix(10))
    #expect(batches.allSatisfy { $0.count == size })
    let flat = batches.flatMap { $0 }
    for start in stride(from: 0, to: 40, by: 10) {
      #expect(flat[start..<start + 10].sorted() == Array(0..<10))
    }
    #expect(order.epoch(after: 5) == Double(5 * size) / 10)
  }

  @Test("a run resumed at any step sees the batches of the unbroken one", arguments: [true, false])
  func resumed(fills: Bool) {
    let order = DataOrder(
      rowCount: 7, batchSize: 3, seed: 11, shuffles: true, fillsBatches: fills)
    let all = Array(order.batches(from: 0).prefix(12))
    for step in 0..<12 {
      #expect(Array(order.batches(from: step).prefix(12 - step)) == Array(all[step...]))
    }
  }

  @Test("another seed gives another order")
  func seeds() {
    let orders = (0..<4).map {
      DataOrder(rowCount: 30, batchSize: 30, seed: $0, shuffles: true).permutation(epoch: 0)
    }
    #expect(Set(orders).count == 4)
  }
}
