// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Training

@Suite("Data order")
struct DataOrderTests {
  private func order(_ count: Int, batch: Int) -> DataOrder {
    DataOrder(rowCount: count, batchSize: batch, seed: 3, shuffles: true)
  }

  @Test("rows of one group stand together, and every row comes once an epoch")
  func groups() {
    var order = order(60, batch: 6)
    order.groups = (0..<60).map { $0 % 20 }
    let rows = order.permutation(epoch: 0)
    #expect(rows.sorted() == Array(0..<60))
    for start in stride(from: 0, to: 60, by: 3) {
      #expect(Set(rows[start..<start + 3].map { $0 % 20 }).count == 1)
    }
    #expect(order.permutation(epoch: 1) != rows)
    #expect(rows != Array(0..<60))
  }

  @Test("groups of like length share a batch where lengths are known too")
  func groupsByLength() {
    var order = order(64, batch: 8)
    order.groups = (0..<64).map { $0 / 4 }
    order.lengths = (0..<64).map { ($0 / 4) % 2 == 0 ? 10 : 100 }
    let batches = order.permutation(epoch: 0).chunks(of: 8)
    #expect(batches.allSatisfy { batch in Set(batch.map { ($0 / 4) % 2 }).count == 1 })
    #expect(batches.joined().sorted() == Array(0..<64))
  }

  @Test("a group of one row each is no group at all")
  func singles() {
    var grouped = order(50, batch: 8)
    grouped.groups = Array(0..<50)
    #expect(grouped.permutation(epoch: 2) == order(50, batch: 8).permutation(epoch: 2))
    grouped.lengths = (0..<50).map { $0 * 37 % 11 }
    var plain = order(50, batch: 8)
    plain.lengths = grouped.lengths
    #expect(grouped.permutation(epoch: 2) == plain.permutation(epoch: 2))
  }
}
