// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

/// Rows of a batch of which equal ones are read once.
///
/// Of k completions of a prompt, k (k - 1) / 2 pairs can be made; where those share a batch, each completion
/// takes one forward and backward pass and not k - 1. The numbers are the same up to rounding.
struct DistinctRows {
  /// The distinct rows, in the order of their first appearance.
  let batch: TokenBatch
  /// For each row given, its place in `batch`; nil where all are distinct.
  private let places: Tensor?

  /// Lays out rows, padded on the right.
  init(_ rows: [TokenRow], padTokenID: Int, device: Device) {
    var known: [TokenRow: Int] = [:]
    var distinct: [TokenRow] = []
    let places = rows.map { row in
      if let place = known[row] { return place }
      known[row] = distinct.count
      distinct.append(row)
      return distinct.count - 1
    }
    batch = TokenBatch(distinct, padTokenID: padTokenID, device: device)
    self.places = distinct.count == rows.count ? nil : Tensor(places, device: device)
  }

  /// Numbers of the distinct rows `[U]` as numbers of the rows given, `[B]`.
  func spread(_ values: Tensor) -> Tensor { places.map { values.rows($0) } ?? values }
}
