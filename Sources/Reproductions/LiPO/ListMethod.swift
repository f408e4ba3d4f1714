// SPDX-License-Identifier: Apache-2.0
import Evaluation
import Feedback
import LanguageModels
import Objectives
import Torch

/// One way to learn from the lists.
struct ListMethod: Hashable, Sendable {
  /// Which loss, and on what.
  enum Kind: Hashable, Sendable, CaseIterable {
    case firstPair, pairLogistic, pairHinge, listMLE, softmax, lambda
    case pointMSE, pointSigmoid, infoNCA, withoutDiscount, withoutGain, inverted
  }

  let kind: Kind
  /// K: how many answers of a list are used.
  var width = LiPOReproduction.listWidth
  var learningRate = LiPOReproduction.learningRate

  init(_ kind: Kind) {
    self.kind = kind
    if kind == .firstPair { width = 2 }
  }

  /// The losses on whole lists that the first claim is about.
  static let listwise = [Kind.pairLogistic, .pairHinge, .listMLE, .softmax, .lambda].map(Self.init)

  /// λ with another number of answers a list.
  static func lambda(width: Int) -> ListMethod {
    var method = ListMethod(.lambda)
    method.width = width
    return method
  }

  /// A loss at another rate.
  static func at(_ learningRate: Double, _ kind: Kind) -> ListMethod {
    var method = ListMethod(kind)
    method.learningRate = learningRate
    return method
  }

  var name: String {
    switch kind {
    case .firstPair: "DPO, first two answers only"
    case .pairLogistic: "pair-logistic, all pairs"
    case .pairHinge: "pair-hinge"
    case .listMLE: "list-MLE"
    case .softmax: "softmax, ψ/Σψ"
    case .lambda: "LiPO-λ"
    case .pointMSE: "point-MSE"
    case .pointSigmoid: "point-sigmoid"
    case .infoNCA: "InfoNCA"
    case .withoutDiscount: "LiPO-λ without the rank discount"
    case .withoutGain: "LiPO-λ without the gain"
    case .inverted: "LiPO-λ, inverted labels"
    }
  }

  private var objective: any ListObjective {
    switch kind {
    case .firstPair, .pairLogistic: PairLogistic()
    case .pairHinge: PairHinge()
    case .listMLE: ListMLE()
    case .softmax: ListSoftmax()
    case .lambda, .inverted: LiPOLambda()
    case .pointMSE: PointMSE()
    case .pointSigmoid: PointSigmoid()
    case .infoNCA: InfoNCA()
    case .withoutDiscount: LiPOLambda(weighing: .gain)
    case .withoutGain: LiPOLambda(weighing: .rank)
    }
  }

  /// Trains a copy of the reference for a number of steps, and reads it on the way.
  ///
  /// - Parameters:
  ///   - start: the reference.
  ///   - lists: what is learnt from.
  ///   - seed: of the order of the lists and of the readings.
  ///   - run: the run, with its mistake.
  ///   - watch: takes the policy every ``LiPOReproduction/watchEvery`` steps; nil spares that.
  /// - Returns: the policy.
  /// - Throws: what building a model throws.
  func train(
    from start: ClassWriter, on lists: AnswerLists, seed: UInt64, run: ReproductionRun,
    watch: ((Int, ClassWriter) -> Void)? = nil
  ) throws -> ClassWriter {
    let policy = try start.copy()
    let loss = ListwiseLoss(objective, beta: LiPOReproduction.beta)
    let optimizer = AdamW(policy.model.parameters, learningRate: learningRate)
    var order = ShuffledRows(count: lists.answers.count, seed: "lipo/order/\(seed)")
    for step in 1...LiPOReproduction.stepCount {
      let batch = lists.batch(order.next(LiPOReproduction.batchSize), width: width)
      optimizer.zeroGrad()
      let shape = batch.reference.shape
      let logProbs = policy.logProbs(of: batch.answers).reshaped(shape)  // [B, K]
      let inputs = inputs(loss, logProbs, batch, run)
      loss.objective(inputs).loss.backward()
      optimizer.step()
      if step.isMultiple(of: LiPOReproduction.watchEvery) { watch?(step, policy) }
    }
    return policy
  }

  private func inputs(
    _ loss: ListwiseLoss, _ policy: Tensor, _ batch: AnswerLists.Batch, _ run: ReproductionRun
  ) -> ListInputs {
    var labels = batch.labels
    if (kind == .inverted) != run.has(LiPOReproduction.flippedLabels) { labels = 1 - labels }
    if run.has(LiPOReproduction.shiftedLabels) {
      let last = width - 1
      labels = concatenated(
        [labels.narrowed(1, last..<width), labels.narrowed(1, 0..<last)], axis: 1)
    }
    if kind == .softmax { labels = labels / (labels * batch.mask).sum(1, keep: true) }
    let isSwapped = run.has(LiPOReproduction.swappedModels)
    return isSwapped
      ? loss.inputs(
        policy: 2 * batch.reference - policy, reference: batch.reference, labels: labels,
        mask: batch.mask)
      : loss.inputs(
        policy: policy, reference: batch.reference, labels: labels, mask: batch.mask)
  }
}
