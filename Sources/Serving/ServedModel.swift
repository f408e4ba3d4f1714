// SPDX-License-Identifier: Apache-2.0
import Feedback
public import Foundation
public import LanguageModels
import Synchronization
public import Tokenizers
import Torch
public import Training

/// What the HTTP side knows of the model: everything but its weights, which stay on the computing thread.
public struct ServedModel: Sendable {
  /// The name clients call it by.
  public var name: String
  /// When serving began.
  public var created: Date
  /// Turns texts and conversations into tokens.
  public var encoder: TextEncoder
  /// Token ids are below this.
  public var vocabularyCount: Int
  /// Most tokens of prompt and completion; nil where the model does not say.
  public var maximumLength: Int?
  /// Settings where a request leaves them open.
  public var defaults: SamplingSettings
  /// Most answers of one request to one prompt.
  public var mostChoices: Int
  /// Most tokens of an answer in a chat where the request does not say.
  public var standardChatLength: Int
  /// Gives requests their seeds where they name none.
  let seeds: SeedSource

  /// Describes a model.
  ///
  /// - Parameters:
  ///   - name: what clients call it.
  ///   - encoder: its tokenizer and chat layout.
  ///   - vocabularyCount: tokens it knows.
  ///   - maximumLength: most tokens of a text; nil for no known limit.
  ///   - defaults: settings where a request leaves them open.
  ///   - standardChatLength: most tokens of an answer in a chat; `.max` leaves it to `maximumLength`.
  ///   - mostChoices: most answers of one request to one prompt.
  ///   - seed: what the seeds of requests that name none come from, in the order they arrive.
  public init(
    name: String, encoder: TextEncoder, vocabularyCount: Int, maximumLength: Int?,
    defaults: SamplingSettings = SamplingSettings(), standardChatLength: Int = .max,
    mostChoices: Int = 128, seed: UInt64 = 42
  ) {
    self.name = name
    created = Date()
    self.encoder = encoder
    self.vocabularyCount = vocabularyCount
    self.maximumLength = maximumLength
    self.defaults = defaults
    self.standardChatLength = standardChatLength
    self.mostChoices = mostChoices
    seeds = SeedSource(seed)
  }

  /// The tokenizer.
  public var tokenizer: Tokenizer { encoder.tokenizer }
}

/// Seeds for requests that name none, each another.
final class SeedSource: Sendable {
  private let seed: UInt64
  private let count = Atomic<UInt64>(0)

  init(_ seed: UInt64) { self.seed = seed }

  /// The next one.
  func next() -> UInt64 {
    SplitMix(seed, count.wrappingAdd(1, ordering: .relaxed).newValue).state
  }
}

extension ServedModel {
  /// Token ids of a request's prompts.
  func prompts(_ prompts: CompletionRequest.Prompts) throws(ServingError) -> [[Int]] {
    let ids: [[Int]]
    switch prompts {
    case .texts(let texts): ids = texts.map { tokenizer.encode($0) }
    case .tokens(let lists): ids = lists
    }
    guard !ids.isEmpty else {
      throw .badRequest("'prompt': expected at least one", param: "prompt")
    }
    for list in ids {
      guard !list.isEmpty else {
        throw .badRequest(
          "'prompt' is empty, and this tokenizer begins no text by itself; give a character at least",
          param: "prompt")
      }
      if let id = list.first(where: { !(0..<vocabularyCount).contains($0) }) {
        throw .badRequest(
          "'prompt': \(id) is no token id of this model; ids are 0 to \(vocabularyCount - 1)",
          param: "prompt")
      }
    }
    return ids
  }

  /// Token ids of a conversation, with the opening of the answer.
  func prompt(
    _ messages: [Message], _ arguments: JSONValue?
  ) throws(ServingError) -> [Int] {
    var context = ChatContext()
    if let arguments {
      guard let object = arguments.object else {
        throw .badRequest(
          "'chat_template_kwargs': expected an object, found \(arguments.kind)",
          param: "chat_template_kwargs")
      }
      context.arguments = object
    }
    do {
      let ids = try encoder.prompt(.messages(messages), context)
      guard !ids.isEmpty else {
        throw ServingError.badRequest(
          "'messages': the chat template made no text of them", param: "messages")
      }
      return ids
    } catch let error as ServingError {
      throw error
    } catch {
      throw .badRequest(
        "'messages': the chat template refuses them: \(error)", param: "messages")
    }
  }
}
