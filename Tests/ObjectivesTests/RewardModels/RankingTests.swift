// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Losses on rankings")
struct RankingTests {
  // Two lists of up to four, best first; the last place of the second is empty.
  let scores = Tensor([2.0, 1, 0.5, -1, 0.3, 0.8, -1.5, 99], shape: [2, 4])
  let mask = Tensor([1, 1, 1, 1, 1, 1, 1, 0], shape: [2, 4])

  private static let losses: [@Sendable (Tensor, Tensor?) -> Terms] = [
    { KWise()(scores: $0, mask: $1) }, { PlackettLuce()(scores: $0, mask: $1) },
  ]

  @Test("match values and gradients made with PyTorch")
  func golden() throws {
    let fixture = try Fixture("reward_model.json")["ranking"]
    let names = ["k_wise", "plackett_luce"]
    for (name, loss) in zip(names, Self.losses) {
      let leaf = fixture["best_first"].tensor.unsqueezed(0).asParameter()
      let terms = loss(leaf, nil)
      terms.loss.backward()
      expectClose(terms.loss, fixture[name].number, atol: 1e-10)
      expectClose(leaf.grad?.doubles ?? [], fixture["\(name)_gradient"].numbers, atol: 1e-10)
      #expect(terms.weight == 1)
    }
  }

  @Test("a list of two is one Bradley-Terry pair")
  func pairs() {
    let best = Tensor([1.2, 0.3, -0.5])
    let worse = Tensor([0.2, 0.8, -1.5])
    let expected = BradleyTerry()(chosen: best, rejected: worse)
    for loss in Self.losses {
      let found = loss(stacked([best, worse], axis: 1), nil)
      expectClose(found.loss, expected.loss, atol: 1e-12)
      for name in ["accuracy", "margin", "mean_reward"] {
        expectClose(
          [found.metrics[name]?.value.item ?? .nan], [expected.metrics[name]?.value.item ?? .nan])
      }
    }
  }

  @Test("empty places change nothing, whatever they hold, and get no gradient")
  func padding() {
    let full = scores.narrowed(0, 1..<2).narrowed(1, 0..<3)
    for loss in Self.losses {
      let leaf = scores.narrowed(0, 1..<2).asParameter()
      let found = loss(leaf, mask.narrowed(0, 1..<2))
      found.loss.backward()
      expectClose(found.loss, loss(full, nil).loss, atol: 1e-12)
      #expect(leaf.grad?.doubles.last == 0)
      #expect(leaf.grad?.doubles.allSatisfy(\.isFinite) == true)
    }
  }

  @Test("lists count alike and those with fewer than two candidates not at all")
  func denominators() {
    let sparse = Tensor([1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0], shape: [3, 4])
    let padded = concatenated([scores, Tensor([5.0, -3, 2, 7], shape: [1, 4])])
    for loss in Self.losses {
      let one = loss(scores.narrowed(0, 0..<1), nil)
      let two = loss(scores.narrowed(0, 1..<2), mask.narrowed(0, 1..<2))
      let all = loss(padded, sparse)
      #expect(all.weight == 2)
      expectClose([all.loss.item], [(one.loss.item + two.loss.item) / 2], atol: 1e-12)
      let pairCounts = all.metrics["accuracy"]?.weight
      #expect(pairCounts == 9)
    }
    for loss in Self.losses {
      let nothing = loss(scores, mask.zerosLike())
      #expect(nothing.weight == 0 && nothing.loss.item == 0)
    }
  }

  @Test("gradients agree with central differences under a mask")
  func gradient() {
    for loss in Self.losses {
      expectGradients(of: { loss($0[0], mask).loss }, at: [scores])
    }
  }

  @Test("putting the list in the order of its scores is the cheapest order")
  func orderMatters() {
    let sorted = Tensor([2.0, 1, 0, -1], shape: [1, 4])
    for loss in Self.losses {
      #expect(loss(sorted, nil).loss.item < loss(sorted.flipped(1), nil).loss.item - 1)
      #expect(loss(sorted, nil).metrics["accuracy"]?.value.item == 1)
      #expect(loss(sorted.flipped(1), nil).metrics["accuracy"]?.value.item == 0)
    }
  }
}
