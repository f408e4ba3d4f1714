// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Torch

/// Lets no text end before it has a least length.
public struct MinimumLength: LogitsProcessor {
  private let total: Int
  private let new: Int
  private let ends: TokenMask

  /// Creates the rule.
  ///
  /// - Parameters:
  ///   - total: tokens of prompt and completion together; 0 asks for none.
  ///   - new: tokens of the completion; 0 asks for none.
  ///   - ends: tokens that end a text.
  ///   - vocabularyCount: V.
  ///   - device: where the scores are.
  public init(total: Int, new: Int, ends: Set<Int>, vocabularyCount: Int, device: Device) {
    self.total = total
    self.new = new
    self.ends = TokenMask(ends, vocabularyCount: vocabularyCount, device: device)
  }

  /// Bans the ends in rows that are too short.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    ends.banning(scores, where: texts.map { $0.ids.count < total || $0.completion.count < new })
  }
}

/// Chooses the token after a prompt of one token, and the last one that fits.
public struct ForcedTokens: LogitsProcessor {
  private let beginning: TokenMask
  private let end: TokenMask

  /// Creates the rule.
  ///
  /// - Parameters:
  ///   - beginning: the token that follows a text of one token; nil forces none.
  ///   - end: tokens of which one comes last where a text reaches its greatest length; empty forces none.
  ///   - vocabularyCount: V.
  ///   - device: where the scores are.
  public init(beginning: Int?, end: [Int], vocabularyCount: Int, device: Device) {
    self.beginning = TokenMask(
      beginning.map { [$0] } ?? [], vocabularyCount: vocabularyCount, device: device)
    self.end = TokenMask(end, vocabularyCount: vocabularyCount, device: device)
  }

  /// Leaves only the forced tokens, with score 0, where one is forced.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let begun = beginning.forcing(scores, where: texts.map { $0.ids.count == 1 })
    return end.forcing(begun, where: texts.map { $0.ids.count + 1 == $0.maximumCount })
  }
}

/// Makes the ends of text likelier with every token beyond a length.
///
///     s'(end) = s(end) + |s(end)| · (f^n − 1)      n tokens beyond the start
public struct ExponentialLengthDecay: LogitsProcessor {
  private let start: Int
  private let factor: Double
  private let ends: Tensor  // [n], int64
  private let hasEnds: Bool

  /// Creates the rule.
  ///
  /// - Parameters:
  ///   - start: tokens of the completion after which it begins.
  ///   - factor: f, above 0; above 1 makes texts shorter.
  ///   - ends: tokens that end a text.
  ///   - device: where the scores are.
  public init(start: Int, factor: Double, ends: Set<Int>, device: Device) {
    self.start = start
    self.factor = factor
    self.ends = Tensor(ends.sorted(), device: device)
    hasEnds = !ends.isEmpty
  }

  /// Changes the scores `[B, V]` of ends in long rows.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let excess = texts.map { max(0, $0.completion.count - start) }
    guard hasEnds, excess.contains(where: { $0 > 0 }) else { return scores }
    let growth = excess.map { Float(pow(factor, Double($0)) - 1) }
    let columns = ends.expanded([texts.count, ends.size(0)])
    let found = scores.gathered(1, columns)
    let factors = Tensor(growth, shape: [growth.count, 1], device: scores.device)
    let raised = found + abs(found) * factors
    return scores.scattering(1, columns, select(where: isFinite(found), raised, found))
  }
}

/// Tokens that never come, and others that are never the first.
public struct SuppressedTokens: LogitsProcessor {
  private let always: TokenMask
  private let first: TokenMask
  private let beginningIsForced: Bool

  /// Creates the rule.
  ///
  /// - Parameters:
  ///   - always: tokens that may not come.
  ///   - first: tokens that may not begin a completion.
  ///   - beginningIsForced: whether a forced token follows a prompt of one token; then the one after counts as first.
  ///   - vocabularyCount: V.
  ///   - device: where the scores are.
  public init(
    always: [Int], first: [Int], beginningIsForced: Bool = false, vocabularyCount: Int,
    device: Device
  ) {
    self.always = TokenMask(always, vocabularyCount: vocabularyCount, device: device)
    self.first = TokenMask(first, vocabularyCount: vocabularyCount, device: device)
    self.beginningIsForced = beginningIsForced
  }

  /// Bans them in scores `[B, V]`.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let left = always.isEmpty ? scores : always.banning(scores)
    return first.banning(
      left,
      where: texts.map { text in
        let isLater = beginningIsForced && text.promptCount == 1
        return text.completion.count == (isLater ? 1 : 0)
      })
  }
}

/// Replaces what is not a number by 0 and infinities by the largest numbers.
public struct FiniteScores: LogitsProcessor, Sendable {
  /// Creates the rule.
  public init() {}

  /// Makes scores `[B, V]` finite.
  public func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
    let bound = Double(Float.greatestFiniteMagnitude)
    return scores.filled(where: scores .!= scores, with: 0).clamped(-bound, bound)
  }
}
