// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import LanguageModels
import Testing
import Tokenizers
import Torch

@Suite("Evaluation table")
struct EvaluationTableTests {
  /// An outcome with what the test is about.
  private func outcome(
    _ id: String, _ text: String = "a b", gold: Double? = nil, kl: Double = .nan,
    stop: StopReason = .endOfText, reference: String? = nil, tokenCount: Int = 2
  ) -> Outcome {
    Outcome(
      prompt: EvaluationPrompt(id: id, ids: [1], text: "p", reference: reference),
      ids: [Int](repeating: 3, count: tokenCount), text: text, stopReason: stop, kl: kl, klK3: kl,
      scores: gold.map { ["gold": $0] } ?? [:])
  }

  private func table(_ draws: Int = 200) -> EvaluationTable {
    EvaluationTable(
      baseline: "sft", scoreNames: ["gold"], winBy: "gold", bootstrapDraws: draws, seed: 3)
  }

  private func metric(_ table: EvaluationTable, _ model: String, _ name: String) -> Estimate? {
    table.rows.first { $0.model == model }?.metrics.first { $0.name == name }?.value
  }

  @Test("a win counts 1, a tie ½, a loss 0, matched by the prompt's id")
  func winRate() {
    var table = table()
    table.add("sft", [outcome("a", gold: 1), outcome("b", gold: 2), outcome("c", gold: 3)])
    // c wins, a ties, b loses, d has no opponent: (1 + ½ + 0) / 3.
    table.add(
      "ppo",
      [
        outcome("c", gold: 4), outcome("a", gold: 1), outcome("b", gold: 0), outcome("d", gold: 9),
      ])
    let rate = metric(table, "ppo", "win_rate")
    #expect(rate?.value == 0.5)
    #expect(rate?.count == 3)
    #expect(rate?.interval?.method == "bootstrap percentile")
    #expect(metric(table, "sft", "win_rate") == nil)
  }

  @Test("the baseline may come last")
  func lateBaseline() {
    var table = table()
    table.add("ppo", [outcome("a", gold: 2)])
    #expect(metric(table, "ppo", "win_rate") == nil)
    table.add("sft", [outcome("a", gold: 1)])
    #expect(metric(table, "ppo", "win_rate")?.value == 1)
  }

  @Test("several samples of a prompt are one item, and meet the baseline's in their order")
  func clusters() {
    var table = table()
    table.add("sft", [outcome("a", gold: 1), outcome("a", gold: 5), outcome("b", gold: 1)])
    table.add("x", [outcome("a", gold: 2), outcome("a", gold: 2), outcome("b", gold: 0)])
    // a: one win, one loss, so ½; b: a loss.
    #expect(metric(table, "x", "win_rate")?.value == 0.25)
    #expect(metric(table, "x", "gold")?.value == 1)  // (2 + 0) / 2
    #expect(metric(table, "x", "gold")?.count == 2)
  }

  @Test("length, ending, divergence, ROUGE and distinct-2 by hand")
  func metrics() throws {
    var table = table()
    table.add(
      "m",
      [
        outcome(
          "a", "the brown fox quickly jumps over a lazy dog dog", kl: 3, stop: .length,
          reference: "the quick brown fox jumps over the lazy dog", tokenCount: 4),
        outcome("b", "a b a b", kl: -1, tokenCount: 7),
        outcome("c", "a b", kl: .nan, stop: .stopString, tokenCount: 1),
      ])
    #expect(metric(table, "m", "kl")?.value == 1)
    #expect(metric(table, "m", "kl")?.count == 2)
    #expect(metric(table, "m", "length_tokens")?.value == 4)
    #expect(abs((metric(table, "m", "length_words")?.value ?? 0) - 16.0 / 3) < 1e-12)
    #expect(abs((metric(table, "m", "ended")?.value ?? 0) - 2.0 / 3) < 1e-12)
    #expect(metric(table, "m", "ended")?.interval?.method == "wilson")
    // rouge-score 0.1.2: rouge1 0.736842, rouge2 0.352941, rougeL 0.736842
    #expect(abs((metric(table, "m", "rouge1")?.value ?? 0) - 0.736842) < 1e-6)
    #expect(abs((metric(table, "m", "rouge2")?.value ?? 0) - 0.352941) < 1e-6)
    #expect(abs((metric(table, "m", "rougeL")?.value ?? 0) - 0.736842) < 1e-6)
    // 9 + 3 + 1 pairs; of the last four only "a b" and "b a" are new.
    #expect(abs((metric(table, "m", "distinct2")?.value ?? 0) - 11.0 / 13) < 1e-12)
    #expect(metric(table, "m", "gold") == nil)
  }

  @Test("intervals contain the mean, and equal seeds give equal intervals")
  func intervals() {
    func make() -> EvaluationTable {
      var table = table(500)
      table.add("m", (0..<40).map { outcome("\($0)", gold: Double($0 % 7)) })
      return table
    }
    let first = metric(make(), "m", "gold")
    #expect(first == metric(make(), "m", "gold"))
    #expect(first?.interval?.contains(first?.value ?? .nan) == true)
    #expect(first.flatMap(\.interval).map { $0.upper - $0.lower > 0.5 } == true)
  }

  @Test("JSON has every figure by model and metric")
  func json() throws {
    var table = table()
    table.add("sft", [outcome("a", gold: 1)])
    table.add("ppo", [outcome("a", gold: 2)])
    let object = table.json()
    #expect(object["baseline"] == "sft")
    let models = try #require(object["models"]?.array)
    #expect(models.map { $0["model"] } == ["sft", "ppo"])
    for (model, row) in zip(models, table.rows) {
      let metrics = try #require(model["metrics"]?.object)
      #expect(metrics.keys == row.metrics.map(\.name))
      for (name, value) in row.metrics { #expect(metrics[name]?["value"]?.double == value.value) }
    }
    #expect(models[1]["metrics"]?["win_rate"]?["value"]?.double == 1)
  }

  @Test("columns without data are left out, and the baseline's win rate is a dash")
  func text() {
    var table = table()
    table.add("sft", [outcome("a", gold: 1)])
    table.add("ppo", [outcome("a", gold: 2)])
    let result = table.resultTable(title: "held out")
    let titles = result.columns.map(\.title)
    #expect(titles.contains("win rate v sft"))
    #expect(!titles.contains("KL") && !titles.contains("ROUGE-1"))
    let column = titles.firstIndex(of: "win rate v sft")
    #expect(column.map { result.rows[0][$0] } == .missing)
    #expect(table.markdown(title: "held out").contains("| sft |"))
  }
}

@Suite("Policy evaluation")
struct PolicyEvaluationTests {
  let model: any LanguageModel
  let other: any LanguageModel
  let evaluation: PolicyEvaluation
  let prompts: [EvaluationPrompt]

  init() throws {
    let tokenizer = try BytePairTrainer(vocabularySize: 258).train(on: ["a"])
    let shape = LlamaConfiguration(
      vocabularyCount: 258, width: 16, hiddenWidth: 32, layerCount: 1, headCount: 2,
      initializerRange: 0.5)
    let configuration = try ModelConfiguration(shape, bosTokenID: 0, eosTokenID: 0, padTokenID: 1)
    model = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 1))
    other = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 2))
    evaluation = PolicyEvaluation(
      tokenizer: tokenizer, sampling: SamplingSettings(maxNewTokens: 12, stopTokenIDs: [0]),
      batchSize: 3, seed: 5)
    prompts = ["a", "once upon", "the cat sat"].map {
      EvaluationPrompt(id: $0, ids: tokenizer.encode($0), text: $0)
    }
  }

  @Test("a model is no distance from itself, and some from another")
  func divergence() {
    for outcome in evaluation.outcomes(of: model, reference: model, prompts: prompts).joined() {
      #expect(abs(outcome.kl) < 1e-4)
      #expect(abs(outcome.klK3) < 1e-4)
    }
    let apart = evaluation.outcomes(
      of: model, reference: other, prompts: prompts, samplesPerPrompt: 8)
    let all = apart.flatMap { $0 }
    #expect(all.reduce(0) { $0 + $1.kl } / Double(all.count) > 0.5)
    #expect(all.allSatisfy { $0.klK3 >= 0 })
  }

  @Test(
    "the divergence is the difference of sequence log-probabilities at the sampling temperature")
  func sequenceSum() throws {
    var evaluation = evaluation
    evaluation.sampling.temperature = 0.7
    let outcomes = evaluation.outcomes(of: model, reference: other, prompts: prompts).flatMap { $0 }
    for outcome in outcomes {
      let row = TokenRow(prompt: outcome.prompt.ids, completion: outcome.ids)
      let batch = TokenBatch([row], padTokenID: 1)
      let sums = [model, other].map { model in
        withoutGrad { model.targetLogProbs(of: batch, temperature: 0.7).logProbs }
          .doubles.reduce(0, +)
      }
      #expect(abs(outcome.kl - (sums[0] - sums[1])) < 1e-3)
    }
  }

  @Test("completions do not depend on the batch size, and samples differ")
  func batches() {
    var single = evaluation
    single.batchSize = 1
    let together = evaluation.outcomes(
      of: model, reference: nil, prompts: prompts, samplesPerPrompt: 2)
    let alone = single.outcomes(of: model, reference: nil, prompts: prompts, samplesPerPrompt: 2)
    #expect(together.map { $0.map(\.ids) } == alone.map { $0.map(\.ids) })
    #expect(together.allSatisfy { $0.count == 2 && $0[0].ids != $0[1].ids })
    #expect(together.allSatisfy { $0.allSatisfy { $0.kl.isNaN } })
  }

  @Test("best of n takes the first best, and pays log n − (n − 1)/n nats")
  func bestOfN() throws {
    func outcome(_ text: String, _ score: Double) -> Outcome {
      Outcome(
        prompt: prompts[0], ids: [5], text: text, stopReason: .length, kl: 0.25,
        scores: ["reward": score])
    }
    let best = evaluation.bestOfN(
      [[outcome("a", 1), outcome("b", 3), outcome("c", 3), outcome("d", -2)], []], by: "reward")
    #expect(best.map(\.text) == ["b"])
    // python: 0.25 + math.log(4) - 3/4
    #expect(abs(best[0].kl - 0.886294361) < 1e-9)
  }

  @Test("row scores come in the order of the rows, also for rows without targets")
  func rowScores() {
    let rows = [[5, 6, 7, 8], [9], [5, 6], [30, 31, 32]].map { ids in
      TokenRow(ids: ids, isTarget: ids.map { _ in true })
    }
    let together = RowScorer(batchSize: 2).logProbs(of: model, rows)
    #expect(together.map(\.count) == [3, 0, 1, 2])
    for (row, values) in zip(rows, together) where row.targetCount > 0 {
      let alone = RowScorer(batchSize: 1).logProbs(of: model, [row])[0]
      #expect(zip(values, alone).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }
}

@Suite("Stop strings")
struct StopStringTests {
  private let settings = SamplingSettings(stopStrings: ["\n\nUser:", "END"])

  @Test(
    "the text ends before the first stop string",
    arguments: [
      ("abc", "abc"), ("abcENDdef", "abc"), ("a\n\nUser: bEND", "a"), ("END", ""), ("", ""),
    ])
  func cut(text: String, expected: String) {
    #expect(settings.textBeforeStop(text) == expected)
  }

  @Test(
    "what may become a stop string is held back",
    arguments: [
      ("abc", "abc"), ("abcE", "abc"), ("abcEN", "abc"), ("abcEx", "abcEx"), ("abc\n\nUs", "abc"),
      ("abc\n", "abc"), ("abcENDx", "abc"),
    ])
  func safe(text: String, expected: String) {
    #expect(settings.textSafeToShow(text) == expected)
  }
}

@Suite("Completion decoder")
struct CompletionDecoderTests {
  /// A decoder of the kind that writes spaces as `▁` and drops the one that begins a text.
  private func tokenizer() throws -> Tokenizer {
    let file: [String: Any] = [
      "version": "1.0", "added_tokens": [[String: Any]](),
      "decoder": [
        "type": "Sequence",
        "decoders": [
          ["type": "Replace", "pattern": ["String": "▁"], "content": " "],
          ["type": "Fuse"],
          ["type": "Strip", "content": " ", "start": 1, "stop": 0],
        ],
      ],
      "model": [
        "type": "BPE", "vocab": ["▁a": 0, "▁b": 1, "c": 2], "merges": [String](),
      ],
    ]
    return try Tokenizer(
      tokenizerJSON: JSONSerialization.data(withJSONObject: file), configuration: nil)
  }

  @Test("a completion keeps the space that a text of its own would lose")
  func leadingSpace() throws {
    let tokenizer = try tokenizer()
    #expect(tokenizer.decode([1, 2, 1]) == "bc b")
    #expect(tokenizer.decode([1, 2, 1], after: [0]) == " bc b")
    #expect(tokenizer.decode([2, 1], after: [0]) == "c b")
    #expect(tokenizer.decode([1, 2], after: []) == "bc")
  }

  @Test("prompt and completion join to the text of all tokens, cut within a character too")
  func join() throws {
    let tokenizer = try BytePairTrainer(vocabularySize: 258).train(on: ["a"])
    let ids = tokenizer.encode("aé🙂b")
    for cut in ids.indices {
      let completion = tokenizer.decode(Array(ids[cut...]), after: Array(ids[..<cut]))
      #expect("aé🙂b".hasSuffix(completion) && completion.hasSuffix("b"))
    }
  }
}
