// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Training

@Suite("Means of metrics")
struct MetricMeansTests {
  @Test("means weigh their items, through parts and steps")
  func weights() {
    var first = MetricMeans()
    first.add("loss", 1, weight: 3)
    first.add("loss", 5, weight: 1)
    var second = MetricMeans()
    second.add("loss", 8, weight: 4)
    second.add("grad_norm", 2)
    var all = MetricMeans()
    all.add(first)
    all.add(second)
    #expect(first["loss"] == 2)
    #expect(all["loss"] == 5)
    #expect(all["grad_norm"] == 2)
    #expect(all.values.map(\.name) == ["loss", "grad_norm"])
    #expect(all["other"] == nil)
  }

  @Test("numbers without a mean keep their latest, also when steps are joined")
  func latest() {
    var all = MetricMeans()
    for step in 1...3 {
      var metrics = MetricMeans()
      metrics.set("episode", Double(8 * step))
      metrics.add("kl", Double(step))
      all.add(metrics)
    }
    #expect(all["episode"] == 24)
    #expect(all["kl"] == 2)
  }

  @Test("an exponential is that of the whole mean, however it was split")
  func exponential() throws {
    var all = MetricMeans()
    for (loss, weight) in [(1.0, 3.0), (5, 1)] {
      var part = MetricMeans()
      part.addExponential("perplexity", ofMean: loss, weight: weight)
      all.add(part)
    }
    #expect(all["perplexity"] == exp(2.0))
    let read = try JSONDecoder().decode(MetricMeans.self, from: JSONEncoder().encode(all))
    #expect(read["perplexity"] == exp(2.0))
  }

  @Test("nothing is added at weight 0")
  func noWeight() {
    var means = MetricMeans()
    means.add("loss", .nan, weight: 0)
    #expect(means.isEmpty)
  }

  @Test("they are the same after writing and reading, to the last bit")
  func coding() throws {
    var means = MetricMeans()
    means.add("b", 0.1, weight: 3)
    means.add("a", 1.0 / 3, weight: 7)
    means.set("episode", 5)
    let read = try JSONDecoder().decode(MetricMeans.self, from: JSONEncoder().encode(means))
    #expect(read == means)
    #expect(read.values.map(\.name) == ["b", "a", "episode"])
  }
}
