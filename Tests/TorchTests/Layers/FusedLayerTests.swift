// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

/// The fused CPU kernels against the same operations one after the other, which float64 takes.
@Suite("Fused layers")
struct FusedLayerTests {
  /// What a kernel gives: its result and the gradients of its inputs, for some upstream gradient.
  private func results(
    _ type: ElementType, _ inputs: [Tensor], _ upstream: Tensor, _ layer: ([Tensor]) -> Tensor
  ) -> [Tensor] {
    let leaves = inputs.map { $0.to(type).asParameter() }
    let output = layer(leaves)
    (output * upstream.to(type)).sum().backward()
    return [output.detached()] + leaves.compactMap(\.grad)
  }

  /// Float32 differs from float64 by rounding, bfloat16 by its 8 bits.
  private func expectParity(
    _ inputs: [Tensor], _ upstream: Tensor,
    bounds: [(ElementType, Double)] = [(.float32, 3e-6), (.bfloat16, 0.03)],
    gradientScale: Double = 1,
    _ layer: ([Tensor]) -> Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    // Numbers that every type holds exactly, so that all begin at the same place.
    let inputs = inputs.map { $0.to(.bfloat16).to(.float64) }
    let upstream = upstream.to(.bfloat16).to(.float64)
    let exact = results(.float64, inputs, upstream, layer)
    #expect(exact.count == inputs.count + 1)
    for (type, bound) in bounds {
      let found = results(type, inputs, upstream, layer)
      #expect(found.count == exact.count)
      for (place, (tensor, reference)) in zip(found, exact).enumerated() {
        #expect(tensor.elementType == type && tensor.shape == reference.shape)
        let largest = Swift.max(place == 0 ? 1 : gradientScale, abs(reference).max().item)
        expectClose(
          tensor.to(.float64), reference, atol: bound * largest, rtol: bound,
          sourceLocation: sourceLocation)
      }
      // Without gradients the same numbers come by another way.
      let plain = withoutGrad { layer(inputs.map { $0.to(type) }) }
      #expect(plain.doubles == found[0].doubles, sourceLocation: sourceLocation)
    }
  }

  private func random(_ shape: [Int], _ seed: UInt64, scale: Double = 1) -> Tensor {
    Generator(seed: seed).normal(shape: shape, elementType: .float64) * scale
  }

  @Test("RMS norm", arguments: [1, 7, 16, 33, 384], [false, true])
  func norm(width: Int, aroundOne: Bool) {
    let x = random([5, 3, width], 1, scale: 3)
    let gain = random([width], 2)
    expectParity([x, gain], random([5, 3, width], 3)) { inputs in
      rmsNorm(inputs[0], gain: inputs[1], epsilon: 1e-5, isAroundOne: aroundOne)
    }
  }

  @Test("RMS norm of many rows adds the gain's gradient in parts")
  func manyRows() {
    expectParity([random([700, 96], 4), random([96], 5)], random([700, 96], 6)) { inputs in
      rmsNorm(inputs[0], gain: inputs[1], epsilon: 1e-6, isAroundOne: false)
    }
  }

  @Test("a row of zeros is normed to zeros, and what is no number stays none")
  func oddRows() {
    let gain = Tensor.full(1, shape: [4], elementType: .float32)
    let x = Tensor([0, 0, 0, 0, 1, .nan, 1, 1] as [Float]).reshaped([2, 4])
    let y = rmsNorm(x, gain: gain, epsilon: 1e-6, isAroundOne: false).doubles
    #expect(y[..<4].allSatisfy { $0 == 0 } && y[4...].allSatisfy(\.isNaN))
  }

  @Test(
    "rotary positions, of heads that stand apart, of a part of the width, a row's own",
    arguments: [8, 6, 2])
  func rotation(part: Int) {
    let angles = random([3, 1, 5, part], 7, scale: 3)
    for factors in [angles, angles.narrowed(0, 0..<1).reshaped([5, part])] {
      let (cosine, sine) = (cos(factors), sin(factors))
      for separates in [true, false] {
        // [B, T, H, K] as a product leaves it, or [B, H, T, K].
        let x = separates ? random([3, 5, 4, 8], 8) : random([3, 4, 5, 8], 9)
        expectParity([x], random([3, 4, 5, 8], 10)) { inputs in
          let heads = separates ? inputs[0].transposed(1, 2) : inputs[0]
          let type: ElementType = heads.elementType == .float64 ? .float64 : .float32
          return rotary(heads, cosine: cosine.to(type), sine: sine.to(type))
        }
      }
    }
  }

  @Test(
    "causal attention with shared keys, trained on short texts and on longer ones",
    arguments: [1, 9, 65])
  func attends(count: Int) {
    let query = random([2, count, 6, 8], 18).transposed(1, 2)
    let (key, value) = (random([2, 3, count, 8], 19), random([2, 3, count, 8], 20))
    let upstream = random([2, 6, count, 8], 21).to(.bfloat16).to(.float64)
    let inputs = [query, key, value].map { $0.to(.bfloat16).to(.float64) }
    func attend(_ inputs: [Tensor]) -> Tensor {
      attention(inputs[0], inputs[1], inputs[2], causal: true, scale: 0.35)
    }
    let exact = results(.float64, inputs, upstream, attend)
    for (type, bound) in [(ElementType.float32, 1e-5), (.bfloat16, 0.04)] {
      for (found, reference) in zip(results(type, inputs, upstream, attend), exact) {
        expectClose(found.to(.float64), reference, atol: bound, rtol: bound)
      }
    }
  }

  @Test("the gate of a feed-forward layer, of matrices of their own and of one stacked")
  func gate() {
    let (a, b) = (random([2, 3, 37], 11, scale: 4), random([2, 3, 37], 12))
    expectParity([a, b], random([2, 3, 37], 13)) { siluGate($0[0], $0[1]) }
    expectParity([concatenated([a, b], axis: -1)], random([2, 3, 37], 14)) { inputs in
      siluGate(inputs[0].narrowed(-1, 0..<37), inputs[0].narrowed(-1, 37..<74))
    }
  }

  @Test("the gate at its ends: 0 far below, the input far above, none of none")
  func gateEnds() {
    let a = Tensor([-1e4, -200, -88, -30, 0, 30, 88, 200, 1e4, .nan] as [Float])
    let found = siluGate(a, Tensor.full(1, shape: [10], elementType: .float32)).doubles
    #expect(found[..<3].allSatisfy { abs($0) < 1e-30 })
    expectClose([found[3]], [-30 / (1 + 1.0686e13)], atol: 1e-15)
    #expect(found[4] == 0 && Array(found[5...8]) == [30, 88, 200, 1e4] && found[9].isNaN)
  }

  /// A sum of 16 products in float32 is off by some 4 units in the last place of the largest logit, whatever is made of it
  /// then; gradients carry that times a hidden state or a row of the weight. In bfloat16, which rounds logits to 8 bits, only
  /// small ones can be held against exact ones.
  @Test(
    "log-probs and entropy, with their gradients", arguments: [1.0, 0.7],
    [(ElementType.float32, 1.0), (.float32, 6), (.bfloat16, 0.3)])
  func logProbs(temperature: Double, kind: (type: ElementType, scale: Double)) {
    let hidden = random([9, 16], 15, scale: kind.scale)
    let weight = random([50, 16], 16, scale: min(1, kind.scale) * 3)
    let targets = Tensor([0, 49, 7, 7, 12, 30, 31, 32, 1])
    let largest = abs(hidden.matmul(weight.transposed(0, 1))).max().item
    let bound = kind.type == .bfloat16 ? 0.03 : 4 * 0x1p-23 * largest / temperature
    for wanted in [(1.0, 0.0), (0, 1), (1, 0.5)] {
      expectParity(
        [hidden, weight], random([9], 17), bounds: [(kind.type, bound)],
        gradientScale: abs(hidden).max().item
      ) { inputs in
        let result = targetLogProbs(
          hidden: inputs[0], weight: inputs[1], targets: targets, temperature: temperature,
          wantsEntropy: true, chunkElements: 200)
        let entropy = result.entropy ?? result.logProbs.zerosLike()
        return (result.logProbs * wanted.0 + entropy * wanted.1).to(inputs[0].elementType)
      }
    }
  }

  @Test("a state that is no number has no log-prob")
  func notANumber() {
    let hidden = Tensor([1, .nan, 2, 1] as [Float]).reshaped([2, 2])
    let weight = Tensor([1, 0, 0, 1, 1, 1] as [Float]).reshaped([3, 2])
    let found = targetLogProbs(
      hidden: hidden, weight: weight, targets: Tensor([0, 0]), wantsEntropy: true)
    #expect(found.logProbs.doubles[0].isNaN && found.entropy?.doubles[0].isNaN == true)
    #expect(found.logProbs.doubles[1].isFinite)
  }
}
