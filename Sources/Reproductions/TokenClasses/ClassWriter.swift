// SPDX-License-Identifier: Apache-2.0
import Environments
import LanguageModels
import Objectives
import Torch

/// An answer to a topic, as a writer drew it.
struct ClassAnswer: Sendable, Equatable {
  let topic: Int
  /// Words and, unless the room ran out, the end token.
  let tokens: [Int]

  /// The worth nobody but the judge knows.
  var reward: Double { TokenClasses.reward(of: tokens, to: topic) }
  /// Prompt and answer, with the answer's tokens as targets.
  var row: TokenRow { TokenRow(prompt: TokenClasses.prompt(topic), completion: tokens) }
}

/// A language model of 103,000 numbers that answers topics of ``TokenClasses``: two Llama layers of width 64.
struct ClassWriter {
  let model: any LanguageModel

  /// Weights drawn from a seed.
  init(seed: UInt64) throws {
    let shape = LlamaConfiguration(
      vocabularyCount: TokenClasses.vocabularyCount, width: 64, hiddenWidth: 176, layerCount: 2,
      headCount: 4, maximumLength: 16, tiesEmbedding: false)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: TokenClasses.beginToken, eosTokenID: TokenClasses.endToken,
      padTokenID: nil)
    let store = ParameterStore(generator: Generator(seed: seed))
    model = try Llama(configuration, store.root)
    try store.finish()
  }

  private init(_ model: any LanguageModel) { self.model = model }

  /// The same numbers, to be trained on their own.
  func copy() throws -> ClassWriter {
    let copy = try model.copy(elementType: .float32)
    copy.setTrainable(true)
    return ClassWriter(copy)
  }

  /// A writer that has imitated random answers to random topics, and knows nothing of rewards.
  static func demonstrator(seed: UInt64) throws -> ClassWriter {
    var random = SplitMix64(text: "token classes/sft/\(seed)")
    let writer = try ClassWriter(seed: seed)
    writer.model.setTrainable(true)
    let optimizer = AdamW(writer.model.parameters, learningRate: TokenClassSettings.sftRate)
    for _ in 0..<TokenClassSettings.sftStepCount {
      let answers = (0..<TokenClassSettings.sftBatchSize).map { _ in
        ClassAnswer(
          topic: TokenClasses.topic(&random), tokens: TokenClasses.randomAnswer(&random))
      }
      optimizer.zeroGrad()
      NextToken()(tokenLogProbs: writer.tokenLogProbs(of: answers).values).loss.backward()
      optimizer.step()
    }
    writer.model.setTrainable(false)
    return writer
  }

  /// Draws an answer to each topic, at temperature 1.
  ///
  /// - Parameters:
  ///   - topics: words.
  ///   - seed: the answer to the topic in place i follows from the seed and i.
  /// - Returns: in the order of the topics.
  func answers(to topics: [Int], seed: UInt64) -> [ClassAnswer] {
    let settings = SamplingSettings(
      maxNewTokens: TokenClasses.longestAnswer, stopTokenIDs: [TokenClasses.endToken])
    let sampler = Sampler(model, settings, batchSize: 512)
    let seeds = topics.indices.map { SplitMix(seed, UInt64($0)).state }
    let drawn = sampler.completions(topics.map(TokenClasses.prompt), seeds: seeds)
    return zip(topics, drawn).map { ClassAnswer(topic: $0, tokens: $1.ids) }
  }

  /// log π of each token of some answers, `[N]`, carrying the gradient; and the batch that says whose they are.
  func tokenLogProbs(of answers: [ClassAnswer]) -> (values: Tensor, batch: TokenBatch) {
    let batch = TokenBatch(answers.map(\.row), padTokenID: TokenClasses.endToken)
    return (model.targetLogProbs(of: batch).logProbs, batch)
  }

  /// log π of each answer in nats, summed over its tokens, `[B]`, carrying the gradient.
  func logProbs(of answers: [ClassAnswer]) -> Tensor {
    let (values, batch) = tokenLogProbs(of: answers)
    return batch.rowSums(values)
  }

  /// log π of each of any number of answers, without gradient.
  func scores(of answers: [ClassAnswer]) -> [Double] {
    withoutGrad {
      stride(from: 0, to: answers.count, by: 512).flatMap { start in
        logProbs(of: Array(answers[start..<min(start + 512, answers.count)])).doubles
      }
    }
  }
}

/// The numbers of the small world that both of its reproductions share.
enum TokenClassSettings {
  static let sftStepCount = 250
  static let sftBatchSize = 128
  static let sftRate = 2e-3
  /// Answers that a reading is a mean over.
  static let readingCount = 1024
}
