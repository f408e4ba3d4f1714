// SPDX-License-Identifier: Apache-2.0

/// The texts a village's base model is pretrained on: documents of its tasks in all qualities, and its book.
///
/// Only the training split is used, and of it only items that no experiment takes (see ``Documents``).
public struct Corpus: Sendable {
  /// How many documents of a task.
  public struct Share: Sendable, Equatable {
    /// The task.
    public var task: String
    /// Its documents.
    public var documentCount: Int

    /// A task with a count.
    public init(_ task: String, _ documentCount: Int) {
      self.task = task
      self.documentCount = documentCount
    }
  }

  /// Sentences of the book in a text.
  private static let sentencesPerText = 10

  private let village: Millbrook
  private let documents: [(source: Documents, count: Int)]
  private let bookTextCount: Int

  /// A corpus of a village.
  ///
  /// - Parameters:
  ///   - village: where everything comes from.
  ///   - shares: documents by task.
  ///   - bookSentenceCount: sentences of the book, ten a text.
  /// - Throws: ``MillbrookError/unknownTask(_:known:)``.
  public init(
    of village: Millbrook, shares: [Share], bookSentenceCount: Int
  ) throws(MillbrookError) {
    self.village = village
    var documents: [(source: Documents, count: Int)] = []
    for share in shares {
      documents.append((Documents(of: try village.task(share.task)), share.documentCount))
    }
    self.documents = documents
    bookTextCount = bookSentenceCount / Self.sentencesPerText
  }

  /// All texts in a random order.
  public func texts(using random: inout some RandomNumberGenerator) -> [String] {
    var places: [(kind: Int, index: Int)] = []
    for (kind, part) in documents.enumerated() { places += (0..<part.count).map { (kind, $0) } }
    places += (0..<bookTextCount).map { (documents.count, $0) }
    places.shuffle(using: &random)
    return places.map { text(kind: $0.kind, $0.index) }
  }

  private func text(kind: Int, _ index: Int) -> String {
    guard kind == documents.count else { return documents[kind].source.document(index).text }
    return (0..<Self.sentencesPerText).map { offset in
      village.book.sentence(.train, index * Self.sentencesPerText + offset).text
    }.joined(separator: " ")
  }
}
