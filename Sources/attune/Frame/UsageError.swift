// SPDX-License-Identifier: Apache-2.0

/// A command line or configuration that cannot be carried out as written; the program ends with
/// status 2.
struct UsageError: Error, Equatable, CustomStringConvertible {
  /// What is wrong and what to do, one sentence, beginning in lower case.
  var description: String

  init(_ description: String) { self.description = description }
}

/// Finds what somebody meant who wrote something near a known name.
enum Suggestion {
  /// The known name nearest to `name`, or nil where none is near.
  ///
  /// Case, dashes and underscores do not count; one edit in three characters is near.
  static func nearest(to name: String, among known: some Sequence<String>) -> String? {
    let wanted = plain(name)
    var best: (name: String, distance: Int)?
    for candidate in known {
      let other = plain(candidate)
      let distance = editDistance(wanted, other)
      // `rate` for `learning_rate`: a part between underscores is near too, but less than a slip.
      // So is a beginning: `environment` for `env`.
      let isPart =
        min(wanted.count, other.count) >= 3
        && (candidate.split(separator: "_").contains { $0 == name }
          || wanted.starts(with: other.prefix(5)) || other.starts(with: wanted.prefix(5)))
      guard distance <= max(1, max(wanted.count, other.count) / 3) || isPart else { continue }
      let cost = isPart ? min(distance, 3) : distance
      if best.map({ cost < $0.distance }) ?? true { best = (candidate, cost) }
    }
    return best?.name
  }

  /// `; did you mean 'x'?`, or nothing.
  static func phrase(for name: String, among known: some Sequence<String>, prefix: String = "")
    -> String
  {
    nearest(to: name, among: known).map { "; did you mean '\(prefix)\($0)'?" } ?? ""
  }

  private static func plain(_ name: String) -> [Character] {
    name.lowercased().filter { $0 != "-" && $0 != "_" }.map(\.self)
  }

  /// Insertions, deletions, substitutions and swaps of neighbours between two names.
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      for j in b.indices {
        var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
