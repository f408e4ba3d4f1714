// SPDX-License-Identifier: Apache-2.0

/// How much is held out.
public enum TestSize: Sendable, Hashable {
  /// A share of the records, above 0 and below 1.
  case fraction(Double)
  /// A number of records, at least 1.
  case count(Int)
}

extension Dataset {
  /// Holds records out, so that no prompt stands on both sides.
  ///
  /// Records are grouped by their prompt (plain language modelling text by the text itself); whole
  /// groups are drawn at random until the test side is as large as asked, or as near below it as
  /// the groups allow. Both sides keep the order of the records.
  ///
  /// - Parameters:
  ///   - testSize: share or number of records to hold out.
  ///   - seed: of the draw; the same seed and records give the same sides.
  /// - Returns: what is left to train on, and what is held out; both with the report of the whole.
  /// - Throws: ``FeedbackError/option(name:problem:)`` where a side would be empty.
  public func split(testSize: TestSize, seed: UInt64 = 42) throws -> (train: Dataset, test: Dataset)
  {
    let wanted = try testCount(testSize)
    var groups: [RecordText: [Int]] = [:]
    var order: [RecordText] = []
    for (index, record) in records.enumerated() {
      let key = record.body.prompt ?? record.body.completions.first ?? .plain("")
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(index)
    }
    guard order.count > 1 else {
      throw FeedbackError.option(
        name: "test_split_size",
        problem: "all \(spaced(records.count)) records have one prompt, which cannot be split")
    }
    var random = AnnotatorRandom(path: "\(seed)/dataset/split/0")
    var isTest = [Bool](repeating: false, count: records.count)
    var taken = 0
    var left = order.count
    for position in random.permutation(of: order.count) where taken < wanted && left > 1 {
      let members = groups[order[position]] ?? []
      guard taken + members.count <= wanted || taken == 0 else { continue }
      for index in members { isTest[index] = true }
      taken += members.count
      left -= 1
    }
    return (side(isTest, false), side(isTest, true))
  }

  private func testCount(_ size: TestSize) throws -> Int {
    let name = "test_split_size"
    switch size {
    case .fraction(let share):
      guard share > 0, share < 1 else {
        throw FeedbackError.option(
          name: name, problem: "a share is above 0 and below 1, found \(share)")
      }
      return max(1, Int((share * Double(records.count)).rounded()))
    case .count(let count):
      guard count >= 1, count < records.count else {
        throw FeedbackError.option(
          name: name,
          problem: "a number of records is from 1 to \(records.count - 1) here, found \(count)")
      }
      return count
    }
  }

  private func side(_ isTest: [Bool], _ wanted: Bool) -> Dataset {
    let members = zip(records, isTest).filter { $1 == wanted }.map(\.0)
    let columns = summary.firstRange(of: ", columns used").map { String(summary[$0.lowerBound...]) }
    let form = isConversational ? "conversational" : "plain text"
    let line =
      "dataset (\(wanted ? "test" : "train") side): \(rowType), \(form), \(spaced(members.count)) "
      + "rows\(columns ?? "")"
    return Dataset(
      records: members, rowType: rowType, isConversational: isConversational, summary: line,
      report: report)
  }
}
