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

/// A part of a task's items.
public enum Split: String, Sendable, CaseIterable {
  /// For training.
  case train
  /// For choosing settings.
  case dev
  /// For reporting: new draws from the words and templates of training.
  case test
  /// For reporting: only words and templates that no other split contains.
  case testNew = "test_new"
}

/// One prompt with everything that is known about it.
public struct TaskItem: Sendable, Equatable {
  /// The text that seeds the item, `seed/task/split/index`; ``Millbrook/item(id:)`` reads it back.
  public let id: String
  /// Name of the task.
  public let task: String
  /// The part of the data the item belongs to.
  public let split: Split
  /// Number of the item in its split, from 0.
  public let index: Int
  /// What a model reads; a completion follows it directly.
  public let prompt: String
  /// A completion of highest or nearly highest utility, with its leading space.
  public let reference: String
  /// What the task tells about the item besides, in a fixed order.
  public let meta: [MetaField]
  /// What the gold scorer knows.
  let truth: ItemTruth

  /// The item as one JSON-like object: id, task, split, prompt, reference, meta.
  public var fields: [MetaField] {
    [
      MetaField("id", id), MetaField("task", task), MetaField("split", split.rawValue),
      MetaField("prompt", prompt), MetaField("reference", reference),
      MetaField("meta", .object(meta)),
    ]
  }
}

/// What the scorer of each task knows about an item.
enum ItemTruth: Sendable, Equatable {
  case digest(DigestTruth)
  case tale(TaleTruth)
}

/// What the village knows about the quality of one completion.
public struct TaskScore: Sendable, Equatable {
  /// One quality of a completion.
  public struct Aspect: Sendable, Equatable {
    /// Name, one of ``TextTask/aspects``.
    public var name: String
    /// In [0, 1], higher is better.
    public var value: Double
  }

  /// A stretch of the completion with something wrong in it.
  public struct Span: Sendable, Equatable {
    /// First Unicode scalar of the stretch, counted in the completion from 0.
    public var start: Int
    /// The scalar after the last one.
    public var end: Int
    /// What is wrong, in one word.
    public var kind: String
  }

  /// Something the completion should have said.
  public struct Missing: Sendable, Equatable {
    /// What is missing, in one word.
    public var kind: String
    /// Passage of the prompt that tells it, from 0.
    public var passage: Int
    /// Sentence of that passage, from 0.
    public var sentence: Int
  }

  /// The task's aspects in its own order.
  public var aspects: [Aspect]
  /// The gold reward; its spread over ordinary texts is about 1.
  public var utility: Double
  /// Harm done, above 0 where the completion should not exist; nil in tasks without harm.
  public var cost: Double?
  /// Faulty stretches in order of their start.
  public var spans: [Span]
  /// What was left out.
  public var missing: [Missing]
  /// Counts and labels that are no aspects: `words`, a tale's `mood` and `cheer`.
  public var notes: [MetaField]

  /// The value of an aspect, or nil for a name the task does not have.
  public subscript(aspect: String) -> Double? {
    aspects.first { $0.name == aspect }?.value
  }

  /// The score as one JSON-like object: aspects, utility, cost where there is one, spans,
  /// missing, and then the notes.
  public var fields: [MetaField] {
    var fields = [
      MetaField("aspects", .object(aspects.map { MetaField($0.name, $0.value) })),
      MetaField("utility", utility),
    ]
    if let cost { fields.append(MetaField("cost", cost)) }
    let spanValues = spans.map { span in
      MetaValue.object([
        MetaField("start", Double(span.start)), MetaField("end", Double(span.end)),
        MetaField("kind", span.kind),
      ])
    }
    let missingValues = missing.map { fact in
      MetaValue.object([
        MetaField("kind", fact.kind), MetaField("passage", Double(fact.passage)),
        MetaField("sentence", Double(fact.sentence)),
      ])
    }
    fields.append(MetaField("spans", .list(spanValues)))
    fields.append(MetaField("missing", .list(missingValues)))
    return fields + notes
  }
}

/// A way to spoil a text, and what it promises to do.
public struct Degrader: Sendable, Equatable {
  /// Name in commands and records.
  public let name: String
  /// Aspects it lowers when it spoils a reference: the first by at least 0.2; aspects that are
  /// not named here move by at most 0.1.
  public let lowers: [String]
}

/// A text with a planted fault.
public struct Degradation: Sendable, Equatable {
  /// The worse text, with its leading space.
  public var text: String
  /// Where the fault lies, half-open in Unicode scalars of ``text``; empty at the place of a
  /// sentence that was taken out.
  public var span: Range<Int>
}

/// How much of everything an experiment uses unless its recipe says otherwise.
public struct StandardSizes: Sendable, Equatable {
  /// Sentences of the book for pre-training.
  public var bookSentenceCount = 60_000
  /// Demonstrations a task.
  public var demonstrationCount = 4_000
  /// Pairs a task; also lists, spans and other single judgements.
  public var pairCount = 4_000
  /// Prompts for sampling a task.
  public var promptCount = 2_000
  /// Items a task in each test split.
  public var testItemCount = 1_000

  /// The full sizes.
  public static let standard = StandardSizes()

  /// An eighth of everything, for `--quick`.
  public static let quick = StandardSizes(
    bookSentenceCount: 7_500, demonstrationCount: 500, pairCount: 500, promptCount: 250,
    testItemCount: 125)
}

/// What can go wrong when the village is asked for something by name.
public enum MillbrookError: Error, Equatable, CustomStringConvertible {
  /// No task of this name.
  case unknownTask(String, known: [String])
  /// No degrader of this name in the task.
  case unknownDegrader(String, task: String, known: [String])
  /// Not an item id of this village.
  case badItemID(String, seed: UInt64)

  /// What was asked, what there is, and what to do.
  public var description: String {
    switch self {
    case .unknownTask(let name, let known):
      "'\(name)' is no task of the village; there are: \(known.joined(separator: ", "))"
    case .unknownDegrader(let name, let task, let known):
      "'\(name)' is no way to spoil a text of '\(task)'; there are: "
        + known.joined(separator: ", ")
    case .badItemID(let id, let seed):
      "'\(id)' names no item of village \(seed); "
        + "an id reads seed/task/split/index, such as \(seed)/digest/train/0"
    }
  }
}
