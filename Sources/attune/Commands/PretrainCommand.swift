// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// `attune pretrain`.
struct PretrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Pretrain a small Llama and its tokenizer from nothing.",
    discussion: """
      Learns from the texts of --dataset_path, or without one from the synthetic village: its book, and documents \
      of its tasks in all qualities. Texts are laid end to end and cut into blocks of --max_length tokens.

        attune pretrain --config Recipes/base.yaml --output_dir runs/base
      """)

  @Option(name: .customLong("dataset_path"), help: "Files of texts; none takes the village.")
  var paths: [String] = []

  @OptionGroup var named: DatasetNameOptions

  @OptionGroup var hub: HubOptions

  @Option(
    name: .customLong("dataset_train_split"),
    help: ArgumentHelp(
      "Split to learn from: of --dataset_name, or of files named by split (train.jsonl, test-1.jsonl).",
      valueName: "split"))
  var trainSplit: String = SplitFiles.defaultTrain

  @Option(
    name: .customLong("dataset_test_split"),
    help: ArgumentHelp(
      "Split for evaluation: of --dataset_name, or of files named by split, where test is the default if there is one.",
      valueName: "split"))
  var testSplit: String?

  @Option(
    name: .customLong("tokenizer_name_or_path"),
    help: ArgumentHelp(
      "Folder or hub name of a tokenizer; by default one is trained on the texts.",
      valueName: "folder|name"))
  var tokenizerPath: String?

  @Option(name: .customLong("vocab_size"), help: "Entries of a new tokenizer.")
  var vocabularyCount: Int = 1536

  @Option(name: .customLong("tokenizer_texts"), help: "Texts a new tokenizer learns from.")
  var tokenizerTextCount: Int = 40_000

  @Option(name: .customLong("hidden_size"), help: "Width of the states.")
  var width: Int = 160
  @Option(name: .customLong("intermediate_size"), help: "Width inside the feed-forward part.")
  var hiddenWidth: Int = 432
  @Option(name: .customLong("num_hidden_layers"), help: "Blocks.")
  var layerCount: Int = 5
  @Option(name: .customLong("num_attention_heads"), help: "Heads.")
  var headCount: Int = 5
  @Option(name: .customLong("num_key_value_heads"), help: "Key heads; 0 is one a head.")
  var keyHeadCount: Int = 0
  @Option(name: .customLong("max_position_embeddings"), help: "Longest text the model is made for.")
  var maximumLength: Int = 512

  @Option(name: .customLong("world_seed"), help: "Seed of the village.")
  var worldSeed: UInt64 = 7
  @Option(name: .customLong("digest_documents"), help: "Documents of the task digest.")
  var digestCount: Int = 140_000
  @Option(name: .customLong("notice_documents"), help: "Documents of the task digest_notices.")
  var noticeCount: Int = 40_000
  @Option(name: .customLong("tale_documents"), help: "Documents of the task tale.")
  var taleCount: Int = 80_000
  @Option(name: .customLong("book_sentences"), help: "Sentences of the village's book.")
  var bookCount: Int = 60_000

  @Option(
    name: .customLong("show_examples"),
    help: ArgumentHelp("Print this many blocks.", valueName: "count"))
  var shownExampleCount: Int = 0

  @Option(name: .customLong("max_length"), help: "Tokens of a block.")
  var maxLength: Int = 256
  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 2e-3

  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard paths.isEmpty || named.name == nil else {
      throw ValidationError("--dataset_path and --dataset_name: give one of them")
    }
    guard width > 0, headCount > 0, width.isMultiple(of: headCount),
      (width / headCount).isMultiple(of: 2)
    else {
      throw ValidationError(
        "--hidden_size \(width) must be a multiple of --num_attention_heads \(headCount), with an even quotient"
      )
    }
    guard testSplit == nil || !paths.isEmpty || named.name != nil else {
      throw ValidationError(
        "--dataset_test_split: names a part of --dataset_path or --dataset_name; the village holds out its own"
      )
    }
    guard keyHeadCount >= 0, keyHeadCount == 0 || headCount.isMultiple(of: keyHeadCount) else {
      throw ValidationError("--num_key_value_heads must divide --num_attention_heads")
    }
  }

  func run() throws {
    let settings = try JobSettings(
      run: bookkeeping, precision: precision, optimization: optimization,
      learningRate: learningRate,
      maxLength: maxLength, shuffles: true, shownExampleCount: shownExampleCount)
    settings.console.line("collecting texts")
    let files = try files(settings)
    let texts = try files.map { try self.texts(of: $0.train, settings) } ?? village(settings)
    let tokenizer =
      try tokenizerPath.map { try Tokenizer(folder: hub.tokenizer($0)) }
      ?? BytePairTrainer(vocabularySize: vocabularyCount).train(
        on: texts.prefix(tokenizerTextCount))
    let shape = LlamaConfiguration(
      vocabularyCount: tokenizer.vocabularyCount, width: width, hiddenWidth: hiddenWidth,
      layerCount: layerCount, headCount: headCount,
      keyHeadCount: keyHeadCount > 0 ? keyHeadCount : nil, maximumLength: maximumLength)
    let held = try files.map { try self.texts(of: $0.test, settings) } ?? heldOutDocuments()
    let job = PretrainJob(settings: settings, shape: shape)
    try runInterruptibly(bookkeeping, hub) {
      try job.run(on: texts, tokenizer: tokenizer, heldOut: held)
    }
  }

  /// Files to learn from and to hold out; nil where the village serves.
  private func files(_ settings: JobSettings) throws -> (
    train: [DatasetSource], test: [DatasetSource]
  )? {
    if let train = try named.path(split: trainSplit, hub) {
      let test = try testSplit.flatMap { try named.path(split: $0, hub) }
      return ([DatasetSource(train)], test.map { [DatasetSource($0)] } ?? [])
    }
    guard !paths.isEmpty else { return nil }
    let files = try SplitFiles(paths, train: trainSplit, test: testSplit)
    files.lines.forEach(settings.console.line)
    return (files.train, files.test)
  }

  /// The texts of files; none where there are no files.
  private func texts(of files: [DatasetSource], _ settings: JobSettings) throws -> [String] {
    guard !files.isEmpty else { return [] }
    let data = try Dataset.load(
      files, accepting: LearningRows.pretrain, method: "pretrain", seed: settings.seed)
    settings.console.line(data.summary)
    return data.records.compactMap { record in
      if case .languageModelling(let text) = record.body { text.text } else { nil }
    }
  }

  /// The book of the village and documents of its tasks.
  private func village(_ settings: JobSettings) throws -> [String] {
    let shares = [
      Corpus.Share("digest", digestCount), Corpus.Share("digest_notices", noticeCount),
      Corpus.Share("tale", taleCount),
    ]
    let corpus = try Corpus(
      of: Millbrook(seed: worldSeed), shares: shares, bookSentenceCount: bookCount)
    var random = SplitMix(settings.seed, 0xB00C)
    return corpus.texts(using: &random)
  }

  /// Documents that nothing else uses, for evaluation.
  private func heldOutDocuments() throws -> [String] {
    let documents = Documents(of: try Millbrook(seed: worldSeed).task("digest"), offset: 5_000_000)
    return (0..<50).map { documents.document($0).text }
  }
}
