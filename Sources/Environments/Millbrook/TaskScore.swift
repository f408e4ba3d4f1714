// SPDX-License-Identifier: Apache-2.0

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
