// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

/// Each test counts the handles of a process of its own: other tests run at the same time in this one.
@Suite("Live tensor handles")
struct LeakTests {
  @Test("stay flat over fifty training steps")
  func trainingSteps() async {
    await #expect(processExitsWith: .success) {
      Machine.threadCount = 1
      let generator = Generator(seed: 1)
      let store = ParameterStore(generator: generator)
      let embedding = Embedding(store.root / "embed", count: 13, width: 8)
      let norm = RMSNorm(store.root / "norm", width: 8, epsilon: 1e-6)
      let project = Linear(store.root / "project", from: 8, to: 8, bias: true)
      for (_, parameter) in store.parameters { parameter.requiringGrad() }
      let optimizer = AdamW(store.parameters, learningRate: 0.01, weightDecay: 0.1)
      let ids = Tensor([1, 2, 3, 4, 5, 6])
      let targets = Tensor([2, 3, 4, 5, 6, 7])
      var counts: [Int] = []
      for _ in 0..<50 {
        optimizer.zeroGrad()
        let hidden = checkpointed([embedding(ids)]) { silu(project(norm($0[0]))) + $0[0] }
        let terms = targetLogProbs(
          hidden: hidden, weight: embedding.weight, targets: targets, wantsEntropy: true,
          wantsTop1: true)
        (-terms.logProbs.mean()).backward()
        optimizer.clipGradNorm(to: 1)
        optimizer.step()
        counts.append(Tensor.liveCount)
      }
      ExitTestSupport.expect(
        Set(counts.dropFirst(2)).count == 1, "live handles after each step: \(counts)")
    }
  }

  @Test("return to where they were when everything is let go, errors and generators included")
  func everything() async {
    await #expect(processExitsWith: .success) {
      func work() {
        let x = Generator(seed: 1).normal(shape: [4, 4]).asParameter()
        let y = x.matmul(x).softmax(1)
        _ = y.top(2)
        _ = y.sorted(0)
        y.sum().backward()
        _ = x.grad
        _ = try? withTensorErrors { x.reshaped([5]).sum() + x }
        _ = checkpointed([x]) { exp($0[0]) }  // never differentiated
      }
      work()
      let before = Tensor.liveCount
      for _ in 0..<10 { work() }
      ExitTestSupport.expect(
        Tensor.liveCount == before, "\(before) handles became \(Tensor.liveCount)")
      ExitTestSupport.expect(before == 0, "\(before) handles survive")
    }
  }

  @Test("a checkpointed chain of blocks keeps only what stands between them")
  func checkpointMemory() async {
    await #expect(processExitsWith: .success) {
      Machine.threadCount = 1
      tanh(Tensor.ones([1 << 18]).asParameter()).sum().backward()  // loads the kernels
      let before = Machine.peakMemoryMiB
      /// Peak memory in MiB after sixteen blocks of twenty operations on 1 MiB each.
      func peak(checkpoint: Bool) -> Double {
        var x = Tensor.ones([1 << 18]).asParameter()
        for _ in 0..<16 {
          let block: ([Tensor]) -> Tensor = { inputs in
            (0..<20).reduce(inputs[0]) { y, _ in tanh(y) }
          }
          x = checkpoint ? checkpointed([x], block) : block([x])
        }
        x.sum().backward()
        return Machine.peakMemoryMiB - before
      }
      let saved = peak(checkpoint: true)
      let plain = peak(checkpoint: false)
      // 16 results between blocks and 20 inside one against 320; the allocator adds some of its own to each.
      ExitTestSupport.expect(plain > 250, "plain blocks took \(plain) MiB only")
      ExitTestSupport.expect(saved < plain / 2, "plain \(plain) MiB, checkpointed \(saved) MiB")
    }
  }
}
