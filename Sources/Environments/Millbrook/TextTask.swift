// SPDX-License-Identifier: Apache-2.0

/// A task of the village: prompts without end, and an exact judge of what is written in answer.
///
/// Item `i` of a split depends on nothing but the village's seed, the task's name, the split and
/// `i`. Scores are exact: noise comes only from simulated annotators, never from here.
///
/// ```swift
/// let task = try Millbrook(seed: 7).task("digest")
/// let item = task.item(.train, 0)
/// let score = task.score(item, item.reference)
/// print(item.prompt, item.reference, score.utility)
/// ```
public protocol TextTask: Sendable {
  /// The task's name in commands, item ids and seeds.
  var name: String { get }

  /// The seed of the village this task lives in.
  var seed: UInt64 { get }

  /// Names of the aspects a score has, in the order in which it gives them.
  var aspects: [String] { get }

  /// The ways in which this task can spoil a text.
  var degraders: [Degrader] { get }

  /// Who writes the task's demonstrations: about 35 % of their texts are without fault, the
  /// others have one or two, so that a model trained on them is mediocre and preferences have
  /// something to add.
  var writers: WriterMix { get }

  /// Prompt, reference and truth of one item.
  ///
  /// - Parameters:
  ///   - split: the part of the data.
  ///   - index: 0 or more; there is no upper end.
  /// - Returns: the same item every time.
  func item(_ split: Split, _ index: Int) -> TaskItem

  /// Judges a completion of an item of this task; accepts any text whatever.
  ///
  /// - Parameters:
  ///   - item: an item of this task; one of another task stops the program.
  ///   - completion: what follows the prompt, with or without its leading space.
  /// - Returns: aspects, utility, faulty stretches and what is missing.
  func score(_ item: TaskItem, _ completion: String) -> TaskScore

  /// Another faultless way to answer the item, free in everything the task leaves open.
  ///
  /// - Returns: a completion, with its leading space.
  func draft(_ item: TaskItem, using random: inout SplitMix64) -> String

  /// Plants one fault in a completion.
  ///
  /// - Parameters:
  ///   - item: an item of this task.
  ///   - text: a completion of `item`, usually a good one.
  ///   - kind: the name of one of ``degraders``.
  ///   - random: decides what is spoiled.
  /// - Returns: the worse text and where its fault lies, or nil where this text leaves the
  ///   degrader nothing to spoil (no fact to drop, no sentence to repeat).
  /// - Throws: ``MillbrookError/unknownDegrader(_:task:known:)``.
  func degrade(
    _ item: TaskItem, _ text: String, kind: String, using random: inout SplitMix64
  ) throws(MillbrookError) -> Degradation?
}
