// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Tensor errors")
struct TensorErrorTests {
  let x = Tensor([1.0, 2, 3, 4], shape: [2, 2])

  /// Operations on arguments that do not fit together, each with a word its message must hold.
  private static let failures: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("add of [2, 2] and [3]", { $0 + Tensor([1.0, 2, 3]) }),
    ("matmul of [2, 2] and [3]", { $0.matmul(Tensor([1.0, 2, 3])) }),
    ("reshape [2, 2] to [3]", { $0.reshaped([3]) }),
    ("narrow [2, 2] to 1..<5 on axis 0", { $0.narrowed(0, 1..<5) }),
    ("pick 7 of axis 1 of [2, 2]", { $0.picked(1, 7) }),
    ("choose [1] rows of [2, 2]", { $0.rows(Tensor([9])) }),
    ("sum of [2, 2] over axis 2", { $0.sum(2) }),
    ("concatenate [[2, 2], [1]]", { concatenated([$0, Tensor([1.0])]) }),
    ("where of [2, 2], [2, 2], [3]", { select(where: $0 .> 1, $0, Tensor([1.0, 2, 3])) }),
    ("linear of [2, 2] by [3, 3]", { linear($0, .zeros([3, 3], elementType: .float64)) }),
    (
      "log-probs of [3] targets",
      { targetLogProbs(hidden: $0, weight: $0, targets: Tensor([0, 1, 0])).logProbs }
    ),
    ("tensor of 3 elements", { _ in Tensor([1.0, 2, 3], shape: [2]) }),
    ("item of a tensor of shape [2, 2]", { Tensor($0.item) }),
  ]

  @Test("each failure is one sentence that names the operation and shapes, without a native stack")
  func messages() {
    for (operation, body) in Self.failures {
      let error = #expect(throws: TensorError.self) { try withTensorErrors { body(x) } }
      let text = error.map(\.description) ?? ""
      #expect(text.hasPrefix("\(operation): "))
      #expect(!text.contains("\n") && !text.contains("Exception raised"), "\(text)")
      #expect(!text.contains("frame #") && !text.contains(".cpp"), "\(text)")
      #expect(text.count > operation.count + 10, "\(text)")
    }
  }

  @Test("the first failure is thrown, later operations go on with empty tensors")
  func firstFailure() {
    var last: Tensor?
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors {
        let broken = x.matmul(Tensor([1.0, 2, 3]))
        last = (broken + x.reshaped([5])).sum()
      }
    }
    #expect(error?.description.hasPrefix("matmul") == true)
    #expect(last != nil)
  }

  @Test("work without failures returns its result, errors of the body pass through")
  func passesThrough() throws {
    struct Mine: Error {}
    #expect(try withTensorErrors { x.sum().item } == 10)
    #expect(throws: Mine.self) { try withTensorErrors { throw Mine() } }
    // an inner region keeps its failure to itself
    let outer = try withTensorErrors {
      #expect(throws: TensorError.self) { try withTensorErrors { x.reshaped([5]) } }
      return x.sum().item
    }
    #expect(outer == 10)
  }

  @Test("asking for more memory than there is, is told apart")
  func outOfMemory() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { Tensor.zeros([1 << 30, 1 << 24]) }
    }
    guard case .outOfMemory = error else {
      Issue.record("\(error as Any)")
      return
    }
  }

  @Test("outside a region a failure stops the program with the sentence")
  func trap() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor([1.0, 2]).matmul(Tensor([1.0, 2, 3]))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("matmul of [2] and [3]: "))
  }

  @Test("a program may choose how it ends")
  func handler() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      TensorFailureHandler.current = TensorFailureHandler { error in
        ExitTestSupport.leave(3, saying: "stopped: \(error)")
      }
      _ = Tensor([1.0, 2]).reshaped([5])
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("stopped: reshape [2] to [5]: "))
  }
}
