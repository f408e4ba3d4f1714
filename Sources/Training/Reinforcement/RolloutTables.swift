// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

/// Where the tokens of some completions stand in tables `[B, T]`, T the longest completion of the update.
struct RolloutTables {
  /// Prompts with their completions, whose tokens are targets.
  let rows: [TokenRow]
  /// Real tokens of each completion.
  let completionCounts: [Int]
  /// T.
  let width: Int
  let padTokenID: Int
  /// 1 on real tokens.
  let mask: Tensor

  /// `extraPlaces` are added after each completion: places with a state but no token of the completion.
  init(_ rollouts: [Rollout], padTokenID: Int, extraPlaces: Int = 0) {
    let extra = [Int](repeating: padTokenID, count: extraPlaces)
    rows = rollouts.map { TokenRow(prompt: $0.prompt.ids, completion: $0.completion.ids + extra) }
    completionCounts = rollouts.map(\.completion.ids.count)
    width = rows.reduce(1) { max($0, $1.targetCount) }
    self.padTokenID = padTokenID
    mask = (Tensor.range(0..<width) .< Tensor(completionCounts).unsqueezed(1)).to(.float32)
  }

  private init(_ other: RolloutTables, _ chosen: [Int]) {
    rows = chosen.map { other.rows[$0] }
    completionCounts = chosen.map { other.completionCounts[$0] }
    width = other.width
    padTokenID = other.padTokenID
    mask = other.mask.rows(Tensor(chosen))
  }

  /// Some of the completions, as wide as all.
  func choosing(_ rows: [Int]) -> RolloutTables { RolloutTables(self, rows) }

  /// Row numbers in parts of `size`, in order.
  func parts(of size: Int) -> [Range<Int>] {
    stride(from: 0, to: rows.count, by: size).map { $0..<min(rows.count, $0 + size) }
  }

  /// Row numbers in the parts that training's forward passes take, in order.
  func parts(of plan: StepPlan) -> [Range<Int>] {
    plan.parts(Array(rows.indices)) { rows[$0].ids.count }.map { $0[0]..<$0[0] + $0.count }
  }

  func batch(_ part: Range<Int>, device: Device) -> TokenBatch {
    TokenBatch(Array(rows[part]), padTokenID: padTokenID, device: device)
  }

  /// Values of a part's targets `[N]` as a table of the full width, on the processor.
  func table(_ values: Tensor, _ tokens: TokenBatch) -> Tensor {
    let narrow = tokens.table(values).to(.cpu)
    let missing = width - tokens.targetWidth
    guard missing > 0 else { return narrow }
    return concatenated(
      [narrow, .zeros([tokens.rowCount, missing], elementType: narrow.elementType)], axis: 1)
  }

  /// Lists of unequal length as a table.
  func table(_ lists: [[Float]]) -> Tensor {
    Tensor(rows: lists.map { $0 + [Float](repeating: 0, count: width - $0.count) })
  }
}
