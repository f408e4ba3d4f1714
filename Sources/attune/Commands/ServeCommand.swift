// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LanguageModels
import Serving
import Tokenizers
import Torch
import Training

/// `attune serve`: a model behind HTTP.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve a model over HTTP in the terms of the OpenAI API.",
    discussion: """
      A language model answers POST /v1/completions and /v1/chat/completions, a reward model POST \
      /v1/score; both answer GET /v1/models and /health. Requests are decoded together: each joins the \
      batch as soon as there is a place and leaves it when it ends. What a request does not say is \
      taken from the options below and from the model's folder. The first interrupt lets what is on its \
      way end, the second cuts it short.

        attune serve --model_name_or_path runs/ppo --served_model_name summariser
        curl localhost:8000/v1/completions -H 'Content-Type: application/json' \
      -d '{"prompt": "title : about jonas", "max_tokens": 40}'
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup(title: "Where and for whom") var address: ServingAddressOptions
  @OptionGroup(title: "Limits") var limits: ServingLimitOptions
  @OptionGroup(title: "What requests leave open") var generation: GenerationOptions
  @OptionGroup var file: ConfigurationOptions

  func run() throws {
    let folder = try model.folder()
    let files = try ModelFolder(folder)
    let key = try address.key()
    address.warn(hasKey: key != nil)
    if files.configuration.hasLanguageHead {
      try serveLanguageModel(folder, key)
    } else {
      try serveRewardModel(files, key)
    }
  }

  private func serveLanguageModel(_ folder: URL, _ key: String?) throws {
    let policy = try LoadedPolicy(
      folder, model.precision, quantization: model.quantization.quantization,
      chatTemplate: model.chatTemplate())
    let settings = try generation.settings(policy.defaults, stops: policy.stopTokenIDs)
    let named = generation.maxNewTokens ?? policy.defaults.maxNewTokens
    let served = ServedModel(
      name: address.name ?? model.modelPath, encoder: policy.encoder,
      vocabularyCount: policy.model.vocabularyCount, maximumLength: policy.maximumLength,
      defaults: settings,
      standardChatLength: named
        ?? (policy.maximumLength == nil ? GenerationOptions.standardMaxNewTokens : .max),
      seed: generation.seed)
    let queue = GenerationQueue(
      capacity: limits.sequenceCount + limits.queueLength, timeout: limits.timeout)
    let loop = GenerationLoop(
      policy.model, tokenizer: policy.tokenizer, queue: queue, rowCount: limits.sequenceCount,
      prefixCacheTokens: limits.prefixCacheTokens)
    Output.current.note(policy.encoder.layout.summary)
    try serve(served, .languageModel(queue), key) {
      withAutocast(model.precision.autocast, on: policy.model.device) { loop.run() }
    }
  }

  private func serveRewardModel(_ files: ModelFolder, _ key: String?) throws {
    let device = try model.precision.apply()
    let judge = try RewardJudge(
      files, elementType: model.precision.elementType, device: device,
      quantization: model.quantization.quantization, batchSize: limits.sequenceCount)
    var tokenizer = try files.tokenizer()
    if let template = try model.chatTemplate() { tokenizer.chatTemplateText = template }
    let served = ServedModel(
      name: address.name ?? model.modelPath,
      encoder: TextEncoder(tokenizer, maxLength: .max),
      vocabularyCount: judge.trunk.vocabularyCount, maximumLength: judge.trunk.lengthLimit)
    let queue = ScoringQueue(
      capacity: limits.sequenceCount + limits.queueLength, timeout: limits.timeout)
    let loop = ScoringLoop(queue: queue, batchSize: limits.sequenceCount, score: judge.scores)
    try serve(served, .rewardModel(queue, labels: judge.labels), key) {
      withAutocast(model.precision.autocast, on: device) { loop.run() }
    }
  }

  private func serve(
    _ served: ServedModel, _ backend: ServingRoutes.Backend, _ key: String?,
    computing compute: () -> Void
  ) throws {
    let routes = ServingRoutes(
      served, backend, apiKey: key, maximumBodySize: limits.bodySize)
    let server = Server(
      routes, host: address.host, port: address.port, grace: limits.grace)
    let (host, output) = (address.host, Output.current)
    do {
      try server.run(computing: compute) { port in
        let shown = host.contains(":") ? "[\(host)]" : host
        output.note("serving '\(served.name)' at http://\(shown):\(port)/v1; Ctrl-C ends")
      }
    } catch {
      throw UsageError(
        "--host \(address.host) --port \(address.port): cannot listen there: "
          + "\(attune.message(for: error)); try another port, or 0 for any that is free")
    }
    Output.current.note("stopped")
  }
}

/// A reward model or classifier, and how it scores.
private struct RewardJudge {
  let trunk: any LanguageModel
  let labels: [String]
  let scores: ([TokenRow]) -> [[Double]]

  init(
    _ files: ModelFolder, elementType: ElementType?, device: Device,
    quantization: Quantization?, batchSize: Int
  ) throws {
    if let labels = try files.configuration.labels(), labels.count != 1 {
      let classifier = try files.classifierModel(
        elementType: elementType, device: device, quantization: quantization)
      trunk = classifier.trunk
      self.labels = labels
      scores = { rows in classifierScores(classifier, rows, batchSize: batchSize) }
    } else {
      let reward = try files.scalarHeadModel(
        elementType: elementType, device: device, quantization: quantization)
      trunk = reward.trunk
      labels = ["score"]
      scores = { rows in
        rewardScores(reward, rows, batchSize: batchSize, padTokenID: 0).map { [$0] }
      }
    }
  }
}
