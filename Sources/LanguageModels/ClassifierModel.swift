// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A language model whose last state a linear head turns into one number a label: Hugging Face's sequence classifier.
///
/// With one label it is a reward model; ``ScalarHeadModel`` trains those.
public final class ClassifierModel {
  /// The transformer below the head.
  public let trunk: any LanguageModel
  /// The head, `[C, D]`, without a bias.
  public let head: Linear
  /// The labels, in the order of the outputs.
  public let labels: [String]
  private let headParameters: NamedTensors

  /// A fresh head on a trunk.
  ///
  /// - Parameters:
  ///   - trunk: taken over, not copied.
  ///   - labels: at least one.
  ///   - generator: draws the head with deviation 1 / sqrt(D + 1).
  public convenience init(trunk: any LanguageModel, labels: [String], generator: Generator) {
    let store = ParameterStore(
      generator: generator, elementType: trunk.elementType, device: trunk.device)
    let deviation = 1 / Double(trunk.outputWeight.size(1) + 1).squareRoot()
    self.init(trunk: trunk, labels: labels, store: store, deviation: deviation)
  }

  /// Reads the head from a store beside the trunk's parameters.
  init(trunk: any LanguageModel, labels: [String], store: ParameterStore, deviation: Double) {
    precondition(!labels.isEmpty, "classifier: no labels")
    self.trunk = trunk
    self.labels = labels
    let scope = store.root / "score"
    head = Linear(
      scope, from: trunk.outputWeight.size(1), to: labels.count, bias: false, deviation: deviation)
    headParameters = scope.parameters
  }

  /// Parameters of trunk and head; the language head, which no output depends on, is left out.
  public var parameters: NamedTensors { trunk.parametersBelowHead + headParameters }

  /// Marks all parameters as trained or as frozen.
  public func setTrainable(_ value: Bool) {
    for (name, tensor) in parameters where !QuantizedNames.isPart(name, tensor) {
      tensor.requiringGrad(value)
    }
  }

  /// One number a row and label, read at the row's last token that is no padding.
  ///
  /// - Returns: `[B, C]`, float32.
  public func logits(of batch: TokenBatch, checkpointing: Bool = false) -> Tensor {
    let padTokenID = trunk.configuration.padTokenID
    let asked = trunk.states(of: batch, checkpointing: checkpointing) {
      batch.lastPlaces(in: $0, besides: padTokenID)
    }
    return head(asked).to(asked.elementType == .float64 ? .float64 : .float32)
  }
}

extension LanguageModel {
  /// All parameters but an output matrix of its own.
  var parametersBelowHead: NamedTensors {
    let head = ModelFamily.all[configuration.family]?.head
    return parameters.filter { $0.name != head }
  }
}
