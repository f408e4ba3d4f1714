// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Models in few bits")
struct QuantizedModelTests {
  private let ids = [3, 9, 4, 17, 22, 8]

  @Test("folders that transformers wrote with bitsandbytes open", arguments: ["nf4", "int8"])
  func foreignFolders(name: String) throws {
    let expected = try AdapterExpected.read(name)
    let model = try ModelFolder(Fixture.folder(name)).languageModel()
    for row in expected.rows {
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
    #expect(model.parameters.quantization == (name == "nf4" ? .nf4 : .int8))
    #expect(model.parameterCount == (try Fixture.model("tied").parameterCount))
  }

  @Test("quantised here they are what transformers wrote", arguments: ["nf4", "int8"])
  func sameBytes(name: String) throws {
    let quantization: Quantization = name == "nf4" ? .nf4 : .int8
    let model = try ModelFolder(Fixture.folder("tied")).languageModel(quantization: quantization)
    let file = try SafetensorsFile(Fixture.folder(name).appending(path: "model.safetensors"))
    #expect(
      Set(model.parameters.map(\.name)) == Set(file.names),
      "\(Set(model.parameters.map(\.name)).symmetricDifference(file.names))")
    for (key, tensor) in model.parameters {
      let theirs = try #require(try file.tensor(key))
      #expect(tensor.shape == theirs.shape, "\(key)")
      #expect(tensor.elementType == theirs.elementType, "\(key)")
      // Bytes of scales may be neighbours: bitsandbytes searches its map approximately on processors. And its int8
      // rounds the weights to float16 first, which moves numbers up to 127 by up to 127 / 2^11 = 0.062: at most one
      // in eight crosses to a neighbour.
      if quantization == .nf4, !key.hasSuffix(".absmax") {
        #expect(tensor.rawBytes() == theirs.rawBytes(), "\(key)")
      } else if tensor.elementType == .int8 || tensor.elementType == .uint8 {
        let steps = zip(tensor.ints, theirs.ints).map { abs($0 - $1) }
        #expect(steps.allSatisfy { $0 <= 1 }, "\(key)")
        #expect(steps.reduce(0, +) * 8 <= max(8, steps.count), "\(key)")
      } else {
        expectClose(tensor, theirs, rtol: 1e-3)
      }
    }
  }

  @Test("saved and read they are the same bits", arguments: Quantization.allCases)
  func roundTrip(quantization: Quantization) throws {
    let model = try ModelFolder(Fixture.folder("biased")).languageModel(quantization: quantization)
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder, elementType: .bfloat16)
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let opened = try ModelFolder(folder)
      let settings = try readJSON(folder.appending(path: "config.json"))["quantization_config"]
      let fields = settings as? [String: Any]
      #expect(fields?["quant_method"] as? String == "bitsandbytes")
      #expect(fields?["load_in_4bit"] as? Bool == (quantization == .nf4))
      #expect(fields?["load_in_8bit"] as? Bool == (quantization == .int8))
      let again = try opened.languageModel()
      #expect(
        again.parameters.map { $0.tensor.rawBytes() }
          == model.parameters.map { $0.tensor.rawBytes() })
      #expect(again.logits([ids]).floats == model.logits([ids]).floats)
    }
  }

  @Test(
    "output layer, embedding, norms and biases stay as they are", arguments: Quantization.allCases)
  func exempt(quantization: Quantization) throws {
    let model = try ModelFolder(Fixture.folder("biased")).languageModel(quantization: quantization)
    let plain = try Fixture.model("biased").numbers
    for (name, tensor) in model.parameters where tensor.elementType == .float32 {
      guard let numbers = plain[name] else { continue }
      #expect(tensor.floats == numbers, "\(name)")
    }
    #expect(model.outputWeight.elementType == .float32)
    let packed = model.parameters.filter { !$0.tensor.elementType.isFloatingPoint }
    #expect(packed.filter { $0.name.hasSuffix("proj.weight") }.count == 14)
  }

  @Test("a copy has the same bits and no shared memory", arguments: Quantization.allCases)
  func copies(quantization: Quantization) throws {
    let model = try ModelFolder(Fixture.folder("tied")).languageModel(quantization: quantization)
    let copy = try model.copy(elementType: .float32)
    #expect(copy.logits([ids]).floats == model.logits([ids]).floats)
    for (a, b) in zip(copy.parameters, model.parameters) where a.name.hasSuffix("proj.weight") {
      #expect(!a.tensor.isSame(as: b.tensor))
    }
  }

  // Frozen matrices in NF4: half a byte a weight, a byte a block of 64, and 1 248 bytes of maps and description each.
  @Test("the frozen part takes the memory that it should")
  func memory() throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 64, width: 256, hiddenWidth: 512, layerCount: 2, headCount: 4)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil)
    let model = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 1))
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let opened = try ModelFolder(folder)
      let weights = 2 * (4 * 256 * 256 + 3 * 256 * 512)
      let rest = (64 * 256 + 5 * 256) * 4
      let dense = try opened.languageModel().parameters.byteCount
      #expect(dense == weights * 4 + rest)
      let four = try opened.languageModel(quantization: .nf4).parameters.byteCount
      let scales = weights / 64 + 2 * (4 * 4 + 3 * 8) * 4
      #expect(four - rest - weights / 2 - scales < 14 * 1300)
      #expect(four - rest - weights / 2 - scales >= 14 * 1088)
      let eight = try opened.languageModel(quantization: .int8).parameters.byteCount
      #expect(eight - rest - weights == 2 * (6 * 256 + 512 + 512 - 256) * 4 + 14)
    }
  }

  // MARK: QLoRA

  @Test(
    "an adapter on few bits learns, and nothing else changes", arguments: Quantization.allCases,
    [false, true])
  func learning(quantization: Quantization, isDoRA: Bool) throws {
    let base = try ModelFolder(Fixture.folder("tied")).languageModel(quantization: quantization)
    var configuration = AdapterConfiguration()
    configuration.rank = 4
    configuration.usesDoRA = isDoRA
    let model = try AdaptedModel(base, configuration, generator: Generator(seed: 1))
    expectClose(model.logits([ids]), base.logits([ids]), atol: 1e-5)
    model.setTrainable(true)
    let before = base.parameters.map { $0.tensor.rawBytes() }
    let optimizer = AdamW(model.parameters, learningRate: 1e-2)
    let batch = TokenBatch([wholeRow(ids)], padTokenID: 0)
    var losses: [Double] = []
    for _ in 0..<20 {
      optimizer.zeroGrad()
      let loss = -model.sequenceLogProbs(of: batch, checkpointing: true).mean()
      loss.backward()
      losses.append(loss.item)
      optimizer.step()
    }
    #expect(losses[19] < 0.5 * losses[0], "\(losses)")
    #expect(base.parameters.map { $0.tensor.rawBytes() } == before)
    #expect(base.parameters.allSatisfy { $0.tensor.grad == nil })

    let merged = try model.merged()
    #expect(merged.parameters.quantization == nil)
    expectClose(merged.logits([ids]), model.logits([ids]), atol: 1e-4, rtol: 1e-4)
  }

  @Test("a module in few bits cannot be trained as a whole")
  func savedModule() throws {
    let base = try ModelFolder(Fixture.folder("tied")).languageModel(quantization: .nf4)
    var configuration = AdapterConfiguration()
    configuration.targets = .modules(["q_proj"])
    configuration.modulesToSave = ["down_proj"]
    do {
      _ = try AdaptedModel(base, configuration, generator: Generator(seed: 1))
      Issue.record("it was taken")
    } catch AdapterError.unsupported(_, "modules_to_save", "down_proj", _) {}
  }

  @Test("a broken description or FP4 is an error that names the matrix")
  func broken() throws {
    try withCopy(of: "nf4") { folder in
      let file = folder.appending(path: "model.safetensors")
      let source = try SafetensorsFile(file)
      let name = "model.layers.0.self_attn.q_proj.weight"
      let state = "\(name).quant_state.bitsandbytes__nf4"
      func open(_ change: (inout [String: Tensor]) -> Void) throws -> WeightsError? {
        var tensors: [String: Tensor] = [:]
        for name in source.names { tensors[name] = try source.tensor(name)?.copy() }
        change(&tensors)
        try SafetensorsWriter.write(tensors.map { ($0.key, $0.value) }, to: file)
        do {
          _ = try ModelFolder(folder).languageModel()
          return nil
        } catch { return error as? WeightsError }
      }
      let garbage = try open { $0[state] = Tensor([UInt8(1), 2, 3]) }
      guard case .badQuantization(state, _)? = garbage else {
        Issue.record("\(String(describing: garbage))")
        return
      }
      let fp4 = try open {
        $0["\(name).quant_state.bitsandbytes__fp4"] = $0[state]
        $0[state] = nil
      }
      guard case .badQuantization(name, let reason)? = fp4 else {
        Issue.record("\(String(describing: fp4))")
        return
      }
      #expect(reason.contains("FP4"))
    }
  }
}
