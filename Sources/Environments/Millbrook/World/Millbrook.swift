// SPDX-License-Identifier: Apache-2.0

/// A small village in which the truth behind every judgement is known to the program.
///
/// Its people, places, goods, roads and weather follow from one integer seed, the same bytes on
/// every platform; so do the sentences of its book and the items of its tasks. Everything is in
/// lower case, words are separated by single spaces, and punctuation marks are words.
///
/// ```swift
/// let village = Millbrook(seed: 7)
/// let digest = try village.task("digest")
/// print(digest.item(.dev, 0).prompt)
/// ```
public struct Millbrook: Sendable {
  /// The seed that everything follows from.
  public let seed: UInt64
  /// The tasks, in the order in which commands list them.
  public let tasks: [any TextTask]
  /// The sentences for pre-training.
  public let book: BookSentences

  /// Builds the village.
  public init(seed: UInt64) {
    self.seed = seed
    let world = World(seed: seed, grammar: .village)
    book = BookSentences(seed: seed, world: world)
    tasks = [
      Digest(seed: seed, domain: .post, world: world),
      Digest(seed: seed, domain: .notice, world: world),
      Tale(seed: seed),
    ]
  }

  /// Names of all tasks: `digest`, `digest_notices`, `tale`.
  public var taskNames: [String] { tasks.map(\.name) }

  /// The task of this name.
  ///
  /// - Throws: ``MillbrookError/unknownTask(_:known:)``.
  public func task(_ name: String) throws(MillbrookError) -> any TextTask {
    guard let task = tasks.first(where: { $0.name == name }) else {
      throw .unknownTask(name, known: taskNames)
    }
    return task
  }

  /// The item that carries this id, made anew.
  ///
  /// - Parameter id: `seed/task/split/index`, as in ``TaskItem/id``; the seed must be this
  ///   village's.
  /// - Returns: the item that ``TextTask/item(_:_:)`` gives for task, split and index.
  /// - Throws: ``MillbrookError/badItemID(_:seed:)`` or ``MillbrookError/unknownTask(_:known:)``.
  public func item(id: String) throws(MillbrookError) -> TaskItem {
    let parts = id.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "\(seed)", let split = Split(rawValue: String(parts[2])),
      let index = Int(parts[3]), index >= 0
    else { throw .badItemID(id, seed: seed) }
    return try task(String(parts[1])).item(split, index)
  }

  /// Every word of the village, marks and numbers included, in the fixed order of its lexicon:
  /// what a tokenizer must know. The village grows, and its vocabulary with it.
  public static var vocabulary: [String] {
    Array(Grammar.village.lexicon.spellings.dropFirst())
  }
}
