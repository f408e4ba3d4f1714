// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

/// What requests for completions and for chats say alike about how an answer is drawn.
struct GenerationFields: Decodable, Sendable, Equatable {
  /// What a stream tells besides the answer.
  struct StreamOptions: Decodable, Sendable, Equatable {
    var includesUsage: Bool?

    private enum CodingKeys: String, CodingKey { case includesUsage = "include_usage" }
  }

  var model: String?
  var maxTokens: Int?
  var maxCompletionTokens: Int?
  var minTokens: Int?
  var temperature: Double?
  var topP: Double?
  var topK: Int?
  var minP: Double?
  var presencePenalty: Double?
  var frequencyPenalty: Double?
  var repetitionPenalty: Double?
  var logitBias: [String: Double]?
  var seed: Int?
  var stop: OneOrMany<String>?
  var stopTokenIDs: [Int]?
  var ignoresEnd: Bool?
  var choiceCount: Int?
  var streams: Bool?
  var streamOptions: StreamOptions?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case model
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
    case minTokens = "min_tokens"
    case temperature
    case topP = "top_p"
    case topK = "top_k"
    case minP = "min_p"
    case presencePenalty = "presence_penalty"
    case frequencyPenalty = "frequency_penalty"
    case repetitionPenalty = "repetition_penalty"
    case logitBias = "logit_bias"
    case seed, stop
    case stopTokenIDs = "stop_token_ids"
    case ignoresEnd = "ignore_eos"
    case choiceCount = "n"
    case streams = "stream"
    case streamOptions = "stream_options"
  }

  /// Names of all of them.
  static let names = Set(CodingKeys.allCases.map(\.rawValue))
  /// Names of fields of all requests that are whole numbers.
  static let wholeNumbers = [
    "max_tokens", "max_completion_tokens", "min_tokens", "n", "seed", "top_k", "logprobs",
    "top_logprobs", "best_of",
  ]
  /// Fields of the API that have to do with the operator's books, not with the answer.
  static let ignored: Set<String> = [
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention",
  ]
}

extension GenerationFields {
  /// Likeliest tokens that may be asked for in each place.
  static let mostAlternatives = 20
  /// Texts that may end an answer.
  private static let mostStops = 16

  /// The settings these fields ask for.
  ///
  /// - Parameters:
  ///   - served: gives what the fields leave open.
  ///   - standardLength: most tokens of an answer where no field says so.
  ///   - alternativeCount: likeliest tokens told with each.
  /// - Returns: the settings, valid for the model.
  /// - Throws: ``ServingError`` of status 400 or 404.
  func settings(
    _ served: ServedModel, standardLength: Int, alternativeCount: Int
  ) throws(ServingError) -> SamplingSettings {
    if let model, model != served.name { throw .unknownModel(model, served: served.name) }
    try checkRanges()
    var settings = served.defaults
    let length = maxCompletionTokens ?? maxTokens
    settings.maxNewTokens = length ?? standardLength
    if length != nil { settings.maxLength = nil }
    settings.minNewTokens = minTokens ?? settings.minNewTokens
    settings.temperature = temperature ?? settings.temperature
    settings.topP = topP ?? settings.topP
    // Others write "all" as -1.
    settings.topK = topK.map { $0 == -1 ? 0 : $0 } ?? settings.topK
    settings.minP = minP ?? settings.minP
    settings.presencePenalty = presencePenalty ?? settings.presencePenalty
    settings.frequencyPenalty = frequencyPenalty ?? settings.frequencyPenalty
    settings.repetitionPenalty = repetitionPenalty ?? settings.repetitionPenalty
    if let stop { settings.stopStrings = stop.values }
    if ignoresEnd == true { settings.stopTokenIDs = [] }
    settings.stopTokenIDs.formUnion(stopTokenIDs ?? [])
    settings.sequenceBias += try biases()
    settings.alternativeCount = alternativeCount
    do {
      try settings.validate(vocabularyCount: served.vocabularyCount)
    } catch GenerationError.badSetting(let option, let problem) {
      let field = Self.fields[option] ?? option
      throw .badRequest("'\(field)': \(problem)", param: field)
    } catch {
      throw .badRequest("\(error)")
    }
    return settings
  }

  /// Names of fields that settings call otherwise.
  private static let fields = [
    "max_new_tokens": "max_tokens", "min_new_tokens": "min_tokens", "stop_strings": "stop",
    "sequence_bias": "logit_bias",
  ]

  private func checkRanges() throws(ServingError) {
    for (name, value) in [
      ("presence_penalty", presencePenalty), ("frequency_penalty", frequencyPenalty),
    ] {
      guard let value, !(-2...2).contains(value) else { continue }
      throw .badRequest("'\(name)': expected -2 to 2, found \(value)", param: name)
    }
    if let count = stop?.values.count, count > Self.mostStops {
      throw .badRequest(
        "'stop': expected at most \(Self.mostStops) texts, found \(count)", param: "stop")
    }
    if streamOptions != nil, streams != true {
      throw .badRequest(
        "'stream_options' goes together with \"stream\": true", param: "stream_options")
    }
  }

  private func biases() throws(ServingError) -> [SequenceBias.Entry] {
    var entries: [SequenceBias.Entry] = []
    for (name, bias) in (logitBias ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let id = Int(name) else {
        throw .badRequest(
          "'logit_bias': expected token ids as keys, found \"\(name)\"", param: "logit_bias")
      }
      guard (-100...100).contains(bias) else {
        throw .badRequest(
          "'logit_bias': expected -100 to 100, found \(bias)", param: "logit_bias")
      }
      // The API's extremes mean "never" and "only this"; -100 alone leaves a rest where others are as low.
      entries.append(SequenceBias.Entry(ids: [id], bias: bias == -100 ? -.infinity : bias))
    }
    return entries
  }

  /// How many answers to each prompt.
  func choices(limit: Int) throws(ServingError) -> Int {
    let count = choiceCount ?? 1
    guard (1...limit).contains(count) else {
      throw .badRequest("'n': expected 1 to \(limit), found \(count)", param: "n")
    }
    return count
  }

  /// The seed of one answer, as `attune generate --seed` gives it to a prompt's completions.
  func seeds(_ served: ServedModel) -> @Sendable (_ prompt: Int, _ sample: Int) -> UInt64 {
    let seed = seed.map { UInt64(bitPattern: Int64($0)) } ?? served.seeds.next()
    return { SplitMix(seed, UInt64($0), UInt64($1)).state }
  }
}
