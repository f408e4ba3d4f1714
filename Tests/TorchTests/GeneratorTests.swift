// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Random numbers")
struct GeneratorTests {
  @Test("equal seeds draw alike, others not")
  func seeds() {
    func draws(_ seed: UInt64) -> [[Double]] {
      let generator = Generator(seed: seed)
      return [
        generator.normal(shape: [5]).doubles, generator.uniform(shape: [5]).doubles,
        generator.bernoulli(Tensor.full(0.5, shape: [64])).doubles,
      ]
    }
    #expect(draws(7) == draws(7))
    for (a, b) in zip(draws(7), draws(8)) { #expect(a != b) }
  }

  @Test("a restored state continues where it was saved, odd counts of normals included")
  func state() {
    let generator = Generator(seed: 3)
    _ = generator.normal(shape: [3])
    let saved = generator.state.copy()
    #expect(saved.elementType == .uint8)
    let expected = (generator.normal(shape: [7]).doubles, generator.uniform(shape: [3]).doubles)
    let other = Generator(seed: 99)
    other.state = saved
    #expect(other.normal(shape: [7]).doubles == expected.0)
    #expect(other.uniform(shape: [3]).doubles == expected.1)
  }

  @Test("a state that is none is refused")
  func wrongState() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { Generator(seed: 1).state = Tensor([UInt8(1), 2]) }
    }
    #expect(error?.description.hasPrefix("generator state: ") == true)
  }

  @Test("draws have the moments and bounds asked for")
  func moments() {
    let generator = Generator(seed: 11)
    let normal = generator.normal(mean: 3, deviation: 2, shape: [40_000], elementType: .float64)
    // four standard errors
    expectClose(normal.mean(), 3, atol: 4 * 2 / 200)
    expectClose(normal.variance(correction: 1), 4, atol: 4 * 4 * (2.0 / 40_000).squareRoot())
    let uniform = generator.uniform(-1, 3, shape: [40_000])
    #expect(uniform.min().item >= -1 && uniform.max().item < 3)
    expectClose(uniform.mean(), 1, atol: 4 * 1.1547 / 200)
    let coins = generator.bernoulli(
      Tensor([0.0, 1, 0.25], elementType: .float32).unsqueezed(1).expanded([3, 40_000]))
    expectClose(coins.mean(1), [0, 1, 0.25], atol: 4 * 0.433 / 200)
  }

  // Vigna's splitmix64.c with seed 1234567, as printed by several independent programs
  @Test("SplitMix64 gives the published sequence")
  func splitMix() {
    var random = SplitMix(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect((0..<5).map { _ in random.next() } == expected)
  }

  @Test("SplitMix goes on from its state, and its parts all matter, in their order")
  func splitMixState() {
    var random = SplitMix(seed: 5)
    _ = random.next()
    var copy = SplitMix(seed: random.state)
    #expect(copy == random && copy.next() == random.next())
    let mixed = [
      SplitMix(1, 2, 3), SplitMix(1, 2, 4), SplitMix(2, 1, 3), SplitMix(1, 2), SplitMix(1, 2, 0),
    ]
    #expect(Set(mixed.map(\.state)).count == mixed.count)
    #expect(SplitMix(1, 2, 3) == SplitMix(1, 2, 3))
  }

  @Test("uniform numbers fill the unit interval evenly")
  func splitMixUniform() {
    var random = SplitMix(seed: 17)
    let numbers = (0..<40_000).map { _ in random.uniform() }
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    expectClose([numbers.reduce(0, +) / 40_000], [0.5], atol: 4 * 0.2887 / 200)
    var shuffled = Array(0..<100)
    shuffled.shuffle(using: &random)
    #expect(shuffled != Array(0..<100) && shuffled.sorted() == Array(0..<100))
  }
}
