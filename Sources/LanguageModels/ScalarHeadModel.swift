// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A language model whose states a linear head turns into numbers: reward model, cost model or critic.
///
/// On disk it is Hugging Face's sequence classifier with one label: the trunk's names and `score.weight`.
public final class ScalarHeadModel {
  /// The transformer below the head.
  public let trunk: any LanguageModel
  /// The head, `[1, D]`; with a bias only where this project's critics ask for one.
  public let head: Linear
  private let headParameters: NamedTensors

  /// A fresh head on a trunk.
  ///
  /// - Parameters:
  ///   - trunk: taken over, not copied.
  ///   - generator: draws the head: deviation 1 / sqrt(D + 1); nil starts it at zero, as critics are.
  public convenience init(trunk: any LanguageModel, generator: Generator?) {
    let width = trunk.outputWeight.size(1)
    let store = ParameterStore(
      generator: generator ?? Generator(seed: 0), elementType: trunk.elementType,
      device: trunk.device)
    let deviation = generator == nil ? 0 : 1 / Double(width + 1).squareRoot()
    self.init(trunk: trunk, store: store, deviation: deviation)
  }

  /// Reads the head from a store beside the trunk's parameters.
  init(trunk: any LanguageModel, store: ParameterStore, deviation: Double) {
    self.trunk = trunk
    let before = store.parameters.count
    head = Linear(
      store.root / "score", from: trunk.outputWeight.size(1), to: 1, bias: false,
      deviation: deviation)
    headParameters = Array(store.parameters[before...])
  }

  /// The same head, shared, on another trunk of the same width.
  package func onTrunk(_ trunk: any LanguageModel) -> ScalarHeadModel {
    ScalarHeadModel(trunk: trunk, head: head, headParameters: headParameters)
  }

  private init(trunk: any LanguageModel, head: Linear, headParameters: NamedTensors) {
    self.trunk = trunk
    self.head = head
    self.headParameters = headParameters
  }

  /// Parameters of trunk and head; the language head, which no score depends on, is left out.
  public var parameters: NamedTensors { trunk.parametersBelowHead + headParameters }

  /// The one label of the classifier on disk.
  var labels: [String] {
    let named = try? trunk.configuration.labels()
    return named?.count == 1 ? named ?? [] : ["LABEL_0"]
  }

  /// What an adapter's file holds: the trunk's adapter, and the head under the name PEFT gives it.
  var adapterParameters: NamedTensors {
    trunk.parameters + headParameters.map { (AdapterNames.prefix + $0.name, $0.tensor) }
  }

  /// Marks all parameters as trained or as frozen.
  public func setTrainable(_ value: Bool) {
    for (name, tensor) in parameters where !QuantizedNames.isPart(name, tensor) {
      tensor.requiringGrad(value)
    }
  }

  /// One score a row, read at its last token that is no padding.
  ///
  /// - Returns: `[B]`, float32.
  public func scores(of batch: TokenBatch, checkpointing: Bool = false) -> Tensor {
    let padTokenID = trunk.configuration.padTokenID
    return read(batch, checkpointing) { batch.lastPlaces(in: $0, besides: padTokenID) }
  }

  /// One value a target: of the state *before* the token, from which it was chosen.
  ///
  /// - Returns: `[N]`, float32, in the batch's order of targets.
  public func values(of batch: TokenBatch, checkpointing: Bool = false) -> Tensor {
    read(batch, checkpointing, at: batch.statePlaces)
  }

  private func read(
    _ batch: TokenBatch, _ checkpointing: Bool, at places: (JoinedTexts) -> [Int]
  ) -> Tensor {
    let asked = trunk.states(of: batch, checkpointing: checkpointing, at: places)
    return head(asked).squeezed(-1).to(asked.elementType == .float64 ? .float64 : .float32)
  }

  /// The same numbers without shared memory.
  public func copy() throws -> ScalarHeadModel {
    let store = ParameterStore(
      reading: TensorDictionary(headParameters), elementType: trunk.elementType,
      device: trunk.device)
    let copy = ScalarHeadModel(
      trunk: try trunk.copy(elementType: trunk.elementType), store: store, deviation: 0)
    try store.finish()
    return copy
  }
}
