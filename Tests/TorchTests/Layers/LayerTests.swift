// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@Suite("Layers")
struct LayerTests {
  private func store(_ tensors: NamedTensors) -> ParameterStore {
    ParameterStore(reading: TensorDictionary(tensors), elementType: .float64)
  }

  @Test("linear is x times the transposed weight plus the bias")
  func linearLayer() throws {
    let store = store([
      ("p.weight", Tensor([1.0, 2, 3, 4, 5, 6], shape: [3, 2])), ("p.bias", Tensor([0.5, 0, -1])),
    ])
    let layer = Linear(store.root / "p", from: 2, to: 3, bias: true)
    try store.finish()
    expectClose(layer(Tensor([1.0, -1], shape: [1, 2])), [-0.5, -1, -2])
    #expect(store.parameters.map(\.name) == ["p.weight", "p.bias"])
  }

  @Test("a linear stored [in, out] is the same map")
  func transposedLinear() throws {
    let store = store([
      ("p.weight", Tensor([1.0, 3, 5, 2, 4, 6], shape: [2, 3])), ("p.bias", Tensor([0.5, 0, -1])),
    ])
    let layer = Linear(store.root / "p", from: 2, to: 3, bias: true, isTransposed: true)
    try store.finish()
    expectClose(layer(Tensor([1.0, -1], shape: [1, 2])), [-0.5, -1, -2])
  }

  @Test("an embedding looks rows up and adds gradients of repeated ids")
  func embedding() throws {
    let store = store([("e.weight", Tensor((0..<6).map(Double.init), shape: [3, 2]))])
    let layer = Embedding(store.root / "e", count: 3, width: 2)
    layer.weight.requiringGrad()
    let found = layer(Tensor([2, 0, 2, 2], shape: [2, 2]))
    #expect(found.shape == [2, 2, 2])
    expectClose(found.picked(0, 0), [4, 5, 0, 1])
    found.sum().backward()
    expectClose(layer.weight.grad?.doubles ?? [], [1, 1, 0, 0, 3, 3])
  }

  @Test("RMS normalisation follows its formula, has its gradient, and works inside in float32")
  func rmsNorm() throws {
    let gain = Tensor([1.5, -0.5, 2])
    let store = store([("n.weight", gain)])
    let layer = RMSNorm(store.root / "n", width: 3, epsilon: 1e-2)
    let x = Tensor([1.0, -2, 0.5, 0, 3, 1], shape: [2, 3])
    let rows = [[1.0, -2, 0.5], [0.0, 3, 1]]
    let expected = rows.flatMap { row in
      let scale = (row.reduce(0) { $0 + $1 * $1 } / 3 + 1e-2).squareRoot()
      return zip(row, [1.5, -0.5, 2]).map { $0 / scale * $1 }
    }
    expectClose(layer(x), expected, atol: 1e-14)
    let leaf = x.asParameter()
    layer.weight.requiringGrad()
    let weights = Tensor([0.3, -1, 2, 1, 0.1, -0.4], shape: [2, 3])
    (layer(leaf) * weights).sum().backward()
    expectClose(
      leaf.grad?.doubles ?? [], numericalGradient(of: { (layer($0) * weights).sum() }, at: x),
      atol: 1e-8)
    // the gain enters linearly: its gradient is Σ upstream · normalised
    let normalised = layer(x) / gain
    expectClose(
      layer.weight.grad?.doubles ?? [], (normalised * weights).sum(0).doubles, atol: 1e-12)

    // 300² overflows no float32, but its bfloat16 mean of squares would lose the last digits
    let narrow = ParameterStore(generator: Generator(seed: 1), elementType: .bfloat16)
    let narrowLayer = RMSNorm(narrow.root, width: 3, epsilon: 0)
    let y = narrowLayer(Tensor([300.0, 301, 299], elementType: .bfloat16))
    #expect(y.elementType == .bfloat16)
    expectClose(y, [1, 1, 1], atol: 0.01)
  }

  @Test("RMS normalisation around one multiplies by 1 + weight before it narrows")
  func rmsNormAroundOne() throws {
    let store = store([("n.weight", Tensor([0.5, -1.5, 1]))])
    let layer = RMSNorm(store.root / "n", width: 3, epsilon: 1e-2, isAroundOne: true)
    let plain = RMSNorm(
      self.store([("n.weight", Tensor([1.5, -0.5, 2]))]).root / "n", width: 3, epsilon: 1e-2)
    let x = Tensor([1.0, -2, 0.5, 0, 3, 1], shape: [2, 3])
    expectClose(layer(x), plain(x), atol: 1e-14)
    let drawn = ParameterStore(generator: Generator(seed: 1), elementType: .bfloat16)
    let narrow = RMSNorm(drawn.root, width: 2, epsilon: 0, isAroundOne: true)
    #expect(narrow.weight.doubles == [0, 0])
    #expect(narrow(Tensor([3.0, -3], elementType: .bfloat16)).doubles == [1, -1])
  }

  // PyTorch, float64: layer_norm(x, [3], weight, bias, 1e-2)
  @Test("layer normalisation takes mean and variance out, scales and shifts")
  func layerNorm() throws {
    let store = store([
      ("n.weight", Tensor([1.5, -0.5, 2])), ("n.bias", Tensor([0.1, 0, -1])),
    ])
    let layer = LayerNorm(store.root / "n", width: 3, epsilon: 1e-2)
    try store.finish()
    let rows = [[1.0, -2, 0.5], [0.0, 3, 1]]
    let expected = rows.flatMap { row in
      let mean = row.reduce(0, +) / 3
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3
      return zip(row, zip([1.5, -0.5, 2], [0.1, 0, -1])).map {
        ($0 - mean) / (variance + 1e-2).squareRoot() * $1.0 + $1.1
      }
    }
    expectClose(layer(Tensor(rows.flatMap { $0 }, shape: [2, 3])), expected, atol: 1e-12)
  }

  @Test("both forms of gelu")
  func gelus() {
    // scipy: x * norm.cdf(x), and 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³)))
    let x = Tensor([-1.0, 0.5, 2])
    expectClose(gelu(x), [-0.15865525, 0.34573123, 1.95449974], atol: 1e-8)
    expectClose(geluTanh(x), [-0.15880801, 0.34571401, 1.95459769], atol: 1e-8)
  }

  @Test("rotary turns half-split pairs by their angles")
  func rotaryLayer() {
    let angle = 0.3
    let cosine = Tensor([Foundation.cos(angle), Foundation.cos(angle)], shape: [1, 2])
    let sine = Tensor([Foundation.sin(angle), Foundation.sin(angle)], shape: [1, 2])
    let x = Tensor([1.0, 2], shape: [1, 1, 1, 2])
    let c = Foundation.cos(angle)
    let s = Foundation.sin(angle)
    expectClose(rotary(x, cosine: cosine, sine: sine), [c - 2 * s, 2 * c + s], atol: 1e-15)
    // A table narrower than the head turns its beginning only.
    let wide = Tensor([1.0, 2, 3, 4, 5], shape: [1, 1, 1, 5])
    expectClose(
      rotary(wide, cosine: cosine, sine: sine), [c - 2 * s, 2 * c + s, 3, 4, 5], atol: 1e-15)
  }

  @Test("attention is the softmax of scaled products, causal or masked, with keys shared by heads")
  func attentionLayer() {
    let generator = Generator(seed: 2)
    let q = generator.normal(shape: [1, 4, 3, 2], elementType: .float64)
    let k = generator.normal(shape: [1, 2, 3, 2], elementType: .float64)
    let v = generator.normal(shape: [1, 2, 3, 2], elementType: .float64)
    let allowed = Tensor.ones([3, 3], elementType: .float64).lowerTriangle() .> 0
    // query heads 0, 1 use key head 0; heads 2, 3 key head 1
    let keys = k.repeatedEach(2, axis: 1)
    let products = (q.matmul(keys.transposed(2, 3)) * 0.7).filled(
      where: not(allowed), with: -.infinity)
    let expected = products.softmax(-1).matmul(v.repeatedEach(2, axis: 1))
    expectClose(attention(q, k, v, causal: true, scale: 0.7), expected, atol: 1e-12)
    expectClose(attention(q, k, v, mask: allowed, causal: false, scale: 0.7), expected, atol: 1e-12)
  }

  @Test("bounded scores are bounded before the mask, and have their gradient")
  func cappedAttention() {
    let generator = Generator(seed: 3)
    let q = generator.normal(deviation: 2, shape: [2, 4, 3, 2], elementType: .float64)
    let k = generator.normal(deviation: 2, shape: [2, 2, 3, 2], elementType: .float64)
    let v = generator.normal(shape: [2, 2, 3, 2], elementType: .float64)
    let allowed = Tensor.ones([3, 3], elementType: .float64).lowerTriangle() .> 0
    let scores = q.matmul(k.repeatedEach(2, axis: 1).transposed(2, 3)) * 0.7
    let bounded = (tanh(scores / 1.5) * 1.5).filled(where: not(allowed), with: -.infinity)
    let expected = bounded.softmax(-1).matmul(v.repeatedEach(2, axis: 1))
    expectClose(attention(q, k, v, causal: true, scale: 0.7, cap: 1.5), expected, atol: 1e-12)
    expectClose(
      attention(q, k, v, mask: allowed, causal: false, scale: 0.7, cap: 1.5), expected, atol: 1e-12)
    let plain = attention(q, k, v, causal: true, scale: 0.7)
    #expect((expected - plain).doubles.contains { Swift.abs($0) > 0.05 })
    let leaf = k.asParameter()
    attention(q, leaf, v, causal: true, scale: 0.7, cap: 1.5).sum().backward()
    expectClose(
      leaf.grad?.doubles ?? [],
      numericalGradient(
        of: { attention(q, $0, v, causal: true, scale: 0.7, cap: 1.5).sum() }, at: k),
      atol: 1e-8)
  }

  @Test("drawn parameters depend on the seed and the declared deviation")
  func drawing() throws {
    func make(_ seed: UInt64) -> Linear {
      let store = ParameterStore(generator: Generator(seed: seed))
      return Linear(store.root, from: 100, to: 100, bias: true, deviation: 0.05)
    }
    #expect(make(1).weight.doubles == make(1).weight.doubles)
    #expect(make(1).weight.doubles != make(2).weight.doubles)
    expectClose(make(1).weight.variance(correction: 1), 0.0025, atol: 0.0002)
    #expect(make(1).bias?.doubles.allSatisfy { $0 == 0 } == true)
  }
}

@Suite("Parameter store")
struct ParameterStoreTests {
  private let stored: NamedTensors = [
    ("a.weight", Tensor([1.0, 2], shape: [1, 2])), ("b.weight", Tensor([3.0, 4, 5], shape: [3])),
  ]

  @Test("reads by name, converts, and lists in order of making")
  func reading() throws {
    let store = ParameterStore(reading: TensorDictionary(stored))
    let b = (store.root / "b").parameter("weight", [3], .ones)
    let a = (store.root / "a").parameter("weight", [1, 2], .zeros)
    try store.finish()
    #expect(a.doubles == [1, 2] && b.doubles == [3, 4, 5] && a.elementType == .float32)
    #expect(store.parameters.map(\.name) == ["b.weight", "a.weight"])
    #expect((store.root / "x" / "y").path == "x.y")
  }

  @Test("what is read shares no memory and no history with the source")
  func copies() throws {
    for type in [ElementType.float64, .float32] {
      let source = Tensor([1.0, 2]).asParameter()
      let store = ParameterStore(reading: TensorDictionary([("w", source)]), elementType: type)
      let parameter = store.root.parameter("w", [2], .zeros)
      try store.finish()
      #expect(!parameter.requiresGrad, "\(type)")
      parameter.requiringGrad()
      (parameter * 3).sum().backward()
      expectClose(parameter.grad?.doubles ?? [], [3, 3])
      #expect(source.grad == nil)
      withoutGrad { parameter.copyInPlace(from: Tensor([9.0, 9])) }
      expectClose(source, [1, 2])
    }
  }

  @Test("missing names are listed, the first few by name")
  func missing() {
    let store = ParameterStore(reading: TensorDictionary([]))
    for index in 0..<5 { _ = store.root.parameter("w\(index)", [1], .zeros) }
    let names = (0..<5).map { "w\($0)" }
    let error = #expect(throws: WeightsError.missing(names: names)) { try store.finish() }
    #expect(error?.description.contains("w0, w1, w2 and 2 like them") == true)
  }

  @Test("a tensor that the configuration makes too large for any machine is told, not made")
  func hugeShapes() {
    let store = ParameterStore(reading: TensorDictionary(stored))
    let huge = [1 << 30, 1 << 30]
    let parameter = (store.root / "a").parameter("weight", huge, .normal(deviation: 1))
    _ = (store.root / "c").parameter("weight", huge, .ones)
    #expect(parameter.elementCount == 0)
    #expect(
      throws: WeightsError.shapeMismatch(name: "a.weight", stored: [1, 2], configured: huge)
    ) { try store.finish() }
  }

  @Test("a scope lists the parameters made below it")
  func scopedParameters() {
    let store = ParameterStore(generator: Generator(seed: 1))
    for name in ["ab", "a", "b"] {
      _ = (store.root / name / "inner").parameter("weight", [1], .ones)
    }
    #expect((store.root / "a").parameters.map(\.name) == ["a.inner.weight"])
    #expect(store.root.parameters.count == 3)
  }

  @Test("a fresh head may be drawn where the checkpoint has none")
  func optionalParts() throws {
    let store = ParameterStore(
      reading: TensorDictionary([stored[0]]), generator: Generator(seed: 1))
    store.allowMissing("head.")
    _ = (store.root / "a").parameter("weight", [1, 2], .zeros)
    let head = (store.root / "head").parameter("weight", [4], .normal(deviation: 1))
    try store.finish()
    #expect(head.doubles.allSatisfy { $0 != 0 })
  }

  @Test("shapes that differ and names left over are refused")
  func mismatches() {
    let wrong = ParameterStore(reading: TensorDictionary(stored))
    _ = (wrong.root / "a").parameter("weight", [2, 1], .zeros)
    #expect(
      throws: WeightsError.shapeMismatch(name: "a.weight", stored: [1, 2], configured: [2, 1])
    ) { try wrong.finish() }
    let partial = ParameterStore(reading: TensorDictionary(stored))
    _ = (partial.root / "a").parameter("weight", [1, 2], .zeros)
    #expect(throws: WeightsError.unexpected(names: ["b.weight"])) { try partial.finish() }
    #expect(throws: Never.self) { try partial.finish { $0.hasPrefix("b.") } }
  }
}
