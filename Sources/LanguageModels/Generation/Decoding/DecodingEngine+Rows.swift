// SPDX-License-Identifier: Apache-2.0
import Torch

extension DecodingEngine {
  /// Where the beginning of a prompt can be had without reading it.
  private enum Source {
    case row(Int)
    case kept(KVCache.Segment)
  }

  /// Gives free rows to waiting requests.
  func admit() {
    while rows.count < rowCount,
      let request = queue.take(limit: Self.lookAhead, where: { !awaitsPrompt($0.prompt) })
    {
      let row = rows.count
      let (source, count) = source(for: request.prompt)
      cache.truncate(row: row, to: 0)
      switch source {
      case .row(let origin): cache.copy(row: origin, to: row, count: count)
      case .kept(let segment): cache.load(segment, row: row, count: count)
      case nil: break
      }
      statistics.promptTokensShared += count
      rows.append(
        Row(
          request: request, plan: plan(request.settings), ids: request.prompt,
          random: SplitMix(seed: request.seed), limit: limit(request)))
    }
  }

  /// Whether a row is about to read much of what a prompt begins with, so that waiting a step saves work.
  private func awaitsPrompt(_ prompt: [Int]) -> Bool {
    guard rows.indices.contains(where: { cache.lengths[$0] + 1 < rows[$0].ids.count }) else {
      return false
    }
    let now = source(for: prompt).count
    return rows.indices.contains { row in
      guard agree(rows[row].ids.count, prompt.count) else { return false }
      let coming = min(rows[row].ids.sharedPrefixCount(prompt), prompt.count - 1)
      return coming > now + Self.leastSharedCount
    }
  }

  private func source(for prompt: [Int]) -> (Source?, count: Int) {
    var best: (source: Source?, count: Int) = (nil, Self.leastSharedCount - 1)
    // The last token of a prompt is always read: its state chooses the next one.
    func consider(_ count: Int, _ source: @autoclosure () -> Source) {
      let usable = min(count, prompt.count - 1)
      if usable > best.count { best = (source(), usable) }
    }
    for (index, row) in rows.enumerated() where agree(row.ids.count, prompt.count) {
      consider(min(row.ids.sharedPrefixCount(prompt), cache.lengths[index]), .row(index))
    }
    if let kept = prefixes?.longest(prompt, where: { agree($0, prompt.count) }) {
      consider(kept.count, .kept(kept.segment))
    }
    return best.source == nil ? (nil, 0) : best
  }

  /// Whether texts of two lengths have the same keys where they have the same tokens.
  func agree(_ first: Int, _ second: Int) -> Bool {
    first == second || model.sharesKeys(first, second)
  }

  /// Adds a token to a row; tells why the row ends, if it does.
  func accept(_ id: Int, _ place: Int) -> StopReason? {
    rows[place].ids.append(id)
    statistics.tokensChosen += 1
    let row = rows[place]
    if row.plan.settings.stopTokenIDs.contains(id) { return .endOfText }
    if !row.plan.settings.stopStrings.isEmpty, let decode {
      let text = decode(Array(row.completion))
      if row.plan.settings.stopStrings.contains(where: text.contains) { return .stopString }
    }
    return row.ids.count >= row.limit ? .length : nil
  }

  /// Frees rows, and keeps the others side by side at the beginning of the cache.
  func release(_ ended: [Int]) {
    for place in ended.sorted(by: >) {
      keepPrefix(place)
      knownIDs.remove(rows[place].request.id)
      let last = rows.count - 1
      if place != last {
        cache.copy(row: last, to: place)
        rows[place] = rows[last]
      }
      cache.truncate(row: last, to: 0)
      rows.removeLast()
    }
  }

  private func keepPrefix(_ place: Int) {
    let count = cache.lengths[place]
    guard prefixes != nil, count >= Self.leastSharedCount,
      prefixes?.holds(rows[place].ids[..<count]) == false
    else { return }
    prefixes?.insert(
      Array(rows[place].ids[..<count]), cache.segment(row: place, count: count))
  }
}
