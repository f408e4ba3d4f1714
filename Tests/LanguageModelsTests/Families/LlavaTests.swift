// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("LLaVA against transformers")
struct LlavaTests {
  static let names = FamilyFixture.images

  private func model(_ folder: URL) throws -> Llava {
    try #require(try ModelFolder(folder).languageModel() as? Llava)
  }

  private func model(_ name: String) throws -> Llava { try model(FamilyFixture.folder(name)) }

  private func logits(_ model: Llava, _ rows: [[Int]], _ pixels: Tensor) -> Tensor {
    withoutGrad {
      model.logits(model.states(Tensor(rows: rows), pixels: pixels, checkpointing: false))
    }
  }

  @Test("logits of texts with an image are those of transformers", arguments: names)
  func singleRows(name: String) throws {
    let model = try model(name)
    let expected = try FamilyFixture.expected(name)
    let images = try expected.images()
    #expect(model.imageVectors(images).shape == [3, model.shape.tokensPerImage, 8])
    for (index, row) in expected.rows.enumerated() {
      let found = logits(model, [row.ids], images.narrowed(0, index..<index + 1))
      expectClose(found.reshaped([-1]), row.logits, atol: FamilyFixture.tolerance)
    }
  }

  @Test("rows padded on the right, with an image each, have the same logits", arguments: names)
  func paddedRows(name: String) throws {
    let model = try model(name)
    let expected = try FamilyFixture.expected(name)
    let found = logits(model, expected.padded(with: 0), try expected.images())
    for (index, row) in expected.rows.enumerated() {
      let own = found.picked(0, index).narrowed(0, 0..<row.ids.count)
      expectClose(own.reshaped([-1]), row.logits, atol: FamilyFixture.tolerance)
      expectClose(
        own.picked(0, row.ids.count - 1), expected.left_padded[index], atol: FamilyFixture.tolerance
      )
    }
  }

  @Test("greedy decoding behind an image gives transformers' 64 tokens", arguments: names)
  func greedy(name: String) throws {
    let model = try model(name)
    let expected = try FamilyFixture.expected(name)
    let images = try expected.images()
    withoutGrad {
      let cache = model.makeCache(rowCount: 3, capacity: 16)
      let prompts = expected.rows.map(\.ids)
      var states = model.states(prompts, pixels: images, cache: cache)  // [B, T, D]
      var last = prompts.enumerated().map {
        states.picked(0, $0.offset).picked(0, $0.element.count - 1)
      }
      var found: [[Int]] = [[], [], []]
      for _ in 0..<64 {
        let next = model.logits(stacked(last)).argmax(-1).ints
        for (row, token) in next.enumerated() { found[row].append(token) }
        states = model.states(next.map { [$0] }, cache: cache)
        last = (0..<3).map { states.picked(0, $0).picked(0, 0) }
      }
      #expect(found == expected.greedy)
    }
  }

  @Test("loss and gradients are those of transformers, the encoder's too", arguments: names)
  func gradients(name: String) throws {
    let model = try model(name)
    let expected = try FamilyFixture.expected(name)
    model.setTrainable(true)
    let batch = TokenBatch(expected.rows.map { wholeRow($0.ids) }, padTokenID: 0)
    let states = model.states(batch.ids, pixels: try expected.images(), checkpointing: true)
    let asked = states.reshaped([-1, states.size(-1)]).rows(batch.statePositions)
    let logProbs = targetLogProbs(
      hidden: asked, weight: model.outputWeight, targets: batch.targets
    ).logProbs
    let loss = -logProbs.sum()
    loss.backward()
    expectClose(loss, expected.gradients.loss, rtol: 1e-5)
    let found = Dictionary(
      model.parameters.compactMap { name, tensor in
        tensor.grad.map { (name, sqrt(square($0.to(.float64)).sum()).item) }
      }, uniquingKeysWith: { $1 })
    #expect(found.count == expected.gradients.norms.count)
    #expect(found.keys.contains { $0.hasPrefix("vision_tower.") })
    expectClose(
      found.values.sorted(), expected.gradients.norms.values.sorted(), atol: 1e-5, rtol: 1e-4)
  }

  @Test("texts alone are read as by the decoder", arguments: names)
  func textAlone(name: String) throws {
    let model = try model(name)
    let batch = TokenBatch([wholeRow([3, 4, 5, 6])], padTokenID: 0)
    let logProbs = model.targetLogProbs(of: batch).logProbs
    let table = model.logits([[3, 4, 5, 6]]).picked(0, 0).logSoftmax(-1)
    let wanted = [4, 5, 6].enumerated().map { table.picked(0, $0.offset).doubles[$0.element] }
    expectClose(logProbs, wanted, atol: 1e-5)
    let copy = try model.copy(elementType: .float32)
    #expect(copy.numbers == model.numbers)
  }

  @Test("names of transformers 4 and 5 give the same model", arguments: names)
  func oldAndNewNames(name: String) throws {
    let expected = try FamilyFixture.expected(name)
    let images = try expected.images().narrowed(0, 1..<2)
    func check(_ folder: URL) throws {
      let found = logits(try model(folder), [expected.rows[1].ids], images)
      expectClose(found.reshaped([-1]), expected.rows[1].logits, atol: FamilyFixture.tolerance)
    }
    try withTemporaryFolder { parent in
      // As saved here: the names of the files on the hub.
      let saved = parent.appending(path: "saved")
      try ModelFolder.save(try model(name), tokenizer: nil, to: saved)
      let names = try SafetensorsFile(saved.appending(path: "model.safetensors")).names
      #expect(names.contains("language_model.model.embed_tokens.weight"))
      #expect(names.contains("multi_modal_projector.linear_1.weight"))
      #expect(
        names.contains("vision_tower.vision_model.embeddings.patch_embedding.weight"))
      try check(saved)
      let positions: NamedTensors = [
        ("vision_tower.vision_model.embeddings.position_ids", Tensor([0, 1]))
      ]
      try FamilyFixture.rename(saved, adding: positions) { $0 }
      try check(saved)
      // As transformers 5 has them in memory.
      try FamilyFixture.rename(saved) { name in
        guard !name.hasSuffix("position_ids") else { return nil }
        if name == "language_model.lm_head.weight" { return "lm_head.weight" }
        let short = name.replacingOccurrences(of: "language_model.model.", with: "language_model.")
          .replacingOccurrences(of: "vision_tower.vision_model.", with: "vision_tower.")
        return "model.\(short)"
      }
      try check(saved)
    }
  }

  @Test("images that do not fit the text or the encoder are told")
  func wrongImages() throws {
    let model = try model("llava_clip")
    let pixels = Tensor.zeros([1, 3, 4, 4])
    let image = [Int](repeating: 23, count: 4)
    func failure(_ ids: [Int], _ pixels: Tensor) -> String {
      do {
        try withTensorErrors { _ = logits(model, [ids], pixels) }
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(failure([3] + image + [4], pixels) == "")
    #expect(failure([3] + image.dropLast() + [4], pixels).contains("3 image tokens (id 23)"))
    #expect(failure([3, 4], pixels).contains("1 images need 4, 4 each"))
    #expect(
      failure([3] + image, .zeros([1, 3, 5, 5])).contains("expected [images, 3, 4, 4]"))
  }
}
