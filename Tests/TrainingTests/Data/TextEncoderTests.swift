// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Testing
import Tokenizers

@testable import Training

@Suite("Texts to token rows")
struct TextEncoderTests {
  /// `Fixtures/TRLRows/rows.json`: what TRL 1.16.0 made of the parity benchmark's first rows; see make_rows.py.
  private struct TRLRows: Decodable {
    struct Kept: Decodable {
      let ids: [Int]
      let border: Int
    }
    struct Supervised: Decodable {
      let prompt: String
      let completion: String
      let kept: Kept?
    }
    struct PairSides: Decodable {
      let prompt_ids: [Int]
      let chosen_ids: [Int]
      let rejected_ids: [Int]
    }
    struct Texts: Decodable {
      let chosen_ids: [Int]
      let rejected_ids: [Int]
    }
    struct Pair: Decodable {
      let prompt: String
      let chosen: String
      let rejected: String
      let dpo: PairSides?
      let reward: Texts?
    }
    let max_length: Int
    let supervised: [Supervised]
    let pairs: [Pair]
  }

  private let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/TRLRows")

  private func fixture() throws -> (rows: TRLRows, encoder: TextEncoder) {
    let data = try Data(contentsOf: folder.appending(path: "rows.json"))
    let rows = try JSONDecoder().decode(TRLRows.self, from: data)
    return (rows, TextEncoder(try Tokenizer(folder: folder), maxLength: rows.max_length))
  }

  @Test("supervised rows have TRL's tokens, masks, cuts and drops")
  func supervisedParity() throws {
    let (rows, encoder) = try fixture()
    var dropCount = 0
    var mergedCount = 0
    for row in rows.supervised {
      let record = Record(
        .promptCompletion(prompt: .plain(row.prompt), completion: .plain(row.completion)))
      let outcome = try encoder.supervised(record)
      guard let kept = row.kept else {
        #expect(outcome.drop == .promptTooLong, "\(row.prompt)")
        dropCount += 1
        continue
      }
      #expect(outcome.row?.ids == kept.ids)
      #expect(outcome.row?.isTarget == kept.ids.indices.map { $0 >= kept.border })
      mergedCount += outcome.mergesBorder ? 1 : 0
    }
    #expect(rows.supervised.count == 60)
    #expect(dropCount == 2)
    #expect(mergedCount > 0)
  }

  @Test("preference rows have TRL's common border, cuts and drops")
  func pairParity() throws {
    let (rows, encoder) = try fixture()
    var cutCount = 0
    for row in rows.pairs {
      let outcome = try encoder.pair(
        PreferencePair(
          prompt: .plain(row.prompt), chosen: .plain(row.chosen), rejected: .plain(row.rejected)))
      guard let kept = row.dpo else {
        #expect(outcome.row == nil && outcome.drop == .promptTooLong, "\(row.prompt)")
        continue
      }
      let sides = try #require(outcome.row)
      // TRL keeps whole rows and cuts them when it makes a batch.
      let room = rows.max_length - kept.prompt_ids.count
      #expect(
        sides.chosen
          == TokenRow(prompt: kept.prompt_ids, completion: Array(kept.chosen_ids.prefix(room))))
      #expect(
        sides.rejected
          == TokenRow(prompt: kept.prompt_ids, completion: Array(kept.rejected_ids.prefix(room))))
      cutCount += outcome.isCut ? 1 : 0
    }
    #expect(rows.pairs.contains { $0.dpo == nil })
    #expect(cutCount > 0)
  }

  @Test("where one answer merges with the prompt's last letters, both answers begin before them")
  func commonBorder() throws {
    let encoder = try fixture().encoder
    let prompt = try encoder.prompt(.plain("Ask: yellow mor"))
    for (chosen, rejected) in [("ning.", "!"), ("!", "ning.")] {
      let pair = PreferencePair(
        prompt: .plain("Ask: yellow mor"), chosen: .plain(chosen), rejected: .plain(rejected))
      let outcome = try encoder.pair(pair)
      let sides = try #require(outcome.row)
      let starts = [sides.chosen, sides.rejected].map { $0.isTarget.firstIndex(of: true) ?? 0 }
      #expect(starts[0] == starts[1])
      #expect(starts[0] < prompt.count)
      #expect(outcome.mergesBorder)
      #expect(sides.chosen.ids.prefix(starts[0]) == sides.rejected.ids.prefix(starts[0]))
    }
  }

  @Test("reward rows have TRL's tokens, and those over the limit are dropped, not cut")
  func rewardParity() throws {
    let (rows, encoder) = try fixture()
    for row in rows.pairs {
      let chosen = try encoder.scored(.plain(row.prompt), .plain(row.chosen))
      let rejected = try encoder.scored(.plain(row.prompt), .plain(row.rejected))
      if let kept = row.reward {
        #expect(chosen.row?.ids == kept.chosen_ids)
        #expect(rejected.row?.ids == kept.rejected_ids)
      } else {
        #expect(chosen.drop == .tooLong || rejected.drop == .tooLong)
      }
    }
    #expect(rows.pairs.contains { $0.reward == nil })
  }

  // MARK: Letters: one token each

  private func tiny(
    maxLength: Int = 64, completionOnlyLoss: Bool = true, assistantOnlyLoss: Bool? = nil
  ) throws -> TextEncoder {
    TextEncoder(
      try Workshop().tokenizer(), maxLength: maxLength, completionOnlyLoss: completionOnlyLoss,
      assistantOnlyLoss: assistantOnlyLoss)
  }

  private func ids(_ text: String) -> [Int] { text.compactMap(TinyModel.id(of:)) }

  @Test("the end token is written once, whether or not the text has it", arguments: ["", "</s>"])
  func endOnce(ending: String) throws {
    let encoder = try tiny()
    let record = Record(
      .promptCompletion(prompt: .plain("ab"), completion: .plain(" cd" + ending)))
    let row = try #require(try encoder.supervised(record).row)
    #expect(row.ids == ids("ab cd") + [TinyModel.endID])
    #expect(row.isTarget == [false, false, true, true, true, true])
    let text = try #require(
      try encoder.supervised(Record(.languageModelling(.plain("abc" + ending)))).row)
    #expect(text.ids == ids("abc") + [TinyModel.endID])
    #expect(text.isTarget == [false, true, true, true])
  }

  @Test("without completion-only loss the prompt counts too")
  func wholeRowCounts() throws {
    let record = Record(.promptCompletion(prompt: .plain("ab"), completion: .plain(" cd")))
    let row = try #require(try tiny(completionOnlyLoss: false).supervised(record).row)
    #expect(row.isTarget == [false, true, true, true, true, true])
  }

  private let chat = [
    Message(role: .user, "hi"), Message(role: .assistant, "yo"), Message(role: .user, "so"),
    Message(role: .assistant, "ok"),
  ]

  /// The targets of a row as text, `_` for tokens without loss, `$` for the end token.
  private func marked(_ row: TokenRow, _ encoder: TextEncoder) -> String {
    zip(row.ids, row.isTarget).map { id, counts in
      guard counts else { return "_" }
      return id == TinyModel.endID ? "$" : encoder.tokenizer.decode([id])
    }.joined()
  }

  @Test("of a chat every turn of the assistant counts, with its end token")
  func chatTurns() throws {
    let encoder = try tiny()
    let row = try #require(try encoder.supervised(Record(.languageModelling(.messages(chat)))).row)
    let text = "User: hi\n\nAssistant: yo$\n\nUser: so\n\nAssistant: ok$"
    let expected = "________" + "__" + "__________ yo$" + "__________" + "__" + "__________ ok$"
    #expect(row.ids.count == text.count)
    #expect(marked(row, encoder) == expected)
  }

  @Test("a turn of weight 0 does not count")
  func weightZero() throws {
    var messages = chat
    messages[1].weight = 0
    let encoder = try tiny()
    let row = try #require(
      try encoder.supervised(Record(.languageModelling(.messages(messages)))).row)
    #expect(marked(row, encoder).filter { $0 != "_" } == " ok$")
  }

  @Test("assistant-only loss decides about whole conversations, whatever completion-only loss says")
  func assistantOnly() throws {
    let record = Record(.languageModelling(.messages(chat)))
    let turns = try tiny(completionOnlyLoss: false, assistantOnlyLoss: true)
    let some = try #require(turns.supervised(record).row)
    #expect(marked(some, turns).filter { $0 != "_" } == " yo$ ok$")
    let whole = try tiny(assistantOnlyLoss: false)
    let all = try #require(whole.supervised(record).row)
    #expect(all.targetCount == all.ids.count - 1)
    #expect(try tiny(completionOnlyLoss: false).supervised(record).row == all)
  }

  @Test("of a completion of several turns all count, or with assistant-only loss the assistant's")
  func completionTurns() throws {
    let record = Record(
      .promptCompletion(
        prompt: .messages([chat[0]]), completion: .messages(Array(chat.dropFirst()))))
    let encoder = try tiny()
    let all = try #require(encoder.supervised(record).row)
    #expect(marked(all, encoder).filter { $0 != "_" } == " yo$\n\nUser: so\n\nAssistant: ok$")
    let turns = try tiny(assistantOnlyLoss: true)
    let some = try #require(turns.supervised(record).row)
    #expect(some.ids == all.ids)
    #expect(marked(some, turns).filter { $0 != "_" } == " yo$ ok$")
  }

  @Test("a turn of weight 0 in a completion does not count, the others do")
  func weightZeroInCompletion() throws {
    var messages = chat
    messages[1].weight = 0
    let record = Record(
      .promptCompletion(
        prompt: .messages([messages[0]]), completion: .messages(Array(messages.dropFirst()))))
    let encoder = try tiny()
    let row = try #require(encoder.supervised(record).row)
    #expect(marked(row, encoder).filter { $0 != "_" } == "\n\nUser: so\n\nAssistant: ok$")
    messages[3].weight = 0
    let none = Record(
      .promptCompletion(
        prompt: .messages([messages[0]]), completion: .messages([messages[1]])))
    #expect(try encoder.supervised(none).drop == .nothingToLearn)
  }

  @Test("a prompt of messages with its answer is the chat that ends with this answer")
  func promptOfMessages() throws {
    let encoder = try tiny()
    let split = Record(
      .promptCompletion(
        prompt: .messages(Array(chat.dropLast())), completion: .messages([chat[3]])))
    let whole = try #require(
      try encoder.supervised(Record(.languageModelling(.messages(chat)))).row)
    let row = try #require(try encoder.supervised(split).row)
    #expect(row.ids == whole.ids)
    #expect(marked(row, encoder).filter { $0 != "_" } == " ok$")
    let prompt = try encoder.prompt(.messages(Array(chat.dropLast())))
    #expect(Array(row.ids.prefix(prompt.count)) == prompt)
  }

  @Test("an empty completion is the end token alone; a prompt that fills the limit drops the row")
  func edges() throws {
    let encoder = try tiny(maxLength: 4)
    let empty = Record(.promptCompletion(prompt: .plain("abc"), completion: .plain("")))
    #expect(try encoder.supervised(empty).row?.ids == ids("abc") + [TinyModel.endID])
    let full = Record(.promptCompletion(prompt: .plain("abcd"), completion: .plain(" e")))
    #expect(try encoder.supervised(full).drop == .promptTooLong)
    let other = Record(.promptOnly(.plain("a")))
    #expect(try encoder.supervised(other).drop == .nothingToLearn)
  }
}
