// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite(
  "Models packed for decoding",
  .enabled(if: PackedMatrix.isAvailable(on: .cpu), "this libtorch has no packed layout"))
struct PackedModelTests {
  private static let names = FamilyFixture.texts + FamilyFixture.images
  private let ids = Tensor([3, 9, 4, 17, 22, 8], shape: [1, 6])

  private func states(_ model: any LanguageModel) -> [Float] {
    withoutGrad { model.states(ids, checkpointing: false).floats }
  }

  @Test("states in bfloat16 are those of the plain model, bit for bit", arguments: names)
  func states(name: String) throws {
    let plain = try FamilyFixture.model(name).copy(elementType: .bfloat16)
    let packed = try plain.packed()
    #expect(packed !== plain)
    #expect(packed.parameters.map(\.name) == plain.parameters.map(\.name))
    #expect(states(packed) == states(plain))
    #expect(try packed.packed() === packed)
    let read = try ModelFolder(FamilyFixture.folder(name)).languageModel(
      elementType: .bfloat16, isForDecoding: true)
    #expect(states(read) == states(plain))
    #expect(read.parameterCount == plain.parameterCount)
  }

  @Test(
    "under autocast a model in float32 is packed too, and computes what it did", arguments: names)
  func autocast(name: String) throws {
    let plain = try FamilyFixture.model(name)
    #expect(try plain.packed() === plain)
    try withAutocast(.bfloat16) {
      let packed = try plain.packed()
      #expect(packed !== plain)
      #expect(states(packed) == states(plain))
    }
  }

  @Test("an adapter stays what it is on a packed base", arguments: [false, true])
  func adapter(isDoRA: Bool) throws {
    let model = try AdapterFixture.fresh { $0.usesDoRA = isDoRA }
    for (_, tensor) in model.parameters {
      tensor.copyInPlace(from: Generator(seed: 3).normal(deviation: 0.3, shape: tensor.shape))
    }
    try withAutocast(.bfloat16) {
      let packed = try model.packed()
      // The norms of DoRA are those of the base in float32, which the packed one has no longer.
      #expect((packed === model) == isDoRA)
      #expect(states(packed) == states(model))
    }
    let narrow = try model.copy(elementType: .bfloat16)
    let packed = try narrow.packed()
    #expect(packed !== narrow)
    #expect(states(packed) == states(narrow))
  }

  @Test("parameters that change later do not reach the packed model; a new one has them")
  func changes() throws {
    let plain = try FamilyFixture.model("mistral").copy(elementType: .bfloat16)
    let packed = try plain.packed()
    let before = states(packed)
    for (name, tensor) in plain.parameters where name.hasSuffix("q_proj.weight") {
      tensor.copyInPlace(from: tensor * 3)
    }
    #expect(states(packed) == before)
    #expect(states(plain) != before)
    #expect(try states(plain.packed()) == states(plain))
  }
}
