// SPDX-License-Identifier: Apache-2.0

/// Prompts of a task with completions of every quality, for pre-training: a model that has read
/// them knows the form of the task and its words, but not which completions are wanted.
///
/// The completion has 0 to 4 faults, each number as likely as the next; all items are of the
/// training split. Document `i` belongs to item `i + offset` so that, where it matters, documents
/// and the prompts of an experiment can be kept apart.
public struct Documents: Sendable {
  /// A prompt with a completion.
  public struct Document: Sendable, Equatable {
    /// What the document belongs to; its prompt opens the document.
    public let item: TaskItem
    /// The completion, with its leading space.
    public let completion: String
    /// The faults that were planted, in order.
    public let faults: [String]

    /// Prompt and completion as one text.
    public var text: String { item.prompt + completion }
  }

  /// The task that the documents belong to.
  public let task: any TextTask
  /// Number of the first document's item.
  public let offset: Int

  /// Documents of a task.
  ///
  /// - Parameters:
  ///   - task: where prompts come from.
  ///   - offset: number of the first document's item in the training split; at a million, the
  ///     default, documents and experiments never share an item.
  public init(of task: any TextTask, offset: Int = 1_000_000) {
    self.task = task
    self.offset = offset
  }

  /// Document `index`, from 0 without end.
  public func document(_ index: Int) -> Document {
    let item = task.item(.train, offset + index)
    var random = SplitMix64(text: "\(item.id)/document")
    var demonstration = Demonstration(
      completion: task.draft(item, using: &random), writer: "any", faults: [])
    let faults = task.degraders.map { Writer.Fault($0.name, 1) }
    // The names come from the task itself, so none can be unknown.
    try? task.plant(random.int(below: 5), faults, into: &demonstration, item, &random)
    return Document(
      item: item, completion: demonstration.completion, faults: demonstration.faults)
  }
}
