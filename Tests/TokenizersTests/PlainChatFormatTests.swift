// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizers

@Suite("PlainChatFormat")
struct PlainChatFormatTests {
  private let chat = [
    (role: "system", content: "Be brief."), (role: "user", content: "What is 2 + 2?"),
    (role: "assistant", content: "4"),
  ]

  @Test("writes the documented layout")
  func layout() {
    let text = PlainChatFormat(endToken: "<|endoftext|>").text(chat)
    #expect(
      text == "System: Be brief.\n\nUser: What is 2 + 2?\n\nAssistant: 4<|endoftext|>")
  }

  @Test("a prompt is the beginning of the text with its answer")
  func prefix() {
    let format = PlainChatFormat(endToken: "</s>")
    let prompt = format.text(Array(chat.dropLast()), addGenerationPrompt: true)
    #expect(prompt.hasSuffix("\n\nAssistant:"))
    #expect(format.text(chat).hasPrefix(prompt))
    #expect(format.text(chat).dropFirst(prompt.count) == " 4</s>")
  }

  @Test("an empty chat is empty text or a lone prompt")
  func empty() {
    let format = PlainChatFormat(endToken: nil)
    #expect(format.text([]) == "")
    #expect(format.text([], addGenerationPrompt: true) == "Assistant:")
  }

  @Test("the end token is the tokenizer's and becomes one id")
  func endToken() throws {
    let tokenizer = try BytePairTrainer(vocabularySize: 300).train(on: ["User: Assistant:"])
    let ids = tokenizer.encode(PlainChatFormat(tokenizer).text(chat), addSpecialTokens: false)
    #expect(ids.last == tokenizer.eosTokenID)
    #expect(ids.filter { $0 == tokenizer.eosTokenID }.count == 1)
  }
}
