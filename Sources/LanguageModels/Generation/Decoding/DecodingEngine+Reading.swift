// SPDX-License-Identifier: Apache-2.0
import Torch

extension DecodingEngine {
  /// Reads the newest token of every text, and prompts as far as a step goes.
  ///
  /// - Returns: the rows whose last token was read, and their last states `[n, D]`.
  func readTokens() -> ([Int], Tensor?) {
    var single: [Int] = []
    var fresh: [(row: Int, count: Int)] = []
    var continued: [(row: Int, count: Int)] = []
    var budget = promptTokensPerStep
    for row in rows.indices {
      let length = rows[row].ids.count
      // Keys that depend on the length of the whole text are made again where it comes to matter.
      if cache.lengths[row] > 0, !agree(cache.lengths[row], length) {
        cache.truncate(row: row, to: 0)
      }
      let start = cache.lengths[row]
      guard length - start > 1 || start == 0 else {
        single.append(row)
        if rows[row].completion.isEmpty { statistics.promptTokensRead += 1 }
        continue
      }
      guard budget > 0 else { continue }
      var count = min(length - start, budget)
      if !agree(start + count, length) { count = length - start }
      budget -= count
      if start == 0 { fresh.append((row, count)) } else { continued.append((row, count)) }
      if rows[row].completion.isEmpty { statistics.promptTokensRead += count }
    }
    var places: [Int] = []
    var states: [Tensor] = []
    func read(_ group: [(row: Int, count: Int)]) {
      let tokens = group.map { row, count in
        Array(rows[row].ids[cache.lengths[row]..<cache.lengths[row] + count])
      }
      let found = model.states(tokens, rows: group.map(\.row), cache: cache)  // [B, T, D]
      let done = group.indices.filter {
        cache.lengths[group[$0].row] == rows[group[$0].row].ids.count
      }
      guard !done.isEmpty, !tensorsHaveFailed else { return }
      places += done.map { group[$0].row }
      let width = found.size(1)
      if width == 1, done.count == group.count { return states.append(found.squeezed(1)) }
      let last = done.map { $0 * width + group[$0].count - 1 }
      states.append(
        found.reshaped([-1, found.size(-1)]).rows(Tensor(last, device: model.device)))
    }
    if !single.isEmpty { read(single.map { ($0, 1) }) }
    for group in Self.alike(fresh) { read(group) }
    for group in Self.alike(continued) { read(group) }
    return (places, states.isEmpty ? nil : states.count == 1 ? states[0] : concatenated(states))
  }

  /// Rows of like count together, so that little padding is read.
  private static func alike(_ rows: [(row: Int, count: Int)]) -> [[(row: Int, count: Int)]] {
    var groups: [[(row: Int, count: Int)]] = []
    var real = 0
    for item in rows.sorted(by: { ($0.count, $0.row) < ($1.count, $1.row) }) {
      let group = groups.last ?? []
      real += item.count
      if !group.isEmpty, item.count * (group.count + 1) <= real + real / 2 + 64 {
        groups[groups.count - 1].append(item)
      } else {
        groups.append([item])
        real = item.count
      }
    }
    return groups
  }

  /// A token for each of some rows, in their order; waits for the device once.
  func choose(_ places: [Int], _ states: Tensor) -> [DecodedToken] {
    // [n, V]
    let logits = head.map { model.capped($0.product(states, bias: nil)) } ?? model.logits(states)
    var groups: [(plan: DecodingPlan, members: [Int])] = []
    for (index, place) in places.enumerated() {
      if let known = groups.firstIndex(where: { $0.plan === rows[place].plan }) {
        groups[known].members.append(index)
      } else {
        groups.append((rows[place].plan, [index]))
      }
    }
    let chosen = groups.map { plan, members -> Tensor in
      let part =
        groups.count == 1 ? logits : logits.rows(Tensor(members, device: model.device))
      return plan.choose(
        part,
        texts: {
          members.map { member in
            let row = rows[places[member]]
            return DecodedText(
              ids: row.ids, promptCount: row.request.prompt.count, maximumCount: row.limit)
          }
        },
        uniforms: { members.map { rows[places[$0]].random.uniform() } })
    }
    let numbers =
      chosen.count == 1
      ? chosen[0].doubles : concatenated(chosen.map { $0.reshaped([-1]) }).doubles
    guard !tensorsHaveFailed else { return [] }
    var tokens = [DecodedToken](
      repeating: DecodedToken(id: 0, logProb: 0, alternatives: []), count: places.count)
    var offset = 0
    for (plan, members) in groups {
      for member in members {
        tokens[member] = plan.token(numbers[offset..<offset + plan.columnCount])
        offset += plan.columnCount
      }
    }
    return tokens
  }
}
