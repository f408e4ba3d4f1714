// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Objectives
import Torch

/// Means of metrics over the parts of a step and the steps of a logging interval, weighted by their item counts.
///
/// Sums and weights are kept, never means of means, so no mean depends on how a batch was split.
package struct MetricMeans: Codable, Equatable {
  private struct Total: Codable, Equatable {
    let name: String
    var sum: Double
    var weight: Double
    var isLatest = false
    /// Whether the number shown is the exponential of the mean; absent means no.
    var isExponential: Bool?

    var value: Double { isExponential == true ? Foundation.exp(sum / weight) : sum / weight }
  }
  private var totals: [Total] = []
  private var places: [String: Int] = [:]

  package init() {}

  /// Adds a mean over `weight` items.
  package mutating func add(_ name: String, _ value: Double, weight: Double = 1) {
    guard weight > 0 else { return }
    if let place = places[name] {
      totals[place].sum += value * weight
      totals[place].weight += weight
    } else {
      places[name] = totals.count
      totals.append(Total(name: name, sum: value * weight, weight: weight))
    }
  }

  /// Adds to the exponential of a mean, such as a perplexity: exp of the mean loss, however it was split.
  package mutating func addExponential(_ name: String, ofMean value: Double, weight: Double) {
    guard weight > 0 else { return }
    add(name, value, weight: weight)
    places[name].map { totals[$0].isExponential = true }
  }

  /// Puts a number in place of earlier ones: for what has no mean, such as counts that grow over the run.
  package mutating func set(_ name: String, _ value: Double) {
    let total = Total(name: name, sum: value, weight: 1, isLatest: true)
    if let place = places[name] {
      totals[place] = total
    } else {
      places[name] = totals.count
      totals.append(total)
    }
  }

  /// Adds the loss and the metrics of a microbatch.
  package mutating func add(_ terms: Terms) {
    add("loss", terms.loss.detached().item, weight: terms.weight)
    for (name, mean) in terms.metrics.sorted(by: { $0.key < $1.key }) {
      add(name, mean.value.item, weight: mean.weight)
    }
  }

  /// Adds the means of a part: a microbatch, a minibatch or a step.
  package mutating func add(_ other: MetricMeans) {
    for total in other.totals {
      if total.isLatest {
        set(total.name, total.sum)
      } else if total.isExponential == true {
        addExponential(total.name, ofMean: total.sum / total.weight, weight: total.weight)
      } else {
        add(total.name, total.sum / total.weight, weight: total.weight)
      }
    }
  }

  /// A mean by name.
  package subscript(name: String) -> Double? {
    places[name].map { totals[$0].value }
  }

  /// The means in the order in which they first came.
  package var values: [(name: String, value: Double)] {
    totals.map { ($0.name, $0.value) }
  }

  package var isEmpty: Bool { totals.isEmpty }

  // MARK: Codable

  package init(from decoder: any Decoder) throws {
    totals = try [Total](from: decoder)
    places = Dictionary(
      totals.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package func encode(to encoder: any Encoder) throws { try totals.encode(to: encoder) }
}
