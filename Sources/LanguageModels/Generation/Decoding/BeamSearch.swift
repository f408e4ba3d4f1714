// SPDX-License-Identifier: Apache-2.0
import Foundation
import Torch

/// Looks for likely completions as a whole: the best few beginnings are continued side by side.
///
/// A beam's score is the sum of its tokens' log-probabilities, changed by the settings' processors; one that ends is
/// ranked by
///
///     score / n^lengthPenalty      n = tokens of the completion
///
/// Source: the vectorized search of Hugging Face transformers 5, which this follows choice for choice. With a
/// temperature above 0 continuations are sampled without replacement instead of taken from the top.
public struct BeamSearch {
  /// When to stop looking.
  public enum EarlyStopping: Sendable, Equatable {
    /// Once as many beams have ended as are kept.
    case whenFull
    /// Once no running beam, if it ended now, could beat one that has ended.
    case whenUnlikely
    /// Once no running beam can beat one that has ended at any length.
    case never
  }

  /// A completion with its rank.
  public struct Result: Sendable, Equatable {
    /// Tokens, their log-probabilities under softmax(logits), and why it ended.
    public var completion: SampledCompletion
    /// The sum of log-probabilities over n^lengthPenalty.
    public var score: Float
  }

  /// The policy.
  public let model: any LanguageModel
  /// Processors and ends; temperature 0 searches, above it samples.
  public let settings: SamplingSettings
  /// Beams kept, at least 1.
  public let beamCount: Int
  /// Above 0 prefers longer completions, below 0 shorter ones.
  public let lengthPenalty: Double
  /// When to stop.
  public let earlyStopping: EarlyStopping
  private let processors: [any LogitsProcessor]
  private let decode: (([Int]) -> String)?

  /// Creates a search.
  ///
  /// - Parameters:
  ///   - model: the policy.
  ///   - settings: lengths, ends and processors; `temperature` 0 for the search proper.
  ///   - beamCount: beams kept, at least 1.
  ///   - lengthPenalty: exponent of the length that divides scores.
  ///   - earlyStopping: when to stop.
  ///   - processors: change log-probabilities, behind the settings' own rules.
  ///   - decode: turns tokens into text; needed where stop strings are.
  public init(
    _ model: any LanguageModel, _ settings: SamplingSettings, beamCount: Int,
    lengthPenalty: Double = 1, earlyStopping: EarlyStopping = .whenUnlikely,
    processors: [any LogitsProcessor] = [], decode: (([Int]) -> String)? = nil
  ) {
    precondition(beamCount > 0, "beam search: at least one beam, got \(beamCount)")
    precondition(
      settings.stopStrings.isEmpty || decode != nil,
      "beam search: stop strings need a way to decode")
    self.model = model
    self.settings = settings
    self.beamCount = beamCount
    self.lengthPenalty = lengthPenalty
    self.earlyStopping = earlyStopping
    self.decode = decode
    self.processors = settings.processors(
      vocabularyCount: model.outputWeight.size(0), device: model.device, others: processors,
      minimumKept: settings.stopTokenIDs.count + 1)
  }

  /// The best completions of a prompt, best first.
  ///
  /// - Parameters:
  ///   - prompt: token ids, at least one.
  ///   - count: completions wanted, at most ``beamCount``.
  ///   - seed: fixes the draws where beams are sampled.
  /// - Returns: `count` results; none where the prompt leaves no room.
  public func completions(_ prompt: [Int], count: Int = 1, seed: UInt64 = 0) -> [Result] {
    precondition(
      (1...beamCount).contains(count), "beam search: \(count) results of \(beamCount) beams")
    let bounds = [settings.maxLength, model.configuration.maximumLength].compactMap { $0 }
    let room = min(settings.maxNewTokens, (bounds.min() ?? .max) - prompt.count)
    guard room > 0 else { return [] }
    return withoutGrad {
      var beams = Beams(search: self, prompt: prompt, room: room, seed: seed)
      while beams.advance() {}
      return beams.results(count)
    }
  }

  /// How a continuation ends, if it does.
  fileprivate func end(_ completion: [Int], room: Int) -> StopReason? {
    if let last = completion.last, settings.stopTokenIDs.contains(last) { return .endOfText }
    if !settings.stopStrings.isEmpty, let decode {
      let text = decode(completion)
      if settings.stopStrings.contains(where: text.contains) { return .stopString }
    }
    return completion.count >= room ? .length : nil
  }

  fileprivate func process(_ logProbs: Tensor, _ texts: [DecodedText]) -> Tensor {
    processors.process(logProbs, texts)
  }
}

/// One search on its way.
private struct Beams {
  /// A completion so far.
  struct Beam {
    var ids: [Int] = []
    var logProbs: [Float] = []
    var score: Float = 0
    var end: StopReason?
  }

  /// What stands for a score that is out of question; finite, as in the reference, so that sums stay numbers.
  private static let excluded: Float = -1e9

  private let search: BeamSearch
  private let prompt: [Int]
  private let room: Int
  private let cache: KVCache
  private let generator: Generator?
  private var running: [Beam]
  private var finished: [Beam]
  private var mayImprove = true
  /// Rows of the cache the running beams continue; nil before the prompt is read.
  private var origins: [Int]?

  init(search: BeamSearch, prompt: [Int], room: Int, seed: UInt64) {
    self.search = search
    self.prompt = prompt
    self.room = room
    cache = search.model.makeCache(
      rowCount: search.beamCount, capacity: prompt.count + min(room, 64))
    generator =
      search.settings.isGreedy ? nil : Generator(seed: seed, device: search.model.device)
    running = [Beam](repeating: Beam(score: Self.excluded), count: search.beamCount)
    running[0].score = 0
    finished = [Beam](repeating: Beam(score: Self.excluded), count: search.beamCount)
  }

  func results(_ count: Int) -> [BeamSearch.Result] {
    finished.prefix(count).map { beam in
      BeamSearch.Result(
        completion: SampledCompletion(
          ids: beam.ids, logProbs: beam.logProbs, stopReason: beam.end ?? .length),
        score: beam.score)
    }
  }

  /// Takes one step; tells whether another may bring anything.
  mutating func advance() -> Bool {
    let candidates = continuations(search.model.logits(read()))
    let length = running[0].ids.count + 1
    finish(candidates.map(\.beam), length: length)
    // The best that have not ended go on.
    let ranked = candidates.enumerated().sorted { a, b in
      let (first, second) = (rank(a.element.beam), rank(b.element.beam))
      return first > second || (first == second && a.offset < b.offset)
    }.prefix(search.beamCount).map(\.element)
    running = ranked.map { candidate in
      var beam = candidate.beam
      beam.score = rank(beam)
      return beam
    }
    origins = ranked.map(\.origin)
    updateOutlook(length: length)
    let isFull = finished.allSatisfy { $0.end != nil } && search.earlyStopping == .whenFull
    return mayImprove && !isFull && !candidates.allSatisfy { $0.beam.end != nil }
  }

  private func rank(_ beam: Beam) -> Float {
    beam.end == nil ? beam.score : beam.score + Self.excluded
  }

  /// States before the next tokens, `[beams, D]`.
  private mutating func read() -> Tensor {
    guard let origins else {
      let states = search.model.states([prompt], cache: cache)
      for row in 1..<max(1, search.beamCount) { cache.copy(row: 0, to: row) }
      let last = states.narrowed(1, prompt.count - 1..<prompt.count).squeezed(1)
      return last.expanded([search.beamCount, last.size(1)])
    }
    cache.rearrange(origins)
    return search.model.states(running.map { [$0.ids[$0.ids.count - 1]] }, cache: cache).squeezed(1)
  }

  /// The best continuations of all beams together, in descending order, with the beams they continue.
  private func continuations(_ logits: Tensor) -> [(beam: Beam, origin: Int)] {
    let logProbs = logits.logSoftmax(-1)  // [beams, V]
    let texts = running.map {
      DecodedText(
        ids: prompt + $0.ids, promptCount: prompt.count, maximumCount: prompt.count + room)
    }
    let scores = Tensor(
      running.map(\.score), shape: [running.count, 1], device: logits.device)
    let width = logits.size(1)
    let sums = (search.process(logProbs, texts) + scores).reshaped([-1])
    let wanted = max(2, 1 + search.settings.stopTokenIDs.count) * search.beamCount
    let places = choose(sums, min(wanted, sums.elementCount))
    let columns = [
      places.to(.float64), sums.gathered(0, places).to(.float64),
      logProbs.reshaped([-1]).gathered(0, places).to(.float64),
    ]
    let numbers = stacked(columns).doubles
    let count = numbers.count / 3
    return (0..<count).map { index in
      let (origin, id) = Int(numbers[index]).quotientAndRemainder(dividingBy: width)
      var beam = running[origin]
      beam.ids.append(id)
      beam.logProbs.append(Float(numbers[2 * count + index]))
      beam.score = Float(numbers[count + index])
      beam.end = search.end(beam.ids, room: room)
      return (beam, origin)
    }
  }

  /// Places of the largest sums, or of ones drawn without replacement; in descending order of their sums.
  private func choose(_ sums: Tensor, _ count: Int) -> Tensor {
    guard let generator else { return sums.top(count).indices }
    // Perturbed by Gumbel noise, the largest of a distribution's logarithms are draws without replacement.
    let uniform = generator.uniform(shape: sums.shape, elementType: .float64)
    let noise = -log(-log(uniform.clamped(min: Double.leastNormalMagnitude)))
    let drawn = (sums.to(.float64) + noise).top(count).indices
    return drawn.gathered(0, sums.gathered(0, drawn).sorted(0, descending: true).indices)
  }

  /// Keeps the best of what had ended and what ends now among the best candidates.
  private mutating func finish(_ candidates: [Beam], length: Int) {
    let divisor = Float(pow(Double(length), search.lengthPenalty))
    let isClosed =
      !mayImprove
      || (finished.allSatisfy { $0.end != nil } && search.earlyStopping == .whenFull)
    let ended = candidates.enumerated().map { place, candidate in
      var beam = candidate
      beam.score = candidate.score / divisor
      if isClosed { beam.score += Self.excluded }
      if candidate.end == nil || place >= search.beamCount {
        beam.score += Self.excluded
        beam.end = nil
      }
      return beam
    }
    finished = (finished + ended).enumerated().sorted { a, b in
      a.element.score > b.element.score
        || (a.element.score == b.element.score && a.offset < b.offset)
    }.prefix(search.beamCount).map(\.element)
  }

  /// Whether a running beam may still beat one that has ended.
  private mutating func updateOutlook(length: Int) {
    let reachesFar = search.earlyStopping == .never && search.lengthPenalty > 0
    let hypothetical = Double(reachesFar ? room : length)
    let best = running[0].score / Float(pow(hypothetical, search.lengthPenalty))
    let worst = finished.map(\.score).min() ?? Self.excluded
    mayImprove =
      mayImprove && finished.contains { best > ($0.end == nil ? Self.excluded : worst) }
  }
}
