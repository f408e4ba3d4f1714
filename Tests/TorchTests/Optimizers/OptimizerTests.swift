// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Optimizers")
struct OptimizerTests {
  private let fixture: Fixture
  init() throws { fixture = try Fixture("optimizers.json") }

  private func parameters(_ type: ElementType = .float64) -> NamedTensors {
    [
      ("weight", fixture["weight"].tensor.to(type).asParameter()),
      ("bias", fixture["bias"].tensor.to(type).asParameter()),
    ]
  }

  /// Gives the parameters the gradients of step `index`.
  private func setGradients(_ parameters: NamedTensors, _ index: Int) {
    for (name, tensor) in parameters {
      let gradient = fixture["\(name)_gradients"].list[index]
      let isPresent = !gradient.numbers.isEmpty
      tensor.setGrad(isPresent ? gradient.tensor.to(tensor.elementType) : nil)
    }
  }

  /// Runs the three steps of the fixture and compares after each.
  private func follow(_ optimizer: any Optimizer, _ key: String, atol: Double = 1e-12) {
    let trace = fixture[key]["trace"].list
    #expect(trace.count == 3)
    for (index, expected) in trace.enumerated() {
      setGradients(optimizer.parameters, index)
      optimizer.step()
      for (name, tensor) in optimizer.parameters {
        expectClose(tensor.doubles, expected[name].numbers, atol: atol)
      }
    }
  }

  private func adamW(
    _ parameters: NamedTensors, _ key: String, usesEpsilonHat: Bool = false
  ) -> AdamW {
    let settings = fixture[key]["settings"]
    let betas = settings["betas"].numbers
    return AdamW(
      parameters, learningRate: settings["lr"].number, beta1: betas[0], beta2: betas[1],
      epsilon: settings["eps"].number, weightDecay: settings["weight_decay"].number,
      usesEpsilonHat: usesEpsilonHat)
  }

  @Test("AdamW follows PyTorch: decay on matrices only, no step without a gradient")
  func adamW() {
    follow(adamW(parameters(), "adamw"), "adamw")
    follow(AdamW(parameters(), learningRate: 0.001), "adamw_plain")
  }

  @Test("AdamW in float32 stays within its precision")
  func adamWSingle() { follow(adamW(parameters(.float32), "adamw"), "adamw", atol: 2e-7) }

  @Test("the older form of epsilon follows its formula")
  func epsilonHat() {
    follow(adamW(parameters(), "epsilon_hat", usesEpsilonHat: true), "epsilon_hat")
  }

  @Test("bfloat16 parameters are the rounding of a float32 master", arguments: [false, true])
  func narrowParameters(usesEpsilonHat: Bool) {
    let narrow = parameters(.bfloat16)
    // The masters start at the rounded numbers; gradients are given unrounded to the reference, too.
    let wide: NamedTensors = narrow.map {
      ($0.name, $0.tensor.detached().to(.float32).asParameter())
    }
    let narrowOptimizer = adamW(narrow, "adamw", usesEpsilonHat: usesEpsilonHat)
    let wideOptimizer = adamW(wide, "adamw", usesEpsilonHat: usesEpsilonHat)
    for index in 0..<3 {
      setGradients(narrow, index)
      for (source, target) in zip(narrow, wide) {
        target.tensor.setGrad(source.tensor.grad?.to(.float32))
      }
      narrowOptimizer.step()
      wideOptimizer.step()
      for (source, target) in zip(narrow, wide) {
        #expect(source.tensor.elementType == .bfloat16)
        expectClose(source.tensor.doubles, target.tensor.to(.bfloat16).doubles, atol: 0)
      }
    }
  }

  @Test("steps too small for bfloat16 add up in the master")
  func masterAccumulates() {
    let weight = Tensor.ones([1], elementType: .bfloat16).asParameter()
    let optimizer = AdamW([("weight", weight)], learningRate: 1e-4)
    for _ in 0..<100 {
      weight.setGrad(Tensor.ones([1], elementType: .bfloat16))
      optimizer.step()
    }
    expectClose(weight, 0.98828125, atol: 0)  // 0.99 to the nearest bfloat16
  }

  @Test("SGD follows PyTorch, plain and with momentum and decay")
  func sgd() {
    follow(SGD(parameters(), learningRate: 0.1), "sgd_plain")
    let settings = fixture["sgd"]["settings"]
    follow(
      SGD(
        parameters(), learningRate: settings["lr"].number,
        momentum: settings["momentum"].number, weightDecay: settings["weight_decay"].number), "sgd")
  }

  @Test("gradients are clipped together, as PyTorch does")
  func clipping() {
    let expected = fixture["clipping"]
    let optimizer = SGD(parameters(), learningRate: 0.1)
    setGradients(optimizer.parameters, 0)
    let norm = optimizer.clipGradNorm(to: expected["limit"].number)
    expectClose([norm], [expected["norm"].number], atol: 1e-12)
    for (name, tensor) in optimizer.parameters {
      expectClose(tensor.grad?.doubles ?? [], expected[name].numbers, atol: 1e-12)
    }
  }

  @Test("a limit of zero only measures; small gradients and broken ones are left alone")
  func measuring() {
    let optimizer = SGD(parameters(), learningRate: 0.1)
    #expect(optimizer.clipGradNorm(to: 1) == 0, "no gradients yet")
    setGradients(optimizer.parameters, 0)
    let before = optimizer.parameters.map { $0.tensor.grad?.doubles ?? [] }
    #expect(optimizer.clipGradNorm(to: 0) > 5)
    #expect(optimizer.clipGradNorm(to: 100) > 5)
    #expect(optimizer.parameters.map { $0.tensor.grad?.doubles ?? [] } == before)
    optimizer.parameters[1].tensor.setGrad(Tensor([Double.infinity, 1]))
    #expect(!optimizer.clipGradNorm(to: 1).isFinite)
    #expect(optimizer.parameters[1].tensor.grad?.doubles == [.infinity, 1])
  }

  @Test("clearing forgets gradients and nothing else")
  func zeroGrad() {
    let optimizer = SGD(parameters(), learningRate: 0.1)
    setGradients(optimizer.parameters, 0)
    optimizer.zeroGrad()
    #expect(optimizer.parameters.allSatisfy { $0.tensor.grad == nil })
    optimizer.step()
    expectClose(optimizer.parameters[0].tensor.doubles, fixture["weight"].numbers)
  }

  @Test("an optimizer restored from its state continues bit for bit", arguments: 0..<4)
  func resume(kind: Int) throws {
    func make(_ parameters: NamedTensors) -> any Optimizer {
      switch kind {
      case 0: adamW(parameters, "adamw")
      case 1: adamW(parameters, "adamw", usesEpsilonHat: true)
      case 2: adamW(parameters.map { ($0.name, $0.tensor.to(.bfloat16).asParameter()) }, "adamw")
      default: SGD(parameters, learningRate: 0.1, momentum: 0.9)
      }
    }
    let whole = make(parameters())
    for index in 0..<2 {
      setGradients(whole.parameters, index)
      whole.step()
    }
    let saved = whole.state.map { (name: $0.name, tensor: $0.tensor.copy()) }
    let resumed = make(whole.parameters.map { ($0.name, $0.tensor.asParameter()) })
    try resumed.restore(TensorDictionary(saved))
    for optimizer in [whole, resumed] {
      setGradients(optimizer.parameters, 2)
      optimizer.step()
    }
    for (found, expected) in zip(resumed.parameters, whole.parameters) {
      #expect(found.tensor.doubles == expected.tensor.doubles)
    }
  }

  @Test("a state that lacks a tensor or has another shape is refused with its name")
  func restoreErrors() {
    let optimizer = AdamW(parameters(), learningRate: 0.1)
    #expect(throws: WeightsError.missing(names: ["weight.exp_avg"])) {
      try optimizer.restore(TensorDictionary([]))
    }
    let wrong = optimizer.state.map {
      ($0.name, $0.name == "bias.exp_avg_sq" ? Tensor([1.0]) : $0.tensor)
    }
    #expect(
      throws: WeightsError.shapeMismatch(name: "bias.exp_avg_sq", stored: [1], configured: [2])
    ) {
      try optimizer.restore(TensorDictionary(wrong))
    }
  }

  @Test("a convex problem is solved; walking uphill is not", arguments: [0, 1])
  func learning(kind: Int) {
    let target = Tensor([1.0, -2, 0.5])
    func distance(_ sign: Double) -> Double {
      let x = Tensor([0.0, 0, 0]).asParameter()
      let optimizer: any Optimizer =
        kind == 0
        ? AdamW([("x", x)], learningRate: 0.05) : SGD([("x", x)], learningRate: 0.05, momentum: 0.9)
      for _ in 0..<300 {
        optimizer.zeroGrad()
        (sign * square(x - target).sum()).backward()
        optimizer.step()
      }
      return square(x - target).sum().item
    }
    #expect(distance(1) < 1e-4)
    #expect(!(distance(-1) < 5))
  }
}
