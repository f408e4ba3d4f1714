// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Next-token loss")
struct NextTokenTests {
  @Test("is the mean over tokens without weights")
  func plain() {
    let terms = NextToken()(tokenLogProbs: Tensor([-1.0, -2, -6]))
    expectClose(terms.loss, 3)
    #expect(terms.weight == 3)
  }
}
