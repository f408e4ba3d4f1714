// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite("Threads of kernels")
struct MachineTests {
  private func random(_ seed: UInt64, _ shape: [Int]) -> Tensor {
    Generator(seed: seed).normal(shape: shape)
  }

  /// Runs `body` on a thread of its own, which has a number of threads of its own.
  private func onThread<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        Machine.threadCount = count
        continuation.resume(returning: body())
      }
    }
  }

  @Test(
    "kernels take as many threads as libtorch's own operations",
    .enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1, "one processor"))
  func count() async {
    #if os(Linux)
    for threads in [1, 2] {
      let found = await onThread(threads) { Machine.kernelThreadCount }
      #expect(found == threads)
    }
    #endif
  }

  @Test("what a kernel computes does not depend on the number of threads, bit for bit")
  func bits() async {
    func computed(_ threads: Int) async -> [[Float]] {
      await onThread(threads) {
        withoutGrad {
          let (x, y) = (self.random(1, [301, 512]), self.random(2, [301, 512]))
          let heads = self.random(3, [4, 8, 70, 64])
          let angles = self.random(4, [70, 64])
          return [
            rmsNorm(x, gain: self.random(5, [512]), epsilon: 1e-5), siluGate(x, y),
            rotary(heads, cosine: cos(angles), sine: sin(angles)),
          ].map(\.floats)
        }
      }
    }
    let (one, two, three) = (await computed(1), await computed(2), await computed(3))
    #expect(one == two && one == three)
  }
}
