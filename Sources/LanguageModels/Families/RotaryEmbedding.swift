// SPDX-License-Identifier: Apache-2.0
import Foundation
import Torch

/// How rotary frequencies are stretched for contexts longer than those of pretraining.
public enum RotaryScaling: Sendable, Equatable {
  /// θ^(-2i/d) as it is.
  case none
  /// Frequencies divided by a factor.
  case linear(factor: Double)
  /// θ grows with the length once it passes the pretrained one.
  case dynamic(factor: Double, originalLength: Int)
  /// NTK by parts; `attentionFactor` multiplies cosine and sine, `roundsRange` sets the borders of the parts to
  /// whole frequencies.
  case yarn(
    factor: Double, originalLength: Int, betaFast: Double, betaSlow: Double,
    attentionFactor: Double, roundsRange: Bool = true
  )
  /// Llama 3: low frequencies divided, high ones kept, smooth between.
  case llama3(factor: Double, lowFactor: Double, highFactor: Double, originalLength: Int)
  /// One divisor a frequency, short and long lists.
  case longRoPE(short: [Double], long: [Double], originalLength: Int, attentionFactor: Double)
}

extension RotaryScaling {
  /// Lengths of text whose frequencies are those of a text of `count` tokens.
  func lengths(like count: Int) -> Range<Int> {
    switch self {
    case .none, .linear, .yarn, .llama3: 0..<Int.max
    case .dynamic(_, let original): count <= original ? 0..<original + 1 : count..<count + 1
    case .longRoPE(_, _, let original, _):
      count <= original ? 0..<original + 1 : original + 1..<Int.max
    }
  }
}

/// Cosines and sines of rotary position embedding, a table grown on demand.
///
/// Angles are computed in float32 as the reference implementation does; position p turns pair i by p · f(i).
final class RotaryEmbedding {
  private let theta: Double
  private let width: Int
  private let scaling: RotaryScaling
  private let device: Device
  private var tableLength = 0
  /// Lengths of text that the table is right for.
  private var servedLengths = 0..<0
  private var cosine: Tensor
  private var sine: Tensor

  init(theta: Double, width: Int, scaling: RotaryScaling, device: Device) {
    self.theta = theta
    self.width = width
    self.scaling = scaling
    self.device = device
    cosine = .zeros([0, width], device: device)
    sine = cosine
  }

  /// Cosines and sines for the tokens of a context: `[T, K]`, or `[B, 1, T, K]` where rows stand at different places.
  ///
  /// Each text gets the frequencies of its own length, whatever the texts beside it.
  func turns(_ context: AttentionContext) -> Turn {
    let longest = context.rowLengths.max() ?? 0
    let alike = scaling.lengths(like: longest)
    guard context.rowLengths.allSatisfy(alike.contains) else {
      return context.joined.map { textByText($0, context) } ?? rowByRow(context)
    }
    prepare(length: longest, size: context.length)
    if let start = context.commonStart {
      let range = start..<start + context.tokenCount
      return (cosine.narrowed(0, range), sine.narrowed(0, range))
    }
    let positions = context.positions.reshaped([-1])
    let shape = [-1, 1, context.tokenCount, width]
    return (cosine.rows(positions).reshaped(shape), sine.rows(positions).reshaped(shape))
  }

  private func rowByRow(_ context: AttentionContext) -> Turn {
    let positions = context.positions.expanded([context.rowLengths.count, context.tokenCount])
    let turns = context.rowLengths.indices.map { row in
      prepare(length: context.rowLengths[row], size: context.length)
      let places = positions.picked(0, row)
      return (cosine.rows(places).unsqueezed(0), sine.rows(places).unsqueezed(0))
    }
    return (stacked(turns.map(\.0)), stacked(turns.map(\.1)))
  }

  private func textByText(_ joined: JoinedTexts, _ context: AttentionContext) -> Turn {
    let turns = zip(joined.segments.segments, joined.textLengths).map { segment, length in
      prepare(length: length, size: length)
      let places = context.positions.narrowed(0, segment.tokens)
      return (cosine.rows(places), sine.rows(places))
    }
    let shape = [1, 1, context.tokenCount, width]
    return (
      concatenated(turns.map(\.0)).reshaped(shape), concatenated(turns.map(\.1)).reshaped(shape)
    )
  }

  /// Makes the table one for texts of `length` tokens, of at least `size` positions.
  private func prepare(length: Int, size: Int) {
    guard !servedLengths.contains(length) || tableLength < size else { return }
    servedLengths = scaling.lengths(like: length)
    let ahead = Swift.min(servedLengths.upperBound - 1, Swift.max(length, tableLength * 2, 64))
    tableLength = Swift.max(size, ahead)
    let (frequencies, factor) = Self.frequencies(
      theta: theta, width: width, scaling: scaling, length: length)
    let inverse = Tensor(frequencies.map(Float.init), device: device).unsqueezed(0)
    let places = Tensor.range(0..<tableLength, device: device).to(.float32).unsqueezed(1)
    let angles = places * inverse
    let both = concatenated([angles, angles], axis: 1)
    cosine = factor == 1 ? cos(both) : cos(both) * factor
    sine = factor == 1 ? sin(both) : sin(both) * factor
  }

  /// The K/2 frequencies for a text of `length` tokens and the factor on cosine and sine.
  static func frequencies(
    theta: Double, width: Int, scaling: RotaryScaling, length: Int
  ) -> (values: [Double], factor: Double) {
    let plain = baseFrequencies(theta, width)
    switch scaling {
    case .none:
      return (plain, 1)
    case .linear(let factor):
      return (plain.map { $0 / factor }, 1)
    case .dynamic(let factor, let original):
      let stretch = factor * Double(Swift.max(length, original)) / Double(original) - (factor - 1)
      let exponent = Double(width) / Double(width - 2)
      return (baseFrequencies(theta * pow(stretch, exponent), width), 1)
    case .yarn(let factor, let original, let fast, let slow, let attentionFactor, let rounds):
      return (
        yarn(plain, theta, width, factor, original, fast, slow, rounds), attentionFactor
      )
    case .llama3(let factor, let low, let high, let original):
      return (plain.map { llama3($0, factor, low, high, Double(original)) }, 1)
    case .longRoPE(let short, let long, let original, let attentionFactor):
      let divisors = length > original ? long : short
      return (zip(plain, divisors).map { $0 / $1 }, attentionFactor)
    }
  }

  private static func baseFrequencies(_ theta: Double, _ width: Int) -> [Double] {
    (0..<width / 2).map { pow(theta, -2 * Double($0) / Double(width)) }
  }

  private static func llama3(
    _ frequency: Double, _ factor: Double, _ low: Double, _ high: Double, _ original: Double
  ) -> Double {
    let wavelength = 2 * Double.pi / frequency
    if wavelength > original / low { return frequency / factor }
    if wavelength < original / high { return frequency }
    let smooth = (original / wavelength - low) / (high - low)
    return (1 - smooth) * frequency / factor + smooth * frequency
  }

  private static func yarn(
    _ plain: [Double], _ theta: Double, _ width: Int, _ factor: Double, _ original: Int,
    _ fast: Double, _ slow: Double, _ rounds: Bool
  ) -> [Double] {
    func dimension(_ rotations: Double) -> Double {
      Double(width) * Foundation.log(Double(original) / (rotations * 2 * Double.pi))
        / (2 * Foundation.log(theta))
    }
    let (first, last) = (dimension(fast), dimension(slow))
    let low = Swift.max(0, rounds ? first.rounded(.down) : first)
    var high = Swift.min(Double(width - 1), rounds ? last.rounded(.up) : last)
    if low == high { high += 0.001 }
    return plain.enumerated().map { index, frequency in
      let ramp = Swift.min(1, Swift.max(0, (Double(index) - low) / (high - low)))
      let keep = 1 - ramp
      return frequency / factor * (1 - keep) + frequency * keep
    }
  }
}
