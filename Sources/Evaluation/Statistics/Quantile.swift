// SPDX-License-Identifier: Apache-2.0

/// The `probability` quantile of values sorted ascending, with linear interpolation ("type 7").
///
/// The position is h = (n − 1)p; the result is x_⌊h⌋ + (h − ⌊h⌋)(x_⌊h⌋+1 − x_⌊h⌋), the default of
/// NumPy and R.
///
/// - Parameters:
///   - probability: in [0, 1].
///   - sorted: at least one value, ascending.
/// - Returns: a value between the first and the last element.
public func quantile(_ probability: Double, ofSorted sorted: [Double]) -> Double {
  precondition(!sorted.isEmpty, "quantile: no values; check for emptiness first")
  precondition(
    probability >= 0 && probability <= 1, "quantile: probability \(probability); use 0 to 1")
  let position = Double(sorted.count - 1) * probability
  let below = Int(position)
  guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
  let fraction = position - Double(below)
  return sorted[below] + fraction * (sorted[below + 1] - sorted[below])
}
