// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

/// Numbers printed by transformers 5.23 (`ROPE_INIT_FUNCTIONS`) for heads of width 8 and θ = 10000.
@Suite("Rotary embedding")
struct RotaryEmbeddingTests {
  private func frequencies(_ scaling: RotaryScaling, length: Int) -> (
    values: [Double], factor: Double
  ) {
    RotaryEmbedding.frequencies(theta: 10_000, width: 8, scaling: scaling, length: length)
  }

  @Test("frequencies are θ^(-2i/d)")
  func plain() {
    let found = frequencies(.none, length: 100)
    expectClose(found.values, [1, 0.1, 0.01, 0.001], rtol: 1e-6)
    #expect(found.factor == 1)
  }

  @Test("linear scaling divides all")
  func linearScaling() {
    expectClose(
      frequencies(.linear(factor: 2), length: 10).values, [0.5, 0.05, 0.005, 0.0005], rtol: 1e-6)
  }

  @Test("dynamic scaling starts beyond the pretrained length")
  func dynamic() {
    let scaling = RotaryScaling.dynamic(factor: 2, originalLength: 64)
    expectClose(frequencies(scaling, length: 64).values, [1, 0.1, 0.01, 0.001], rtol: 1e-6)
    expectClose(
      frequencies(scaling, length: 128).values, [1, 0.06933612, 0.0048075, 0.00033333],
      atol: 1e-8, rtol: 1e-6)
  }

  @Test("yarn")
  func yarn() throws {
    let scaling = try scaling([
      "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64,
    ])
    let found = frequencies(scaling, length: 10)
    expectClose(found.values, [1, 0.0625, 0.0025, 0.00025], rtol: 1e-6)
    #expect(abs(found.factor - 1.138629) < 1e-6)
  }

  @Test("llama3")
  func llama3() {
    let scaling = RotaryScaling.llama3(factor: 8, lowFactor: 1, highFactor: 4, originalLength: 64)
    expectClose(
      frequencies(scaling, length: 10).values, [1, 0.01304226, 0.00125, 0.000125], atol: 1e-8,
      rtol: 1e-6)
  }

  @Test("longrope takes its factor from the lengths where none is given")
  func longRoPE() throws {
    let scaling = try scaling([
      "rope_type": "longrope", "factor": 2.0, "original_max_position_embeddings": 32,
      "short_factor": [1, 1, 2, 2], "long_factor": [1, 2, 4, 8],
    ])
    #expect(abs(frequencies(scaling, length: 10).factor - 1.095445) < 1e-6)
    expectClose(frequencies(scaling, length: 32).values, [1, 0.1, 0.005, 0.0005], rtol: 1e-9)
    expectClose(frequencies(scaling, length: 33).values, [1, 0.05, 0.0025, 0.000125], rtol: 1e-9)
  }

  // The table grows ahead of what is asked; a scaling that depends on the length must not see that.
  @Test(
    "tables are those of the length asked for, whatever was asked before",
    arguments: [
      RotaryScaling.none, .linear(factor: 2), .dynamic(factor: 2, originalLength: 32),
      .longRoPE(
        short: [1, 1, 2, 2], long: [1, 2, 4, 8], originalLength: 32, attentionFactor: 1.25),
    ])
  func tables(scaling: RotaryScaling) {
    let rotary = RotaryEmbedding(theta: 10_000, width: 8, scaling: scaling, device: .cpu)
    for count in [3, 40, 10, 31, 32, 33, 200, 5] {
      let (values, factor) = frequencies(scaling, length: count)
      let table = rotary.turns(AttentionContext(text: count, device: .cpu))
      #expect(table.cosine.shape == [count, 8])
      let last = Double(count - 1)
      let angles = (values + values).map { last * $0 }
      expectClose(
        table.cosine.picked(0, count - 1), angles.map { factor * Foundation.cos($0) }, atol: 2e-5)
      expectClose(
        table.sine.picked(0, count - 1), angles.map { factor * Foundation.sin($0) }, atol: 2e-5)
    }
  }

  @Test(
    "rows of a cache are turned by their own lengths, whatever the rows beside them",
    arguments: [
      RotaryScaling.none, .dynamic(factor: 2, originalLength: 32),
      .longRoPE(
        short: [1, 1, 2, 2], long: [1, 2, 4, 8], originalLength: 32, attentionFactor: 1.25),
    ])
  func rowLengths(scaling: RotaryScaling) {
    let rotary = RotaryEmbedding(theta: 10_000, width: 8, scaling: scaling, device: .cpu)
    let lengths = [40, 3, 31, 33]
    let cache = KVCache(
      layerCount: 0, rowCount: 4, keyHeadCount: 1, headWidth: 8, capacity: 64,
      elementType: .float32, device: .cpu)
    cache.endStep(rows: [0, 1, 2, 3], counts: lengths)
    for newCounts in [[1, 1, 1, 1], [2, 3, 1, 3]] {
      let count = newCounts.max() ?? 0
      let turns = rotary.turns(
        cache.beginStep(rows: [0, 1, 2, 3], counts: newCounts, tokenCount: count))
      #expect(turns.cosine.shape == [4, 1, count, 8])
      for row in 0..<4 {
        let whole = rotary.turns(
          AttentionContext(text: lengths[row] + newCounts[row], device: .cpu))
        for token in 0..<newCounts[row] {
          let place = lengths[row] + token
          let found = turns.cosine.picked(0, row).picked(0, 0).picked(0, token)
          #expect(found.floats == whole.cosine.picked(0, place).floats)
          let foundSine = turns.sine.picked(0, row).picked(0, 0).picked(0, token)
          #expect(foundSine.floats == whole.sine.picked(0, place).floats)
        }
      }
    }
  }

  private func scaling(_ values: [String: Any]) throws -> RotaryScaling {
    // Through JSON, as from a file.
    let json = try JSONSerialization.data(withJSONObject: values)
    let read = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    return try RotaryScaling(
      ConfigurationFields(path: "config.json", values: read), maximumLength: 64, rotaryWidth: 8)
  }

  @Test(
    "a new model's configuration keeps its scaling",
    arguments: [
      RotaryScaling.none, .linear(factor: 2), .dynamic(factor: 3, originalLength: 512),
      .yarn(factor: 4, originalLength: 64, betaFast: 16, betaSlow: 2, attentionFactor: 1.3),
      .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalLength: 64),
      .longRoPE(
        short: [1, 1, 2, 2], long: [1, 2, 4, 8], originalLength: 32, attentionFactor: 1.25),
    ])
  func survives(scaling: RotaryScaling) throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 12, width: 16, hiddenWidth: 24, layerCount: 1, headCount: 2, ropeTheta: 777,
      ropeScaling: scaling)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: 1, eosTokenID: 2, padTokenID: nil)
    #expect(try configuration.llama() == shape)
  }
}
