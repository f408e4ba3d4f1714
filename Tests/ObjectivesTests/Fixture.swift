// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

/// A value in one of the JSON files that Fixtures/make_fixtures.py wrote.
struct Fixture {
  private let value: Any

  private init(value: Any) { self.value = value }

  /// Reads a file of the folder Fixtures.
  init(_ name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    value = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appending(path: name)))
  }

  /// A field of an object; a missing one is null.
  subscript(_ key: String) -> Fixture {
    Fixture(value: (value as? [String: Any])?[key] ?? NSNull())
  }

  /// The elements of a list.
  var list: [Fixture] { (value as? [Any] ?? []).map(Fixture.init(value:)) }

  /// A number; not a number where there is none, so that comparisons fail.
  var number: Double { optionalNumber ?? .nan }

  /// A number, or nil for null.
  var optionalNumber: Double? { (value as? NSNumber)?.doubleValue }

  var isTrue: Bool { (value as? NSNumber)?.boolValue ?? false }

  var text: String { value as? String ?? "" }

  /// Nested lists of numbers, row major.
  var numbers: [Double] {
    list.isEmpty ? optionalNumber.map { [$0] } ?? [] : list.flatMap(\.numbers)
  }

  /// Nested lists of numbers as a float64 tensor.
  var tensor: Tensor { Tensor(numbers, shape: shape) }

  private var shape: [Int] { list.first.map { [list.count] + $0.shape } ?? [] }
}

/// Gradients of a scalar function of several inputs by backward passes.
func gradients(of function: ([Tensor]) -> Tensor, at inputs: [Tensor]) -> [[Double]] {
  let leaves = inputs.map { $0.asParameter() }
  function(leaves).backward()
  return leaves.map { $0.grad?.doubles ?? [Double](repeating: 0, count: $0.elementCount) }
}

/// Expects the backward pass to agree with central differences for each float64 input.
func expectGradients(
  of function: ([Tensor]) -> Tensor, at inputs: [Tensor], atol: Double = 1e-8,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let found = gradients(of: function, at: inputs)
  for index in inputs.indices {
    let numeric = numericalGradient(
      of: { moved in
        var all = inputs
        all[index] = moved
        return function(all)
      }, at: inputs[index])
    expectClose(found[index], numeric, atol: atol, rtol: 1e-6, sourceLocation: sourceLocation)
  }
}
