// SPDX-License-Identifier: Apache-2.0

import Environments
import Testing

@Suite("The deceptive bandit")
struct DeceptiveBanditTests {
  private let world = DeceptiveBandit(seed: 3)

  @Test("each prompt has ten mediocre arms, 39 poor ones and one worth 1, of the stated shares")
  func shares() {
    #expect(world.promptCount == 60)
    for (gold, reference) in zip(world.gold, world.reference) {
      let arms = gold.indices.sorted { gold[$0] > gold[$1] }
      #expect(gold[arms[0]] == 1)
      #expect(arms[1...10].allSatisfy { (0.3..<0.5).contains(gold[$0]) })
      #expect(arms[11...].allSatisfy { (0..<0.2).contains(gold[$0]) })
      func mass(_ arms: ArraySlice<Int>) -> Double { arms.reduce(0) { $0 + reference[$1] } }
      #expect((0.985...0.989).contains(mass(arms[1...10])))
      #expect(abs(mass(arms[11...]) - 0.01) < 1e-12)
      #expect((0.0009999...0.0050001).contains(reference[arms[0]]))
      #expect(abs(reference.reduce(0, +) - 1) < 1e-12)
    }
  }

  @Test("prompts have the same arms in orders of their own, and the best is where it is said to be")
  func orders() {
    #expect(Set(world.gold).count == 60)
    #expect(Set(world.gold.map { $0.sorted() }).count == 1)
    for (gold, best) in zip(world.gold, world.bestArms) { #expect(gold[best] == 1) }
  }

  @Test("the best policy earns 1, the reference the mean of what it says")
  func rewards() {
    let best = world.bestArms.map { arm in (0..<50).map { $0 == arm ? 1.0 : 0 } }
    #expect(world.expectedReward(of: best) == 1)
    #expect(world.bestArmProbability(of: best) == 1)
    // Every prompt has the same arms, so that the mean over prompts is that of any one.
    let byHand = zip(world.gold[7], world.reference[7]).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(world.expectedReward(of: world.reference) - byHand) < 1e-12)
    #expect((0.3..<0.5).contains(byHand))
  }

  @Test("a seed makes a world, another seed another one")
  func seeds() {
    #expect(world == DeceptiveBandit(seed: 3))
    #expect(world != DeceptiveBandit(seed: 4))
  }

  @Test("a world without prompts is refused")
  func noPrompt() async {
    await #expect(processExitsWith: .failure) { _ = DeceptiveBandit(promptCount: 0, seed: 1) }
  }
}
