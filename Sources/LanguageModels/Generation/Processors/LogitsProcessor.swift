// SPDX-License-Identifier: Apache-2.0
public import Torch

/// One text being decoded, as a ``LogitsProcessor`` sees it.
public struct DecodedText: Sendable, Equatable {
  /// Tokens so far, the prompt first.
  public var ids: [Int]
  /// Tokens of the prompt.
  public var promptCount: Int
  /// Most tokens of prompt and completion together.
  public var maximumCount: Int

  /// Creates a text.
  public init(ids: [Int], promptCount: Int, maximumCount: Int = .max) {
    self.ids = ids
    self.promptCount = promptCount
    self.maximumCount = maximumCount
  }

  /// Tokens chosen so far.
  public var completion: ArraySlice<Int> { ids[promptCount...] }
}

/// Changes the scores of next tokens before one is chosen: penalties, bans, truncations, guidance.
///
/// A processor is made once and sees every step of a batch whose rows come and go. It must treat each row by itself,
/// so that a completion does not depend on the rows beside it.
///
/// ```swift
/// /// Adds a fixed number to the scores of some tokens.
/// struct Boost: LogitsProcessor {
///   let bias: Tensor  // [V]
///   func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor { scores + bias }
/// }
/// let sampler = Sampler(model, settings, processors: [Boost(bias: bias)])
/// ```
public protocol LogitsProcessor {
  /// The scores a token is to be chosen by.
  ///
  /// - Parameters:
  ///   - scores: `[B, V]`, float32: logits, or log-probabilities in beam search; -∞ where a token is out of question.
  ///   - texts: the B rows.
  /// - Returns: `[B, V]`.
  func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor
}

extension Sequence<any LogitsProcessor> {
  /// Runs the processors in their order.
  func process(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    reduce(scores) { $1($0, texts) }
  }
}

/// A set of tokens as a mask, made once.
struct TokenMask {
  private let mask: Tensor  // [V], bool
  /// Whether it has no token.
  let isEmpty: Bool

  init(_ ids: some Sequence<Int>, vocabularyCount: Int, device: Device) {
    var marks = [Float](repeating: 0, count: vocabularyCount)
    for id in ids where marks.indices.contains(id) { marks[id] = 1 }
    mask = Tensor(marks, device: device) .> 0
    isEmpty = !marks.contains(1)
  }

  /// -∞ at these tokens, in the rows for which `applies` holds.
  func banning(_ scores: Tensor, where applies: [Bool]) -> Tensor {
    guard !isEmpty, applies.contains(true) else { return scores }
    guard applies.contains(false) else { return banning(scores) }
    return scores.filled(where: mask .&& rows(applies, scores), with: -Double.infinity)
  }

  /// -∞ at these tokens, in all rows.
  func banning(_ scores: Tensor) -> Tensor { scores.filled(where: mask, with: -Double.infinity) }

  /// -∞ at all other tokens and 0 at these, in the rows for which `applies` holds.
  func forcing(_ scores: Tensor, where applies: [Bool]) -> Tensor {
    guard !isEmpty, applies.contains(true) else { return scores }
    let only = scores.zerosLike().filled(where: not(mask), with: -Double.infinity)
    return select(where: rows(applies, scores), only, scores)
  }

  private func rows(_ applies: [Bool], _ scores: Tensor) -> Tensor {  // [B, 1]
    let marks = applies.map { $0 ? Float(1) : 0 }
    return Tensor(marks, shape: [marks.count, 1], device: scores.device) .> 0
  }
}

extension Tensor {
  /// These scores `[B, V]` with numbers added at some tokens of each row.
  func adding(_ changes: [[(id: Int, value: Double)]]) -> Tensor {
    let width = size(1)
    var places: [Int] = []
    var values: [Float] = []
    for (row, list) in changes.enumerated() {
      for change in list where change.id < width {
        places.append(row * width + change.id)
        values.append(Float(change.value))
      }
    }
    guard !places.isEmpty else { return self }
    return reshaped([-1])
      .scatterAdding(0, Tensor(places, device: device), Tensor(values, device: device))
      .reshaped(shape)
  }

  /// These scores `[B, V]` with -∞ at some tokens of each row.
  func banning(_ ids: [[Int]]) -> Tensor {
    adding(ids.map { $0.map { (id: $0, value: -Double.infinity) } })
  }
}
