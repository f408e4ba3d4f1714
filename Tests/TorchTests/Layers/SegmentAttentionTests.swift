// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

/// Attention of texts that lie end to end, against attention of each text alone in float64.
@Suite("Segment attention")
struct SegmentAttentionTests {
  typealias Segment = AttentionSegments.Segment

  /// A text of more than one block, one of a token, and a tree: the fourth and fifth text begin as the third does, the
  /// last as the fifth.
  private let segments = AttentionSegments([
    Segment(0..<150), Segment(150..<151), Segment(151..<191),
    Segment(191..<210, before: [151..<181]),
    Segment(210..<245, before: [151..<170]), Segment(245..<246, before: [151..<170, 210..<231]),
  ])

  /// The places of each text.
  private var texts: [(places: [Int], ownCount: Int)] {
    segments.segments.map { (Array($0.before.joined()) + Array($0.tokens), $0.tokens.count) }
  }

  private func numbers(_ heads: Int, seed: UInt64) -> Tensor {
    let shape = [1, segments.tokenCount, heads, 16]
    let numbers = Generator(seed: seed).normal(shape: shape)
    // Numbers that every type holds exactly, so that all begin at the same place.
    return numbers.to(.bfloat16).to(.float64).transposed(1, 2)
  }

  /// The result and the gradients of query, key and value.
  private func results(
    _ type: ElementType, _ attend: (Tensor, Tensor, Tensor) -> Tensor
  ) throws -> [Tensor] {
    let leaves = [numbers(4, seed: 1), numbers(2, seed: 2), numbers(2, seed: 3)].map {
      $0.to(type).asParameter()
    }
    let output = attend(leaves[0], leaves[1], leaves[2])
    (output * numbers(4, seed: 4).to(type)).sum().backward()
    return [output.detached()] + (try leaves.map { try #require($0.grad) })
  }

  /// Each text with the plain operation, joined again.
  private func alone(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, cap: Double?, window: Int?
  ) -> Tensor {
    concatenated(
      texts.map { places, ownCount in
        let index = Tensor(places)
        let count = places.count
        func text(_ x: Tensor) -> Tensor { x.transposed(0, 2).rows(index).transposed(0, 2) }
        let rows = Tensor.range(0..<count).unsqueezed(1)
        let columns = Tensor.range(0..<count)
        var mask = not(columns .> rows)
        if let window { mask = mask .&& (columns .> (rows - Double(window))) }
        let mixed = attention(
          text(query), text(key), text(value), mask: mask, causal: false, scale: 0.3, cap: cap)
        return mixed.narrowed(2, count - ownCount..<count)
      }, axis: 2)
  }

  @Test(
    "each text is attended to alone, and gradients of shared tokens are summed",
    arguments: [ElementType.float64, .float32, .bfloat16], [nil, 2.0])
  func parity(type: ElementType, cap: Double?) throws {
    let bound: Double = type == .float64 ? 1e-12 : type == .float32 ? 1e-5 : 0.04
    for window in [nil, 1, 5, 40, 140, 500] {
      let exact = try results(.float64) { alone($0, $1, $2, cap: cap, window: window) }
      let found = try results(type) {
        segments.attention($0, $1, $2, scale: 0.3, cap: cap, window: window)
      }
      for (tensor, wanted) in zip(found, exact) {
        #expect(tensor.elementType == type && tensor.shape == wanted.shape)
        expectClose(
          tensor.to(.float64), wanted, atol: bound * Swift.max(1, abs(wanted).max().item),
          rtol: bound)
      }
    }
  }

  @Test(
    "numbers are the same bit for bit again, and without gradients",
    arguments: [ElementType.float32, .bfloat16])
  func deterministic(type: ElementType) throws {
    func run() throws -> [Tensor] {
      try results(type) { segments.attention($0, $1, $2, scale: 0.3) }
    }
    let first = try run()
    for (tensor, again) in zip(first, try run()) { #expect(tensor.doubles == again.doubles) }
    let silent = withoutGrad {
      segments.attention(
        numbers(4, seed: 1).to(type), numbers(2, seed: 2).to(type), numbers(2, seed: 3).to(type),
        scale: 0.3)
    }
    #expect(silent.doubles == first[0].doubles)
  }

  @Test("a text reads nothing of its neighbours")
  func isolation() {
    let inputs = [numbers(4, seed: 1), numbers(2, seed: 2), numbers(2, seed: 3)].map {
      $0.to(.float32)
    }
    let before = segments.attention(inputs[0], inputs[1], inputs[2], scale: 0.3)
    // Other numbers in the last text's own token.
    let changed = inputs.map { x in
      concatenated([x.narrowed(2, 0..<245), x.narrowed(2, 245..<246) + 1], axis: 2)
    }
    let after = segments.attention(changed[0], changed[1], changed[2], scale: 0.3)
    #expect(
      before.narrowed(2, 0..<245).doubles == after.narrowed(2, 0..<245).doubles)
    #expect(before.narrowed(2, 245..<246).doubles != after.narrowed(2, 245..<246).doubles)
  }

  @Test("shapes that do not fit are said")
  func shapes() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ = segments.attention(
          .zeros([1, 4, 200, 16]), .zeros([1, 2, 200, 16]), .zeros([1, 2, 200, 16]), scale: 1)
      }
    }
    #expect(error?.description.contains("of 200") == true)
  }
}
