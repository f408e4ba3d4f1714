// SPDX-License-Identifier: Apache-2.0

import Foundation
public import LanguageModels
public import Tokenizers
import Torch

/// Draws completions of a model for prompts, and measures how far they are from a reference model.
///
/// Every sample has a random stream of its own, which follows from `seed`, the prompt's place in the
/// list and the sample's number: the batch size changes no completion, and models that are compared
/// draw with the same luck.
///
/// ```swift
/// let evaluation = PolicyEvaluation(
///   tokenizer: tokenizer, sampling: SamplingSettings(maxNewTokens: 64, stopTokenIDs: [0]),
///   batchSize: 32, seed: 1)
/// let outcomes = evaluation.outcomes(of: policy, reference: start, prompts: prompts)
/// ```
public struct PolicyEvaluation {
  /// Turns tokens into text.
  public var tokenizer: Tokenizer
  /// How completions are drawn; stop tokens included.
  public var sampling: SamplingSettings
  /// Rows decoded together.
  public var batchSize: Int
  /// Fixes every draw.
  public var seed: UInt64

  /// Creates an evaluation.
  public init(tokenizer: Tokenizer, sampling: SamplingSettings, batchSize: Int, seed: UInt64) {
    self.tokenizer = tokenizer
    self.sampling = sampling
    self.batchSize = batchSize
    self.seed = seed
  }

  /// Draws completions.
  ///
  /// The divergence is that of the distributions softmax(logits / temperature) before any
  /// truncation (top-k, top-p, min-p, repetition penalty), estimated from the tokens drawn; with
  /// truncation the draws are not the policy's own, and k1 and k3 lose their lack of bias. Greedy
  /// decoding counts as temperature 1.
  ///
  /// - Parameters:
  ///   - model: the policy.
  ///   - reference: π_ref of ``Outcome/kl``; nil leaves it undefined.
  ///   - prompts: each with at least one token.
  ///   - samplesPerPrompt: draws of each prompt, at least 1.
  /// - Returns: by prompt, then by sample, in order.
  public func outcomes(
    of model: any LanguageModel, reference: (any LanguageModel)?, prompts: [EvaluationPrompt],
    samplesPerPrompt: Int = 1
  ) -> [[Outcome]] {
    precondition(
      samplesPerPrompt > 0,
      "PolicyEvaluation: samplesPerPrompt is \(samplesPerPrompt); use 1 or more")
    let draws = prompts.indices.flatMap { prompt in
      (0..<samplesPerPrompt).map { (prompt: prompt, sample: $0) }
    }
    let sampler = Sampler(model, sampling, batchSize: batchSize) { tokenizer.decode($0) }
    let completions = sampler.completions(
      draws.map { prompts[$0.prompt].ids },
      seeds: draws.map { SplitMix(seed, UInt64($0.prompt), UInt64($0.sample)).state })
    let rows = zip(draws, completions).map { draw, completion in
      TokenRow(prompt: prompts[draw.prompt].ids, completion: completion.ids)
    }
    let scorer = RowScorer(
      batchSize: batchSize, temperature: sampling.isGreedy ? 1 : sampling.temperature)
    let anchors = reference.map { scorer.logProbs(of: $0, rows) }

    var outcomes = prompts.map { _ in [Outcome]() }
    for (index, draw) in draws.enumerated() {
      outcomes[draw.prompt].append(
        outcome(prompts[draw.prompt], completions[index], anchors?[index]))
    }
    return outcomes
  }

  private func outcome(
    _ prompt: EvaluationPrompt, _ completion: SampledCompletion, _ anchor: [Float]?
  ) -> Outcome {
    let text = tokenizer.decode(completion.ids, after: prompt.ids)
    var outcome = Outcome(
      prompt: prompt, ids: completion.ids, text: sampling.textBeforeStop(text),
      stopReason: completion.stopReason)
    guard let anchor else { return outcome }
    let ratios = zip(completion.logProbs, anchor).map { Double($0) - Double($1) }
    outcome.kl = ratios.reduce(0, +)
    outcome.klK3 = ratios.reduce(0) { $0 + expm1(-$1) + $1 }
    return outcome
  }

  /// The best of each prompt's samples by a score; the first of several equals.
  ///
  /// Choosing among n moves away from the model: log n − (n − 1)/n nats are added to the sampled
  /// KL, which is exact where scores are never tied and an upper bound otherwise (see ``BestOfN``).
  ///
  /// - Parameters:
  ///   - outcomes: by prompt, then by sample; prompts without samples are left out.
  ///   - score: a name in ``Outcome/scores`` that every outcome has.
  /// - Returns: one outcome a prompt.
  public func bestOfN(_ outcomes: [[Outcome]], by score: String) -> [Outcome] {
    outcomes.compactMap { samples in
      let scores = samples.map { sample in
        guard let value = sample.scores[score] else {
          preconditionFailure("bestOfN: outcome of prompt \(sample.prompt.id) has no '\(score)'")
        }
        return value
      }
      guard let best = scores.indices.max(by: { scores[$0] < scores[$1] }) else { return nil }
      // `max` gives the last of equals.
      var chosen = samples[scores.firstIndex(of: scores[best]) ?? best]
      let count = Double(samples.count)
      let cost = log(count) - (count - 1) / count
      chosen.kl += cost
      chosen.klK3 += cost
      return chosen
    }
  }
}
