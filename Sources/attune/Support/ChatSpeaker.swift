// SPDX-License-Identifier: Apache-2.0

import LanguageModels
import Tokenizers
import Torch

/// A model that takes part in a conversation.
final class ChatSpeaker {
  /// One answer.
  struct Answer {
    var text = ""
    var end: StopReason?
    /// Whether the person stopped it.
    var wasStopped = false
  }

  /// What it is called.
  let name: String
  let policy: LoadedPolicy
  let settings: SamplingSettings
  /// Keeps the conversation so far, so that a turn reads only what is new.
  private let engine: DecodingEngine
  private var requestCount = 0

  /// Tokens of earlier turns kept.
  private static let keptTokens = 16_384

  init(_ name: String, _ policy: LoadedPolicy, _ settings: SamplingSettings) {
    self.name = name
    self.policy = policy
    self.settings = settings
    let tokenizer = policy.tokenizer
    engine = DecodingEngine(
      policy.model, rowCount: 1, prefixCacheTokens: Self.keptTokens,
      decode: { tokenizer.decode($0) })
  }

  /// Most tokens of a prompt.
  var room: Int { (policy.maximumLength ?? .max) - settings.maxNewTokens }

  /// Draws an answer.
  ///
  /// - Parameters:
  ///   - prompt: token ids that leave room for it.
  ///   - seed: fixes the draw.
  ///   - isRaw: whether spaces before the answer are part of it.
  ///   - interrupt: tells when to stop.
  ///   - show: sees each piece as it becomes whole.
  /// - Returns: the answer, or as much of it as there is.
  /// - Throws: `GenerationError` where the prompt or the settings cannot be used.
  func answer(
    _ prompt: [Int], seed: UInt64, isRaw: Bool, _ interrupt: AnswerInterrupt,
    _ show: (String) -> Void
  ) throws -> Answer {
    var answer = Answer()
    var stream = TextStream(policy.tokenizer, after: prompt, settings)
    func add(_ piece: String) {
      // The space that separates an answer from its role is no part of it.
      let new = answer.text.isEmpty && !isRaw ? String(piece.drop { $0 == " " }) : piece
      answer.text += new
      show(new)
    }
    requestCount += 1
    try engine.submit(
      DecodingRequest(id: requestCount, prompt: prompt, settings: settings, seed: seed))
    while !engine.isIdle {
      guard !interrupt.isRequested else {
        engine.cancel(requestCount)
        answer.wasStopped = true
        break
      }
      for event in engine.step() {
        switch event {
        case .token(_, let token): add(stream.append(token.id))
        case .finished(_, let reason): answer.end = reason
        }
      }
    }
    add(stream.finish())
    return answer
  }
}
