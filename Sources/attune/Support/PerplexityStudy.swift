// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch

/// How surprised language models are by texts.
struct PerplexityStudy {
  let models: [NamedModel]
  let elementType: ElementType?
  let device: Device
  let batchSize: Int
  let bootstrap: Bootstrap

  /// Perplexity and bits per byte of each model.
  ///
  /// - Throws: errors of the folders, and ``EvaluationError`` where no token can be predicted.
  func results(on texts: [String]) throws -> EvaluationResults {
    var rows: [[ResultTable.Cell]] = []
    var json: [JSONValue] = []
    for named in models {
      let logProbs = try logProbs(named, texts)
      let perplexity = try Perplexity(bootstrap: bootstrap)(logProbs)
      let bits = bitsPerByte(logProbs, texts)
      rows.append([
        .text(named.name), .estimate(perplexity), .estimate(bits), .count(perplexity.count),
      ])
      json.append([
        "model": .string(named.name), "folder": .string(named.folder.path),
        "perplexity": .object(perplexity.json), "bits_per_byte": .object(bits.json),
        "tokens": .integer(perplexity.count),
      ])
    }
    let table = ResultTable(
      title: "Perplexity on \(texts.count) texts",
      columns: [
        ResultTable.Column("model"), ResultTable.Column("perplexity", format: .decimals(2)),
        ResultTable.Column("bits per byte", best: .lowest, format: .decimals(4)),
        ResultTable.Column("tokens"),
      ],
      rows: rows,
      caption: "Models with different tokenizers compare by bits per byte only; 95 % intervals by "
        + "bootstrap over texts.")
    return EvaluationResults(
      tables: [table],
      json: [
        "kind": "perplexity", "version": .string(Attune.version), "texts": .integer(texts.count),
        "bytes": .integer(texts.reduce(0) { $0 + $1.utf8.count }), "models": .array(json),
      ])
  }

  /// log p of each text's tokens but its first, and of its end; long texts in windows that overlap by half.
  private func logProbs(_ named: NamedModel, _ texts: [String]) throws -> [[Double]] {
    let files = try ModelFolder(named.folder)
    let tokenizer = try files.tokenizer()
    let model = try files.languageModel(elementType: elementType, device: device)
    let limit = max(2, files.configuration.maximumLength ?? .max)
    var rows: [TokenRow] = []
    var owners: [Int] = []
    for (index, text) in texts.enumerated() {
      let ids = tokenizer.encode(text + (tokenizer.eosToken ?? ""))
      let windows = ScoringWindow.covering(
        tokenCount: ids.count, contextLength: limit, stride: max(1, limit / 2))
      for window in windows {
        rows.append(
          TokenRow(
            ids: Array(ids[window.context]),
            isTarget: window.context.map { window.scored.contains($0) }))
        owners.append(index)
      }
    }
    var results = texts.map { _ in [Double]() }
    let values = RowScorer(batchSize: batchSize).logProbs(of: model, rows)
    for (owner, values) in zip(owners, values) { results[owner] += values.map(Double.init) }
    return results
  }

  private func bitsPerByte(_ logProbs: [[Double]], _ texts: [String]) -> Estimate {
    let nats = logProbs.map { -$0.reduce(0, +) }
    let bytes = texts.map(\.utf8.count)
    func value(_ indices: some Sequence<Int>) -> Double? {
      var sums = (nats: 0.0, bytes: 0)
      for index in indices {
        sums.nats += nats[index]
        sums.bytes += bytes[index]
      }
      return sums.bytes > 0 ? Perplexity.bitsPerByte(nats: sums.nats, byteCount: sums.bytes) : nil
    }
    return Estimate(
      value: value(texts.indices) ?? .nan, count: bytes.reduce(0, +),
      interval: bootstrap.interval(itemCount: texts.count) { value($0) }, options: bootstrap.options
    )
  }
}
