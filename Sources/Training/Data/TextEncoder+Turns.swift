// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import Tokenizers

/// Which tokens of a conversation the assistant says.
extension TextEncoder {
  /// A turn of the assistant.
  struct Turn {
    var tokens: Range<Int>
    /// Whether the turn carries loss.
    var counts: Bool
    /// Whether the opening of the turn alone has other tokens than it has here.
    var mergesBorder = false
  }

  /// The assistant's turns, each with the token that ends it.
  ///
  /// Where the template marks them by `{% generation %}` blocks, these decide; otherwise a turn begins where the
  /// conversation before it, opened for an answer, first differs from the whole, and ends where the
  /// conversation up to it does.
  func turns(
    of messages: [Message], _ context: ChatContext, _ page: ChatLayout.Page, _ ids: [Int]
  ) throws -> [Turn] {
    let counts = messages.filter { $0.role == .assistant }.map { $0.weight != 0 }
    let spans = page.assistantSpans
    // Turns without loss can be told apart only where each has a span of its own.
    if !spans.isEmpty, spans.count == counts.count || !counts.contains(false) {
      return marked(spans, page).enumerated().map { index, tokens in
        Turn(tokens: tokens, counts: index < counts.count ? counts[index] : true)
      }
    }
    return try messages.indices.filter { messages[$0].role == .assistant }.map { index in
      try turn(messages, index, context, ids)
    }
  }

  /// The tokens that overlap each span. A span without a special token takes the one that follows, since a
  /// model must learn to end its turn.
  private func marked(_ spans: [Range<Int>], _ page: ChatLayout.Page) -> [Range<Int>] {
    let (ids, offsets) = tokenizer.encodeWithOffsets(page.text, addSpecialTokens: false)
    let special = tokenizer.specialTokenIDs
    var place = 0
    return spans.map { span in
      while place < ids.count, offsets[place].upperBound <= span.lowerBound { place += 1 }
      let start = place
      while place < ids.count, offsets[place].lowerBound < span.upperBound { place += 1 }
      if place < ids.count, special.contains(ids[place]),
        !ids[start..<place].contains(where: special.contains)
      {
        place += 1
      }
      return start..<place
    }
  }

  private func turn(
    _ messages: [Message], _ index: Int, _ context: ChatContext, _ ids: [Int]
  ) throws -> Turn {
    let opening = try prompt(.messages(Array(messages[..<index])), context)
    let through = tokenizer.encode(
      try layout.page(Array(messages[...index]), context).text,
      addSpecialTokens: !layout.usesTemplate)
    let start = commonPrefix(opening, ids)
    var end = max(start, commonPrefix(through, ids))
    // A template may write a turn otherwise where it is not the last, without its thinking for example: then the
    // turn goes up to the special token that ended it when it was the last.
    let special = tokenizer.specialTokenIDs
    if end < through.count, let ending = through.last(where: special.contains),
      let found = ids[start...].firstIndex(of: ending)
    {
      end = max(end, found + 1)
    }
    return Turn(
      tokens: start..<end, counts: messages[index].weight != 0,
      mergesBorder: start < opening.count)
  }

  /// The token by which the tokenizer's template ends the assistant's turn: generation stops there. Nil where
  /// there is no template, or it ends turns without a special token.
  public var turnEndTokenID: Int? {
    let answer = "ok"
    let example = [Message(role: .user, "hi"), Message(role: .assistant, answer)]
    guard layout.usesTemplate, let page = try? layout.page(example, ChatContext()),
      let found = page.text.range(of: answer, options: .backwards)
    else { return nil }
    let behind = page.text[..<found.upperBound].unicodeScalars.count
    let (ids, offsets) = tokenizer.encodeWithOffsets(page.text, addSpecialTokens: false)
    let special = tokenizer.specialTokenIDs
    return zip(ids, offsets).first { $1.lowerBound >= behind && special.contains($0) }?.0
  }
}
