// SPDX-License-Identifier: Apache-2.0

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
