// SPDX-License-Identifier: Apache-2.0
package import Objectives
import Torch

/// Means of metrics over the parts of a step and the steps of a logging interval, weighted by their item counts.
package struct MetricMeans {
  private var names: [String] = []
  private var totals: [String: (sum: Double, weight: Double)] = [:]

  package init() {}

  /// Adds a mean over `weight` items.
  package mutating func add(_ name: String, _ value: Double, weight: Double = 1) {
    guard weight > 0 else { return }
    if totals[name] == nil { names.append(name) }
    let before = totals[name] ?? (0, 0)
    totals[name] = (before.sum + value * weight, before.weight + weight)
  }

  /// Adds the loss and the metrics of a microbatch.
  package mutating func add(_ terms: Terms) {
    add("loss", terms.loss.detached().item, weight: terms.weight)
    for (name, mean) in terms.metrics.sorted(by: { $0.key < $1.key }) {
      add(name, mean.value.item, weight: mean.weight)
    }
  }

  /// Adds means already taken.
  package mutating func add(_ other: MetricMeans) {
    for name in other.names {
      guard let total = other.totals[name] else { continue }
      add(name, total.sum / total.weight, weight: total.weight)
    }
  }

  /// A mean by name.
  package subscript(name: String) -> Double? {
    totals[name].map { $0.sum / $0.weight }
  }

  /// The means in the order in which they first came.
  package var values: [(name: String, value: Double)] {
    names.compactMap { name in self[name].map { (name, $0) } }
  }

  package var isEmpty: Bool { names.isEmpty }
}
