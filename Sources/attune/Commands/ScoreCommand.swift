// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Evaluation
import Feedback
import Foundation
import LanguageModels
import Torch
import Training

/// `attune score`: log-probabilities of texts, or a reward model's scores of them.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Add log-probabilities, or a reward model's scores, to rows of text or token ids.",
    discussion: """
      Rows hold prompt and completion, text, messages, prompt with chosen and rejected, or prompt_ids \
      and completion_ids. A language model adds `log_probs` (nats, one a token of the completion, or \
      of all tokens but the first), their sum `log_prob` and `token_count`; a reward model adds \
      `score`, a classifier with several labels `scores`, one a label in the order of id2label. Pairs \
      get each column twice, as `chosen_...` and `rejected_...`, and `margin`. Order and other columns \
      stay.

      Text is tokenised as in training: prompt and completion as one string, the completion beginning \
      where its tokens first differ from the prompt's alone (for a pair, where the earlier of the two \
      does), and the end-of-text token follows unless the text ends with it or --add_eos is false. \
      Token ids are taken as they are.

        attune score pairs.jsonl --model_name_or_path runs/reward --output scored.jsonl
        echo '{"prompt": "2 + 2 =", "completion": " 4"}' | attune score --model_name_or_path runs/sft
      """)

  @Argument(
    help: "A file of rows, or a folder of them; standard input (JSON Lines) by default.",
    completion: .file())
  var input: String?

  @Option(
    name: .customLong("dataset_path"),
    help: ArgumentHelp("The same as an option.", valueName: "path"), completion: .file())
  var datasetPath: String?

  @OptionGroup var named: DatasetNameOptions

  @Option(
    name: .customLong("dataset_split"),
    help: ArgumentHelp("Split of --dataset_name.", valueName: "split"))
  var datasetSplit = "train"

  @OptionGroup var model: ModelOptions

  @Option(help: ArgumentHelp("File to write; standard output by default.", valueName: "file"))
  var output: String?

  @Option(help: "Divides the logits; language models only.")
  var temperature: Double = 1

  @Option(
    name: .customLong("add_eos"), help: "End texts with the end-of-text token, as training does.")
  var addsEnd = true

  @Option(
    name: .customLong("batch_size"),
    help: ArgumentHelp("Texts of a forward pass.", valueName: "count"))
  var batchSize: Int = 16

  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard temperature > 0 else {
      throw ValidationError("--temperature: expected above 0, found \(temperature)")
    }
    guard batchSize > 0 else {
      throw ValidationError("--batch_size: expected at least 1, found \(batchSize)")
    }
    guard [input, datasetPath, named.name].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError(
        "the rows are named more than once; give a file, --dataset_path or --dataset_name")
    }
  }

  func run() throws {
    let files = try ModelFolder(model.folder())
    let device = try model.precision.apply()
    let judge = try judge(files, device)
    var encoder = ScoreRowEncoder(
      files: files, vocabularyCount: judge.model.vocabularyCount,
      scoresWholeTexts: !files.configuration.hasLanguageHead, addsEnd: addsEnd,
      chatTemplate: try model.chatTemplate())
    let rows = try RowInput(
      named.path(split: datasetSplit, model.hub) ?? input ?? datasetPath)
    let results = try RowOutput(output)
    var longCount = 0
    var isAtEnd = false
    while !isAtEnd {
      // Enough rows at once that texts of like length find each other.
      var part: [(row: RowInput.Row, texts: [ScoredText])] = []
      while part.count < batchSize * 32 {
        guard let row = try rows.next() else {
          isAtEnd = true
          break
        }
        let texts = try encoder.texts(of: row)
        try judge.checkLengths(of: texts, row)
        part.append((row, texts))
      }
      let limit = files.configuration.maximumLength ?? .max
      longCount += part.count { $0.texts.contains { $0.row.ids.count > limit } }
      try withAutocast(model.precision.autocast, on: device) {
        let texts = part.flatMap { $0.texts }
        var columns = judge.columns(texts)[...]
        for (row, texts) in part {
          try results.write(Self.joined(row.columns, texts.map { _ in columns.removeFirst() }))
        }
      }
    }
    try results.finish()
    if longCount > 0 {
      Output.current.note(
        "\(longCount) of \(results.count) rows are longer than the "
          + "\(files.configuration.maximumLength ?? 0) tokens the model was made for")
    }
  }

  /// A row with the columns of its texts, and the margin of a pair.
  private static func joined(_ row: JSONObject, _ scores: [JSONObject]) -> JSONObject {
    var row = row
    for (name, value) in scores.joined() { row[name] = value }
    for name in ["score", "log_prob"] where scores.count == 2 {
      guard let chosen = row["chosen_\(name)"]?.double,
        let rejected = row["rejected_\(name)"]?.double
      else { continue }
      row["margin"] = JSONValue(finite: chosen - rejected)
    }
    return row
  }

  // MARK: Models

  private struct Judge {
    var model: any LanguageModel
    var columns: ([ScoredText]) -> [JSONObject]

    /// Refuses texts for whose tokens the model has no positions.
    func checkLengths(of texts: [ScoredText], _ row: RowInput.Row) throws {
      guard let limit = model.lengthLimit,
        let longest = texts.map(\.row.ids.count).max(), longest > limit
      else { return }
      throw FeedbackError.field(
        at: row.place, field: "text",
        problem: "has \(longest) tokens, and the model has positions for \(limit); shorten it")
    }
  }

  private func judge(_ files: ModelFolder, _ device: Device) throws -> Judge {
    let type = model.precision.elementType
    let bits = model.quantization.quantization
    guard files.configuration.hasLanguageHead else {
      guard temperature == 1 else {
        throw UsageError("--temperature: \(model.modelPath) is a reward model, which has none")
      }
      if let labels = try files.configuration.labels(), labels.count != 1 {
        return try classifierJudge(files, device)
      }
      let reward = try files.scalarHeadModel(
        elementType: type, device: device, quantization: bits)
      return Judge(model: reward.trunk) { texts in
        let scores = rewardScores(reward, texts.map(\.row), batchSize: batchSize, padTokenID: 0)
        return zip(texts, scores).map { ["\($0.prefix)score": JSONValue(shortest: Float($1))] }
      }
    }
    let language = try files.languageModel(
      elementType: type, device: device, quantization: bits)
    let scorer = RowScorer(batchSize: batchSize, temperature: temperature)
    return Judge(model: language) { texts in
      zip(texts, scorer.logProbs(of: language, texts.map(\.row))).map { text, values in
        [
          "\(text.prefix)log_probs": .array(values.map { JSONValue(shortest: $0) }),
          "\(text.prefix)log_prob": JSONValue(finite: values.reduce(0.0) { $0 + Double($1) }),
          "\(text.prefix)token_count": .integer(values.count),
        ]
      }
    }
  }

  private func classifierJudge(_ files: ModelFolder, _ device: Device) throws -> Judge {
    let classifier = try files.classifierModel(
      elementType: model.precision.elementType, device: device,
      quantization: model.quantization.quantization)
    return Judge(model: classifier.trunk) { texts in
      let scores = classifierScores(classifier, texts.map(\.row), batchSize: batchSize)
      return zip(texts, scores).map { text, values in
        ["\(text.prefix)scores": .array(values.map { JSONValue(shortest: Float($0)) })]
      }
    }
  }
}

extension LanguageModel {
  /// Rows of the output matrix: token ids are below this.
  var vocabularyCount: Int { outputWeight.size(0) }
}

extension JSONValue {
  /// The shortest number that is read back as `value`; null for what JSON cannot write.
  init(shortest value: Float) {
    self = JSONValue(finite: Double("\(value)") ?? .nan)
  }
}
