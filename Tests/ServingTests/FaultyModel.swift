// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

/// Another model that, while it is broken, fails in the middle of reading, as one does whose memory runs out.
final class FaultyModel: LanguageModel {
  private let sound: any LanguageModel
  var isBroken = false

  init(_ sound: any LanguageModel) { self.sound = sound }

  var parameters: NamedTensors { sound.parameters }
  var configuration: ModelConfiguration { sound.configuration }
  var outputWeight: Tensor { sound.outputWeight }
  var logitCap: Double? { sound.logitCap }
  var lengthLimit: Int? { sound.lengthLimit }

  func states(_ ids: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor {
    let states = sound.states(ids, context: context, checkpointing: checkpointing)
    return isBroken ? states.reshaped([-1, 10_007]) : states
  }

  func makeCache(rowCount: Int, capacity: Int) -> KVCache {
    sound.makeCache(rowCount: rowCount, capacity: capacity)
  }

  func sharesKeys(_ firstLength: Int, _ secondLength: Int) -> Bool {
    sound.sharesKeys(firstLength, secondLength)
  }

  func copy(elementType: ElementType) throws -> any LanguageModel {
    FaultyModel(try sound.copy(elementType: elementType))
  }
}
