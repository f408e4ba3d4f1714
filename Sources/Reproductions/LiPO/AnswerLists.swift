// SPDX-License-Identifier: Apache-2.0
import Environments
import Foundation
import Torch

/// Lists of answers to one topic each, with what a noisy judge thinks of them.
struct AnswerLists {
  /// `[N][K]`.
  let answers: [[ClassAnswer]]
  /// ψ = σ(r + ε/2 − 3/2), ε standard normal, `[N][K]`.
  let labels: [[Double]]
  /// log π_ref of each answer, `[N][K]`.
  let references: [[Double]]

  /// 0 where an answer stood in the list before, `[N][K]`.
  private let masks: [[Double]]

  /// A part of the lists, as the losses read them.
  struct Batch {
    /// B·K answers, list after list.
    let answers: [ClassAnswer]
    /// log π_ref, `[B, K]`.
    let reference: Tensor
    /// ψ, `[B, K]`.
    let labels: Tensor
    /// 0 where an answer stood in the list before, `[B, K]`.
    let mask: Tensor
  }

  private init(answers: [[ClassAnswer]], labels: [[Double]], references: [[Double]]) {
    self.answers = answers
    self.labels = labels
    self.references = references
    masks = answers.map { list in
      list.indices.map { list[..<$0].contains(list[$0]) ? 0.0 : 1 }
    }
  }

  /// Draws lists from the reference itself and labels them.
  ///
  /// - Parameters:
  ///   - count: N.
  ///   - width: K.
  ///   - writer: the reference.
  ///   - seed: of topics, answers and noise.
  init(count: Int, width: Int, from writer: ClassWriter, seed: UInt64) {
    var random = SplitMix64(text: "lipo/lists/\(seed)")
    let topics = (0..<count).flatMap { _ in
      [Int](repeating: TokenClasses.topic(&random), count: width)
    }
    let drawn = writer.answers(to: topics, seed: seed)
    let scores = writer.scores(of: drawn)
    let labels = drawn.map { answer in
      1 / (1 + exp(-(answer.reward + 0.5 * random.normal() - 1.5)))
    }
    func lists<Element>(_ flat: [Element]) -> [[Element]] {
      stride(from: 0, to: flat.count, by: width).map { Array(flat[$0..<$0 + width]) }
    }
    self.init(answers: lists(drawn), labels: lists(labels), references: lists(scores))
  }

  /// The first `count` lists.
  func first(_ count: Int) -> AnswerLists {
    AnswerLists(
      answers: Array(answers.prefix(count)), labels: Array(labels.prefix(count)),
      references: Array(references.prefix(count)))
  }

  /// The first `width` answers of some lists.
  func batch(_ rows: [Int], width: Int) -> Batch {
    func table(_ values: [[Double]]) -> Tensor {
      Tensor(rows: rows.map { Array(values[$0].prefix(width)) }).to(.float32)
    }
    return Batch(
      answers: rows.flatMap { answers[$0].prefix(width) }, reference: table(references),
      labels: table(labels), mask: table(masks))
  }
}
