// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Testing
public import Torch

/// Expects numbers to agree within a tolerance; says which place differs most.
public func expectClose(
  _ tensor: Tensor, _ expected: [Double], atol: Double = 1e-6, rtol: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(tensor.doubles, expected, atol: atol, rtol: rtol, sourceLocation: sourceLocation)
}

/// Expects one number.
public func expectClose(
  _ tensor: Tensor, _ expected: Double, atol: Double = 1e-6, rtol: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(tensor.doubles, [expected], atol: atol, rtol: rtol, sourceLocation: sourceLocation)
}

/// Expects two tensors to agree in shape and numbers.
public func expectClose(
  _ tensor: Tensor, _ expected: Tensor, atol: Double = 1e-6, rtol: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(tensor.shape == expected.shape, sourceLocation: sourceLocation)
  expectClose(
    tensor.doubles, expected.doubles, atol: atol, rtol: rtol, sourceLocation: sourceLocation)
}

/// Expects lists of numbers to agree within `atol + rtol · |expected|`.
public func expectClose(
  _ found: [Double], _ expected: [Double], atol: Double = 1e-6, rtol: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record(
      "\(found.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let worst = zip(found, expected).enumerated().max { a, b in
    excess(a.element, atol, rtol) < excess(b.element, atol, rtol)
  }
  guard let worst, excess(worst.element, atol, rtol) > 0 else { return }
  Issue.record(
    "place \(worst.offset): found \(worst.element.0), expected \(worst.element.1) within \(atol) + \(rtol) relative",
    sourceLocation: sourceLocation)
}

private func excess(_ pair: (Double, Double), _ atol: Double, _ rtol: Double) -> Double {
  let difference = Swift.abs(pair.0 - pair.1)
  return difference.isNaN ? .infinity : difference - atol - rtol * Swift.abs(pair.1)
}

/// The gradient of `function` at `x` by central differences; give float64 inputs.
public func numericalGradient(
  of function: (Tensor) -> Tensor, at x: Tensor, step: Double = 1e-5
) -> [Double] {
  let values = x.doubles
  return values.indices.map { index in
    var high = values
    var low = values
    high[index] += step
    low[index] -= step
    let difference =
      function(Tensor(high, shape: x.shape)).item - function(Tensor(low, shape: x.shape)).item
    return difference / (2 * step)
  }
}
