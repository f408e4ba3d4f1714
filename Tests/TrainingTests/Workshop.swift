// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Tokenizers
import Torch

@testable import Training

/// A folder with a tiny model in `base/`, and what jobs on it need.
final class Workshop {
  let folder: ScratchFolder

  init(_ model: TinyModel = TinyModel()) throws {
    folder = try ScratchFolder()
    try model.write(to: base)
  }

  var base: URL { folder["base"] }

  /// A quiet job of a few steps of 4 rows in two microbatches.
  func settings(_ name: String, steps: Int = 6) -> JobSettings {
    var settings = JobSettings(outputFolder: folder[name])
    settings.console = Console(isQuiet: true, sink: { _ in })
    settings.announces = false
    settings.optimization.microbatchSize = 2
    settings.optimization.accumulation = 2
    settings.optimization.learningRate = 1e-2
    settings.optimization.maxSteps = steps
    settings.maxLength = 64
    settings.loggingSteps = 1
    return settings
  }

  func model(_ place: URL? = nil) throws -> any LanguageModel {
    let model = try ModelFolder(place ?? base).languageModel()
    model.setTrainable(true)
    return model
  }

  func tokenizer() throws -> Tokenizer { try ModelFolder(base).tokenizer() }

  /// Lines of `metrics.jsonl`.
  func metrics(_ name: String) throws -> [[String: Double]] {
    let text = try String(contentsOf: folder["\(name)/metrics.jsonl"], encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      return object.compactMapValues { ($0 as? NSNumber)?.doubleValue }
    }
  }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: folder[path]) }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder[path].path)
  }

  func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder[path].path).sorted()
  }
}

extension Workshop {
  /// A model that completes with 16 letters of 8, of which three will be rewarded: a reward of 3/8 at the start.
  func supervisedStart() throws -> URL {
    var random = SplitMix(seed: 5)
    let records = (0..<256).map { _ in
      Record(
        .promptCompletion(
          prompt: .plain(Letters.word(&random, 8...8, of: "abcdefgh")),
          completion: .plain(Letters.word(&random, 16...16, of: "abcdefgh"))))
    }
    var settings = self.settings("start", steps: 60)
    settings.optimization.microbatchSize = 16
    settings.optimization.accumulation = 1
    try SFTJob(settings: settings, modelFolder: base).run(on: records)
    return folder["start"]
  }
}

/// Bookkeeping without files, for tests of trainers alone.
func quietRun(
  steps: Int, folder: URL = FileManager.default.temporaryDirectory, resumingFrom: URL? = nil,
  limit: Int? = nil, change: (inout RunSettings) -> Void = { _ in }
) throws -> TrainingRun {
  var settings = RunSettings(outputFolder: folder, stepCount: steps)
  settings.loggingSteps = 1
  change(&settings)
  let log = try RunLog(
    directory: nil, targets: [], stepCount: steps, console: Console(isQuiet: true, sink: { _ in }))
  return try TrainingRun(settings, log: log, resumingFrom: resumingFrom, checkpointLimit: limit)
}

/// Made-up data: letters drawn from fixed seeds.
enum Letters {
  static func word(_ random: inout SplitMix, _ count: ClosedRange<Int>, of set: String) -> String {
    let letters = Array(set)
    return String(
      (0..<Int.random(in: count, using: &random)).map { _ in
        letters[Int(random.next() % UInt64(letters.count))]
      })
  }

  static func completions(
    _ count: Int, seed: UInt64 = 1, promptLength: ClosedRange<Int> = 3...8
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { _ in
      Record(
        .promptCompletion(
          prompt: .plain(word(&random, promptLength, of: "abcdefgh")),
          completion: .plain(" " + word(&random, 2...12, of: "abcdefgh"))))
    }
  }

  /// Pairs whose better side has letters of `better`, whose worse those of `worse`.
  static func pairs(
    _ count: Int, seed: UInt64 = 1, better: String = "abcd", worse: String = "efgh",
    promptLength: ClosedRange<Int> = 3...8
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { _ in
      Record(
        .preference(
          PreferencePair(
            prompt: .plain(word(&random, promptLength, of: "abcdefgh")),
            chosen: .plain(" " + word(&random, 3...10, of: better)),
            rejected: .plain(" " + word(&random, 3...10, of: worse)))))
    }
  }

  /// All six pairs of four completions of each prompt: every completion stands in three of them.
  static func sharedPairs(
    _ promptCount: Int, seed: UInt64 = 1, promptLength: ClosedRange<Int> = 3...8
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<promptCount).flatMap { _ in
      let prompt = RecordText.plain(word(&random, promptLength, of: "abcdefgh"))
      let texts = (0..<4).map { _ in RecordText.plain(" " + word(&random, 3...10, of: "abcdefgh")) }
      return (0..<4).flatMap { better in
        (better + 1..<4).map { worse in
          Record(
            .preference(
              PreferencePair(prompt: prompt, chosen: texts[better], rejected: texts[worse])))
        }
      }
    }
  }

  static func prompts(
    _ count: Int, seed: UInt64 = 1, length: ClosedRange<Int> = 4...8
  ) -> [Record] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { _ in
      Record(.promptOnly(.plain(word(&random, length, of: "abcdefgh"))))
    }
  }
}

/// The share of a completion's letters that are in a set; 0 for an empty one.
struct LetterShare: Scorer {
  let name = "share"
  let letters: Set<Character>

  func scores(prompts: [String], completions: [String], extras: [JSONObject]) -> [Double] {
    completions.map { text in
      text.isEmpty ? 0 : Double(text.count(where: letters.contains)) / Double(text.count)
    }
  }
}
