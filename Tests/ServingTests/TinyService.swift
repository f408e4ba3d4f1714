// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import HummingbirdTesting
import LanguageModels
import TestSupport
import Testing
import Tokenizers
import Torch
import Training

@testable import Serving

/// The random model of ``TinyModel``, described and served.
struct TinyService {
  let folder: ScratchFolder
  let files: ModelFolder
  let served: ServedModel

  init(deviation: Double = 0.5) throws {
    folder = try ScratchFolder()
    var shape = TinyModel()
    shape.deviation = deviation
    try shape.write(to: folder.url)
    files = try ModelFolder(folder.url)
    served = ServedModel(
      name: "tiny", encoder: TextEncoder(try files.tokenizer(), maxLength: .max),
      vocabularyCount: TinyModel.vocabularyCount, maximumLength: 128,
      defaults: SamplingSettings(stopTokenIDs: [TinyModel.endID]))
  }

  /// A loop on the calling thread.
  func loop(_ queue: GenerationQueue, rowCount: Int = 4) throws -> GenerationLoop {
    GenerationLoop(
      try files.languageModel(), tokenizer: served.tokenizer, queue: queue, rowCount: rowCount,
      prefixCacheTokens: 0)
  }

  /// Token ids of a text of letters.
  func ids(_ text: String) -> [Int] { text.compactMap { TinyModel.id(of: $0) } }

  /// A job of one completion.
  func job(
    _ prompt: String, count: Int = 8, temperature: Double = 1, seed: UInt64 = 1
  ) -> GenerationJob {
    GenerationJob(completions: [
      GenerationJob.Completion(
        prompt: ids(prompt),
        settings: SamplingSettings(maxNewTokens: count, temperature: temperature), seed: seed)
    ])
  }

  /// Serves in this process while `body` runs; the model computes on a thread of its own.
  func serve(
    queue: GenerationQueue = GenerationQueue(capacity: 64, timeout: .seconds(60)),
    apiKey: String? = nil, maximumBodySize: Int = 1 << 20,
    _ body: @Sendable (any TestClientProtocol) async throws -> Void
  ) async throws {
    let url = folder.url
    let tokenizer = served.tokenizer
    Thread.detachNewThread {
      do {
        let model = try ModelFolder(url).languageModel()
        GenerationLoop(
          model, tokenizer: tokenizer, queue: queue, rowCount: 4, prefixCacheTokens: 256
        ).run()
      } catch {
        Issue.record(error)
      }
    }
    defer { queue.close() }
    let routes = ServingRoutes(
      served, .languageModel(queue), apiKey: apiKey, maximumBodySize: maximumBodySize)
    try await Application(router: routes.router()).test(.router, body)
  }
}

/// A completion as its events tell it.
struct Heard: Equatable {
  var ids: [Int] = []
  var logProbs: [Float] = []
  var end: StopReason?
  var error: ServingError?
}

extension AsyncStream<GenerationEvent> {
  /// Everything until the end, by completion.
  func heard() async -> [Heard] {
    var all: [Heard] = []
    func at(_ index: Int, _ change: (inout Heard) -> Void) {
      while all.count <= index { all.append(Heard()) }
      change(&all[index])
    }
    for await event in self {
      switch event {
      case .token(let place, let token):
        at(place) {
          $0.ids.append(token.id)
          $0.logProbs.append(token.logProb)
        }
      case .finished(let place, let reason): at(place) { $0.end = reason }
      case .scored: continue
      case .failed(let error): at(0) { $0.error = error }
      }
    }
    return all
  }
}
