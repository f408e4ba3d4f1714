// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Sequence classifiers of every family")
struct ClassifierModelTests {
  @Test(
    "outputs and gradients are those of transformers", arguments: FamilyFixture.classifiers)
  func outputs(name: String) throws {
    let expected = try FamilyFixture.expected(name, as: ExpectedClassifier.self)
    let model = try ModelFolder(FamilyFixture.folder(name)).classifierModel()
    let batch = TokenBatch(expected.rows.map(wholeRow), padTokenID: 7)
    model.setTrainable(true)
    let logits = model.logits(of: batch)
    #expect(logits.shape == [expected.rows.count, model.labels.count])
    expectClose(
      logits.reshaped([-1]), expected.logits.flatMap { $0 }, atol: FamilyFixture.tolerance)
    square(logits).sum().backward()
    #expect(Set(model.parameters.map(\.name)) == Set(expected.norms.keys))
    for (name, tensor) in model.parameters {
      let gradient = try #require(tensor.grad).to(.float64)
      expectClose(
        sqrt(square(gradient).sum()), try #require(expected.norms[name]), atol: 1e-5, rtol: 1e-4)
    }
    for (row, wanted) in zip(expected.rows, expected.logits) {
      let alone = model.logits(of: TokenBatch([wholeRow(row)], padTokenID: 0))
      expectClose(alone.reshaped([-1]), wanted, atol: FamilyFixture.tolerance)
    }
  }

  @Test("one label is a reward model, more are none", arguments: FamilyFixture.classifiers)
  func rewardModels(name: String) throws {
    let expected = try FamilyFixture.expected(name, as: ExpectedClassifier.self)
    let folder = try ModelFolder(FamilyFixture.folder(name))
    guard expected.logits[0].count == 1 else {
      do {
        _ = try folder.scalarHeadModel()
        Issue.record("three labels were read as one")
      } catch ModelFolderError.wrongKind(_, let found, let wanted) {
        #expect(found == "a classifier with 3 labels")
        #expect(wanted.contains("attune score"))
      }
      return
    }
    let model = try folder.scalarHeadModel()
    let batch = TokenBatch(expected.rows.map(wholeRow), padTokenID: 0)
    expectClose(
      model.scores(of: batch), expected.logits.flatMap { $0 }, atol: FamilyFixture.tolerance)
  }

  @Test(
    "a saved classifier has Hugging Face's names and fields", arguments: FamilyFixture.classifiers)
  func roundTrip(name: String) throws {
    let source = FamilyFixture.folder(name)
    let model = try ModelFolder(source).classifierModel()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let before = try readJSON(source.appending(path: "config.json"))
      let after = try readJSON(folder.appending(path: "config.json"))
      for key in ["architectures", "id2label", "label2id"] {
        #expect(after[key] as? NSObject == before[key] as? NSObject, "\(key)")
      }
      let stored = try SafetensorsFile(source.appending(path: "model.safetensors"))
      let saved = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      #expect(saved.names == stored.names)
      let again = try ModelFolder(folder).classifierModel()
      #expect(again.parameters.map(\.tensor.floats) == model.parameters.map(\.tensor.floats))
    }
  }

  @Test(
    "a fresh head on each family is saved as that family's classifier",
    arguments: FamilyFixture.texts)
  func freshHeads(name: String) throws {
    let opened = try ModelFolder(FamilyFixture.folder(name))
    let trunk = try opened.languageModel()
    let model = ClassifierModel(
      trunk: trunk, labels: ["bad", "good"], generator: Generator(seed: 4))
    let reward = try opened.scalarHeadModel(freshHead: Generator(seed: 4))
    #expect(model.head.weight.shape == [2, trunk.outputWeight.size(1)])
    for name in ["lm_head.weight", "embed_out.weight"] {
      #expect(!model.parameters.contains { $0.name == name })
      #expect(!reward.parameters.contains { $0.name == name })
    }
    let batch = TokenBatch([wholeRow([3, 4, 5])], padTokenID: 0)
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let values = try readJSON(folder.appending(path: "config.json"))
      let architecture = try #require((values["architectures"] as? [String])?.first)
      #expect(architecture.hasSuffix("ForSequenceClassification"))
      #expect(values["id2label"] as? [String: String] == ["0": "bad", "1": "good"])
      let again = try ModelFolder(folder)
      #expect(!again.configuration.hasLanguageHead)
      let read = try again.classifierModel()
      #expect(read.labels == ["bad", "good"])
      #expect(read.logits(of: batch).floats == model.logits(of: batch).floats)
    }
  }

  @Test("labels that contradict each other or the weights are told")
  func badLabels() throws {
    try FamilyFixture.withCopy(of: "gpt2_classifier") { folder in
      func failure() -> (any Error)? {
        do {
          _ = try ModelFolder(folder).classifierModel()
          return nil
        } catch {
          return error
        }
      }
      try editConfiguration(folder, ["num_labels": 2])
      guard case .badConfiguration(_, "num_labels", let reason) = failure() as? ModelFolderError
      else {
        Issue.record("\(String(describing: failure()))")
        return
      }
      #expect(reason == "2, but id2label has 3 entries; correct one")
      try editConfiguration(folder, ["num_labels": nil, "id2label": ["0": "a", "2": "b"]])
      guard case .badConfiguration(_, "id2label", _) = failure() as? ModelFolderError else {
        Issue.record("\(String(describing: failure()))")
        return
      }
      // Files that say nothing have two labels.
      try editConfiguration(folder, ["id2label": nil])
      #expect(
        failure() as? WeightsError
          == .shapeMismatch(name: "score.weight", stored: [3, 8], configured: [2, 8]))
    }
  }
}
