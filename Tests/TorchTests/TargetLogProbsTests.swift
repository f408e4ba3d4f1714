// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Log-probabilities of targets")
struct TargetLogProbsTests {
  /// hidden `[N, 6]`, weight `[11, 6]`, targets `[N]`, always the same.
  private func inputs(_ count: Int) -> (hidden: Tensor, weight: Tensor, targets: Tensor) {
    let generator = Generator(seed: 5)
    let weight = generator.normal(shape: [11, 6], elementType: .float64)
    let hidden = generator.normal(shape: [count, 6], elementType: .float64)
    return (hidden, weight, Tensor((0..<count).map { $0 * 7 % 11 }))
  }

  /// The textbook form with all logits at once.
  private func naive(
    _ hidden: Tensor, _ weight: Tensor, _ targets: Tensor, _ temperature: Double,
    _ cap: Double? = nil
  ) -> (logProbs: Tensor, entropy: Tensor, top1: Tensor) {
    let raw = hidden.matmul(weight.transposed(0, 1))
    let logits = (cap.map { tanh(raw / $0) * $0 } ?? raw) / temperature
    let logs = logits - logits.logSumExp(1, keep: true)
    return (
      logs.gathered(1, targets.unsqueezed(1)).squeezed(1), -(exp(logs) * logs).sum(1),
      (logits.argmax(1) .== targets).to(.float64)
    )
  }

  // Chunks hold 16 rows at least: counts on both sides of one and two of them.
  @Test(
    "values and gradients are the naive ones at every chunk boundary",
    arguments: [1, 15, 16, 17, 32, 33], [(1.0, nil), (0.6, nil), (1.0, 1.5), (0.6, 0.8)])
  func chunks(count: Int, scaling: (temperature: Double, cap: Double?)) {
    let (temperature, cap) = scaling
    let (hidden, weight, targets) = inputs(count)
    let upstream = cos(Tensor.range(0..<count, elementType: .float64))

    let naiveHidden = hidden.asParameter()
    let naiveWeight = weight.asParameter()
    let expected = naive(naiveHidden, naiveWeight, targets, temperature, cap)
    (expected.logProbs * upstream + 0.3 * expected.entropy * upstream).sum().backward()

    let ourHidden = hidden.asParameter()
    let ourWeight = weight.asParameter()
    let found = targetLogProbs(
      hidden: ourHidden, weight: ourWeight, targets: targets, temperature: temperature, cap: cap,
      wantsEntropy: true, wantsTop1: true, chunkElements: 1)
    let entropy = found.entropy ?? found.logProbs
    (found.logProbs * upstream + 0.3 * entropy * upstream).sum().backward()

    expectClose(found.logProbs, expected.logProbs, atol: 1e-12)
    expectClose(entropy, expected.entropy, atol: 1e-12)
    expectClose(found.top1?.to(.float64).doubles ?? [], expected.top1.doubles)
    expectClose(ourHidden.grad?.doubles ?? [], naiveHidden.grad?.doubles ?? [1], atol: 1e-12)
    expectClose(ourWeight.grad?.doubles ?? [], naiveWeight.grad?.doubles ?? [1], atol: 1e-12)
  }

  @Test("the chunk size changes nothing")
  func chunkSize() {
    let (hidden, weight, targets) = inputs(40)
    func values(_ elements: Int) -> [Double] {
      targetLogProbs(hidden: hidden, weight: weight, targets: targets, chunkElements: elements)
        .logProbs.doubles
    }
    expectClose(values(1), values(1 << 20), atol: 1e-14)
    expectClose(values(220), values(1 << 20), atol: 1e-14)
  }

  @Test("what is not asked for is absent, and the likeliest flag has no gradient")
  func optional() {
    let (hidden, weight, targets) = inputs(3)
    let plain = targetLogProbs(hidden: hidden.asParameter(), weight: weight, targets: targets)
    #expect(plain.entropy == nil && plain.top1 == nil)
    #expect(plain.logProbs.requiresGrad)
    let all = targetLogProbs(
      hidden: hidden.asParameter(), weight: weight, targets: targets, wantsEntropy: true,
      wantsTop1: true)
    #expect(all.entropy?.requiresGrad == true && all.top1?.requiresGrad == false)
  }

  @Test("a frozen head gets no gradient, a frozen trunk leaves only the head's")
  func frozenSides() {
    let (hidden, weight, targets) = inputs(5)
    let trunk = hidden.asParameter()
    targetLogProbs(hidden: trunk, weight: weight, targets: targets).logProbs.sum().backward()
    #expect(trunk.grad != nil && weight.grad == nil)
    let head = weight.asParameter()
    targetLogProbs(hidden: hidden, weight: head, targets: targets).logProbs.sum().backward()
    #expect(head.grad != nil && hidden.grad == nil)
  }

  @Test("the entropy alone may be differentiated")
  func entropyAlone() {
    let (hidden, weight, targets) = inputs(20)
    let ours = hidden.asParameter()
    let theirs = hidden.asParameter()
    targetLogProbs(
      hidden: ours, weight: weight, targets: targets, wantsEntropy: true, chunkElements: 1
    ).entropy?.sum().backward()
    naive(theirs, weight, targets, 1).entropy.sum().backward()
    expectClose(ours.grad?.doubles ?? [], theirs.grad?.doubles ?? [1], atol: 1e-12)
  }

  @Test("bfloat16 weights give float32 log-probabilities and bfloat16 gradients")
  func narrowTypes() {
    let (hidden, weight, targets) = inputs(20)
    let rows = hidden.to(.bfloat16).asParameter()
    let head = weight.to(.bfloat16).asParameter()
    let found = targetLogProbs(hidden: rows, weight: head, targets: targets)
    #expect(found.logProbs.elementType == .float32)
    found.logProbs.sum().backward()
    #expect(rows.grad?.elementType == .bfloat16 && head.grad?.elementType == .bfloat16)
    expectClose(found.logProbs, naive(hidden, weight, targets, 1).logProbs.doubles, atol: 0.1)
  }

  @Test("under autocast, values and gradients stay close to float32's", arguments: [false, true])
  func autocast(hiddenIsNarrow: Bool) {
    let (hidden, weight, targets) = inputs(20)
    let narrow = hidden.to(hiddenIsNarrow ? .bfloat16 : .float32)
    let rows = narrow.asParameter()
    let head = weight.to(.float32).asParameter()
    let found = withAutocast(.bfloat16) {
      targetLogProbs(hidden: rows, weight: head, targets: targets, wantsEntropy: true)
    }
    found.logProbs.sum().backward()
    let exactRows = hidden.asParameter()
    let exactHead = weight.asParameter()
    let expected = naive(exactRows, exactHead, targets, 1)
    expected.logProbs.sum().backward()
    expectClose(found.logProbs, expected.logProbs.doubles, atol: 0.1)
    expectClose(rows.grad?.doubles ?? [], exactRows.grad?.doubles ?? [1], atol: 0.1)
    expectClose(head.grad?.doubles ?? [], exactHead.grad?.doubles ?? [1], atol: 0.2)
    #expect(head.grad?.elementType == .float32)
  }

  @Test("far logits stay finite")
  func extremes() {
    let weight = Tensor([1000.0, -1000, 0], shape: [3, 1])
    let hidden = Tensor([1.0, 1, -1], shape: [3, 1]).asParameter()
    let found = targetLogProbs(
      hidden: hidden, weight: weight, targets: Tensor([0, 1, 0]), wantsEntropy: true)
    expectClose(found.logProbs, [0, -2000, -2000])
    expectClose(found.entropy?.doubles ?? [], [0, 0, 0])
    found.logProbs.sum().backward()
    #expect(hidden.grad.map { isFinite($0).all().item } == 1)
  }

  @Test("no targets give no log-probabilities")
  func empty() {
    let (hidden, weight, _) = inputs(3)
    let found = targetLogProbs(
      hidden: hidden.narrowed(0, 0..<0), weight: weight, targets: Tensor([Int]()))
    #expect(found.logProbs.shape == [0])
  }
}

@Suite("Mean logits of targets")
struct MeanLogitTests {
  @Test(
    "the mean logit is the mean over the vocabulary, whatever the temperature, without gradient")
  func meanLogit() throws {
    let generator = Generator(seed: 6)
    let weight = generator.normal(shape: [11, 6], elementType: .float64)
    let hidden = generator.normal(shape: [5, 6], elementType: .float64).asParameter()
    let result = targetLogProbs(
      hidden: hidden, weight: weight, targets: Tensor([0, 3, 10, 4, 7]), temperature: 0.5,
      wantsMeanLogit: true)
    let found = try #require(result.meanLogit)
    expectClose(found, hidden.matmul(weight.transposed(0, 1)).mean(1), atol: 1e-12)
    #expect(!found.requiresGrad)
    let capped = targetLogProbs(
      hidden: hidden, weight: weight, targets: Tensor([0, 3, 10, 4, 7]), cap: 0.5,
      wantsMeanLogit: true)
    let bent = (tanh(hidden.matmul(weight.transposed(0, 1)) / 0.5) * 0.5).mean(1)
    expectClose(try #require(capped.meanLogit), bent, atol: 1e-12)
    let plain = targetLogProbs(hidden: hidden, weight: weight, targets: Tensor([0, 3, 10, 4, 7]))
    #expect(plain.meanLogit == nil)
  }
}
