// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

/// One differentiable operation with float64 inputs at which it is smooth.
struct DifferentiableCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [[Int]]
  /// Where inputs lie: `centre` plus or minus `spread`.
  let centre: Double
  let spread: Double
  let body: @Sendable ([Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [[Int]], centre: Double = 0, spread: Double = 1,
    _ body: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    testDescription = name
    self.shapes = shapes
    self.centre = centre
    self.spread = spread
    self.body = body
  }

  /// Different numbers in every place, none of them equal or zero.
  var inputs: [Tensor] {
    var random = SplitMix(UInt64(shapes.count), 7)
    return shapes.map { shape in
      Tensor(
        (0..<shape.reduce(1, *)).map { _ in centre + spread * (2 * random.uniform() - 1) },
        shape: shape)
    }
  }

  /// A scalar whose gradient tells the places of the result apart.
  func loss(_ inputs: [Tensor]) -> Tensor {
    let result = body(inputs)
    let weights = cos(
      Tensor.range(0..<result.elementCount, elementType: .float64) * 1.7 + 0.3)
    return (result.reshaped([-1]) * weights).sum()
  }
}

@Suite("Gradients")
struct AutogradTests {
  static let elementWiseCases: [DifferentiableCase] = [
    DifferentiableCase("add", [[2, 3], [3]]) { $0[0] + $0[1] },
    DifferentiableCase("subtract", [[2, 1], [2, 3]]) { $0[0] - $0[1] },
    DifferentiableCase("multiply", [[2, 3], [3]]) { $0[0] * $0[1] },
    DifferentiableCase("divide", [[2, 3], [3]], centre: 2) { $0[0] / $0[1] },
    DifferentiableCase("number on the left", [[3]], centre: 2) { (1 - $0[0]) * (3 / $0[0]) + 2 },
    DifferentiableCase("number on the right", [[3]]) { -($0[0] * 3 - 1) / 4 + 2 },
    DifferentiableCase("exp", [[3]]) { exp($0[0]) },
    DifferentiableCase("expm1", [[3]]) { expm1($0[0]) },
    DifferentiableCase("log", [[3]], centre: 2) { log($0[0]) },
    DifferentiableCase("log1p", [[3]], centre: 1) { log1p($0[0]) },
    DifferentiableCase("sqrt", [[3]], centre: 2) { sqrt($0[0]) },
    DifferentiableCase("rsqrt", [[3]], centre: 2) { rsqrt($0[0]) },
    DifferentiableCase("square", [[3]]) { square($0[0]) },
    DifferentiableCase("abs", [[6]]) { abs($0[0]) },
    DifferentiableCase("sin and cos", [[3]]) { sin($0[0]) * cos(2 * $0[0]) },
    DifferentiableCase("tanh", [[3]]) { tanh($0[0]) },
    DifferentiableCase("sigmoid", [[3]]) { sigmoid($0[0]) },
    DifferentiableCase("log sigmoid", [[4]], spread: 8) { logSigmoid($0[0]) },
    DifferentiableCase("softplus", [[4]], spread: 8) { softplus($0[0]) },
    DifferentiableCase("relu", [[6]]) { relu($0[0]) },
    DifferentiableCase("silu", [[4]], spread: 3) { silu($0[0]) },
    DifferentiableCase("gelu", [[4]], spread: 3) { gelu($0[0]) },
    DifferentiableCase("power", [[3]], centre: 2) { $0[0].power(2.5) },
    DifferentiableCase("clamp", [[8]]) { $0[0].clamped(-0.5, 0.4) },
    DifferentiableCase("maximum and minimum", [[6], [6]]) {
      maximum($0[0], $0[1]) - 2 * minimum($0[0], $0[1])
    },
    DifferentiableCase("where", [[6], [6]]) {
      select(where: Tensor([true, false, true, true, false, false]), $0[0], exp($0[1]))
    },
    DifferentiableCase("fill", [[3]]) {
      square($0[0]).filled(where: Tensor([true, false, false]), with: 5)
    },
    DifferentiableCase("convert", [[3]]) { $0[0].to(.float64).copy().contiguous() * 2 },
  ]

  static let reductionsCases: [DifferentiableCase] = [
    DifferentiableCase("matmul", [[2, 3], [3, 4]]) { $0[0].matmul($0[1]) },
    DifferentiableCase("batched matmul", [[2, 2, 3], [3, 2]]) { $0[0].matmul($0[1]) },
    DifferentiableCase("sum", [[2, 3]]) { $0[0].sum() * $0[0].sum(1) },
    DifferentiableCase("mean", [[2, 3]]) { $0[0].mean() * $0[0].mean(0, keep: true) },
    DifferentiableCase("max and min of all", [[2, 3]]) { $0[0].max() * $0[0].min() },
    DifferentiableCase("max and min of an axis", [[2, 3]]) { $0[0].max(1) * $0[0].min(1) },
    DifferentiableCase("variance", [[2, 4]]) { $0[0].variance(1, correction: 1) },
    DifferentiableCase("variance of all", [[2, 4]]) { $0[0].variance(correction: 0) },
    DifferentiableCase("log-sum-exp", [[2, 3]]) { $0[0].logSumExp(1) },
    DifferentiableCase("softmax", [[2, 3]]) { $0[0].softmax(1) },
    DifferentiableCase("log softmax", [[2, 3]]) { $0[0].logSoftmax(0) },
    DifferentiableCase("cumulative sum", [[2, 3]]) { $0[0].cumulativeSum(1) },
    DifferentiableCase("flip", [[2, 3]]) { $0[0].flipped(1) },
    DifferentiableCase("top", [[2, 4]]) { $0[0].top(2).values },
    DifferentiableCase("sort", [[2, 4]]) { $0[0].sorted(1, descending: true).values },
  ]

  static let shapesCases: [DifferentiableCase] = [
    DifferentiableCase("reshape and permute", [[2, 3, 2]]) {
      $0[0].permuted([2, 0, 1]).reshaped([4, 3])
    },
    DifferentiableCase("expand", [[2, 1]]) { $0[0].expanded([2, 3]) },
    DifferentiableCase("transpose, unsqueeze, squeeze", [[2, 3]]) {
      $0[0].transposed(0, 1).unsqueezed(1).squeezed(1)
    },
    DifferentiableCase("narrow and pick", [[3, 4]]) { $0[0].narrowed(1, 1..<3).picked(0, 2) },
    DifferentiableCase("rows", [[3, 2]]) { $0[0].rows(Tensor([2, 0, 2])) },
    DifferentiableCase("gather", [[2, 3]]) {
      $0[0].gathered(1, Tensor([2, 2, 0, 1], shape: [2, 2]))
    },
    DifferentiableCase("scatter", [[2, 3], [2, 1]]) {
      $0[0].scattering(1, Tensor([2, 0], shape: [2, 1]), $0[1])
    },
    DifferentiableCase("scatter-add", [[2, 3], [2, 2]]) {
      $0[0].scatterAdding(1, Tensor([2, 2, 0, 1], shape: [2, 2]), $0[1])
    },
    DifferentiableCase("concatenate", [[2, 2], [2, 3]]) {
      concatenated([$0[0], $0[1], $0[0]], axis: 1)
    },
    DifferentiableCase("stack", [[2, 2], [2, 2]]) { stacked([$0[0], $0[1]], axis: 1) },
    DifferentiableCase("repeat", [[2, 2]]) { $0[0].repeatedEach(3, axis: 1) },
    DifferentiableCase("lower triangle", [[3, 3]]) { $0[0].lowerTriangle(diagonal: -1) },
  ]

  static let layersCases: [DifferentiableCase] = [
    DifferentiableCase("linear", [[2, 2, 3], [4, 3], [4]]) { linear($0[0], $0[1], $0[2]) },
    DifferentiableCase("linear without bias", [[2, 3], [4, 3]]) { linear($0[0], $0[1]) },
    DifferentiableCase("rotary", [[1, 2, 3, 4], [3, 4], [3, 4]]) {
      rotary($0[0], cosine: $0[1], sine: $0[2])
    },
    DifferentiableCase("causal attention", [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]) {
      attention($0[0], $0[1], $0[2], causal: true, scale: 0.5)
    },
    DifferentiableCase("attention with shared keys", [[1, 4, 3, 2], [1, 2, 3, 2], [1, 2, 3, 2]]) {
      attention($0[0], $0[1], $0[2], causal: true, scale: 0.7)
    },
    DifferentiableCase("masked attention", [[2, 1, 2, 3], [2, 1, 3, 3], [2, 1, 3, 3]]) {
      let mask = Tensor([true, true, false, false, true, true], shape: [2, 1, 1, 3])
      return attention($0[0], $0[1], $0[2], mask: mask, causal: false, scale: 0.5)
    },
    DifferentiableCase("log-probs of targets", [[5, 3], [4, 3]]) {
      targetLogProbs(
        hidden: $0[0], weight: $0[1], targets: Tensor([0, 3, 1, 1, 2]), temperature: 0.7
      ).logProbs
    },
    DifferentiableCase("entropy", [[5, 3], [4, 3]]) {
      let result = targetLogProbs(
        hidden: $0[0], weight: $0[1], targets: Tensor([0, 3, 1, 1, 2]), temperature: 1.3,
        wantsEntropy: true)
      return result.entropy ?? result.logProbs
    },
    DifferentiableCase("log-probs and entropy together", [[5, 3], [4, 3]]) {
      let result = targetLogProbs(
        hidden: $0[0], weight: $0[1], targets: Tensor([0, 3, 1, 1, 2]), wantsEntropy: true,
        wantsTop1: true)
      return result.logProbs * (result.entropy ?? result.logProbs)
    },
  ]

  private func check(_ item: DifferentiableCase) {
    let leaves = item.inputs.map { $0.asParameter() }
    item.loss(leaves).backward()
    for (index, leaf) in leaves.enumerated() {
      let numeric = numericalGradient(
        of: { moved in
          var all = item.inputs
          all[index] = moved
          return item.loss(all)
        }, at: item.inputs[index])
      expectClose(leaf.grad?.doubles ?? [], numeric, atol: 1e-8, rtol: 1e-7)
    }
  }

  @Test("of element-wise operations agree with central differences", arguments: elementWiseCases)
  func elementWise(item: DifferentiableCase) { check(item) }

  @Test("of products and reductions agree with central differences", arguments: reductionsCases)
  func reductions(item: DifferentiableCase) { check(item) }

  @Test("of shape operations agree with central differences", arguments: shapesCases)
  func shapes(item: DifferentiableCase) { check(item) }

  @Test("of layers agree with central differences", arguments: layersCases)
  func layers(item: DifferentiableCase) { check(item) }

  @Test("add up over backward passes until they are cleared")
  func accumulation() {
    let x = Tensor([1.0, 2]).asParameter()
    #expect(x.grad == nil)
    (x * 3).sum().backward()
    (x * x).backward()  // not a scalar: its sum
    expectClose(x.grad?.doubles ?? [], [5, 7])
    x.setGrad(Tensor([1.0, 1]))
    expectClose(x.grad?.doubles ?? [], [1, 1])
    x.setGrad(nil)
    #expect(x.grad == nil)
  }

  @Test("do not pass a detached tensor, a comparison or a rounding")
  func detached() {
    let x = Tensor([1.0, 2]).asParameter()
    (x * x.detached()).sum().backward()
    expectClose(x.grad?.doubles ?? [], [1, 2])
    #expect(!(x .> 1).requiresGrad && !x.argmax(0).requiresGrad)
    #expect(x.requiresGrad && (x * 2).requiresGrad && !x.detached().requiresGrad)
  }

  @Test("are not recorded inside withoutGrad, are again after it, and after an error in it")
  func withoutGradients() {
    struct Mine: Error {}
    let x = Tensor([1.0, 2]).asParameter()
    #expect(!withoutGrad { (x * 2).requiresGrad })
    #expect((x * 2).requiresGrad)
    #expect(throws: Mine.self) { try withoutGrad { throw Mine() } }
    #expect((x * 2).requiresGrad)
    let nested = withoutGrad { withoutGrad { (x * 2).requiresGrad } || (x * 2).requiresGrad }
    #expect(!nested)
  }

  @Test("a parameter is a copy: training it leaves its source alone")
  func parametersAreCopies() {
    let source = Tensor([1.0, 2])
    let parameter = source.asParameter()
    withoutGrad { parameter.copyInPlace(from: Tensor([5.0, 6])) }
    expectClose(source, [1, 2])
    #expect(!source.requiresGrad)
  }

  @Test("a backward pass without anything to differentiate is an error in words")
  func nothingToDifferentiate() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { Tensor([1.0]).backward() }
    }
    #expect(error?.description.hasPrefix("backward from [1]: ") == true)
  }
}
