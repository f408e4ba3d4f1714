// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The loss of all methods without a critic: a surrogate of advantage times ratio, averaged in one of four ways, and
/// where wanted the KL to the reference.
///
///     ρ = exp(log π − log π_old) of a token, or of its sequence
///     L = average of surrogate(ρ, A)  +  β · average of KL(π ‖ π_ref)
///
/// | setting | token | sequence mean | sequence product |
/// |---|---|---|---|
/// | log ρ_t | log π_t − log π_old,t | mean over the sequence of the same | their sum |
///
/// Sources: Shao et al. 2024, arXiv:2402.03300, eq. 3 (GRPO); Yu et al. 2025, arXiv:2503.14476, eq. 8 (DAPO); Liu et
/// al. 2025, arXiv:2503.20783, eq. 4 (Dr. GRPO); Zheng et al. 2025, arXiv:2507.18071, eq. 5 and 7 (GSPO). Departures:
/// log ρ is held in ±20; with ``weighsKL`` the KL is multiplied by ρ, as TRL does from 1.16 on, which makes its gradient
/// that of the reverse KL. A, π_old and π_ref are detached. The denominator is that of ``average``.
public struct PolicyGradientLoss: Sendable {
  /// What the ratio is of.
  public enum Ratio: String, Sendable, CaseIterable {
    /// Each token's own.
    case token
    /// The geometric mean over a sequence's tokens: GSPO.
    case sequence
    /// The whole sequence's, a product: RLOO.
    case product
  }

  /// How token losses become one number. All are sums over one step's completions divided by a count of the same
  /// step, so no result depends on how the step is split into forward passes.
  public enum Average: Sendable, Equatable {
    /// The mean over sequences of each one's mean over its tokens.
    case sequenceMeans
    /// The mean over all tokens.
    case tokens
    /// The mean over sequences of each one's sum.
    case sequenceSums
    /// The sum over all tokens, divided by sequences times a constant length.
    case constantLength(Int)
  }

  /// What the ratio is of.
  public var ratio: Ratio
  /// What advantage and ratio are worth together.
  public var surrogate: any PolicySurrogate
  /// How token losses become one number.
  public var average: Average
  /// β, at least 0; 0 needs no reference.
  public var klCoefficient: Double
  /// The estimate of the KL; k3 and k2 make sense in a loss.
  public var klEstimator: KLEstimator
  /// Whether the KL is multiplied by ρ.
  public var weighsKL: Bool
  /// δ: sequences with a negative advantage whose mean log π_old − log π is above it are left out; nil keeps all. The
  /// policy has all but forgotten them, and pushing further down is noise. Source: DeepSeek-AI 2025,
  /// arXiv:2512.02556, section 3.1.
  public var offPolicyBound: Double?

  /// Creates a loss; the defaults are GRPO's without KL.
  public init(
    ratio: Ratio = .token, surrogate: any PolicySurrogate = ClippedPolicyLoss(),
    average: Average = .sequenceMeans, klCoefficient: Double = 0, klEstimator: KLEstimator = .k3,
    weighsKL: Bool = true, offPolicyBound: Double? = nil
  ) {
    requireArguments(
      klCoefficient >= 0, "policy gradient",
      "the KL coefficient must be at least 0; got \(klCoefficient)")
    self.ratio = ratio
    self.surrogate = surrogate
    self.average = average
    self.klCoefficient = klCoefficient
    self.klEstimator = klEstimator
    self.weighsKL = weighsKL
    self.offPolicyBound = offPolicyBound
  }

  /// What was recorded when the completions of one microbatch were drawn; all tensors `[B, T]`.
  public struct Rollouts {
    /// log π_old in nats; nil where the policy has not changed since: the ratio is then 1, its gradient is not 0.
    public var oldLogProbs: Tensor?
    /// log π_ref in nats; nil where no KL is wanted.
    public var referenceLogProbs: Tensor?
    /// A.
    public var advantages: Tensor
    /// 1 on tokens that count; elsewhere the others may hold anything.
    public var mask: Tensor

    /// Joins what the loss needs.
    public init(
      oldLogProbs: Tensor?, referenceLogProbs: Tensor? = nil, advantages: Tensor, mask: Tensor
    ) {
      self.oldLogProbs = oldLogProbs
      self.referenceLogProbs = referenceLogProbs
      self.advantages = advantages
      self.mask = mask
    }
  }

  /// The items the loss of these completions is a mean over; sums over the parts of a step.
  ///
  /// - Parameter mask: 1 on tokens that count, `[B, T]`.
  /// - Returns: sequences, tokens, or sequences times a length.
  public func weight(_ mask: Tensor) -> Double {
    switch average {
    case .sequenceMeans, .sequenceSums: Double(mask.size(0))
    case .tokens: mask.to(.bool).to(.float64).sum().item
    case .constantLength(let length): Double(mask.size(0) * length)
    }
  }

  /// Loss of one microbatch.
  ///
  /// - Parameters:
  ///   - tokenLogProbs: log π in nats, `[B, T]`; carries the gradient.
  ///   - rollouts: what was recorded before.
  /// - Returns: the loss, weighing ``weight(_:)``, with `policy_loss` (without the KL), `clip_ratio/low_mean`,
  ///   `clip_ratio/high_mean`, `clip_ratio/region_mean` (shares of tokens), and with a reference `kl` (nats a token) and
  ///   `kl_sequence` (nats a sequence).
  public func callAsFunction(tokenLogProbs: Tensor, rollouts: Rollouts) -> Terms {
    requireShapes(tokenLogProbs, rollouts)
    let isPadding = not(rollouts.mask.to(.bool))
    func emptied(_ tensor: Tensor) -> Tensor { tensor.widened.filled(where: isPadding, with: 0) }
    // Padding is emptied before the exponential: an infinity there would turn its zero gradient into NaN.
    let logProbs = emptied(tokenLogProbs)
    let old = rollouts.oldLogProbs.map { emptied($0.detached()) } ?? logProbs.detached()
    let advantages = emptied(rollouts.advantages.detached())
    let difference = logProbs - old
    let ratio = exp(logRatio(difference, rollouts.mask).clamped(-20, 20))  // [B, T]

    var tokens = surrogate(ratio: ratio, tokenLogProbs: logProbs, advantages: advantages)
    if let bound = offPolicyBound {
      let isForgotten = means(-difference.detached(), rollouts.mask) .> bound  // [B, 1]
      tokens.losses = tokens.losses.filled(
        where: isForgotten.expanded(ratio.shape) .&& (advantages .< 0), with: 0)
    }
    let policyLoss = averaged(tokens.losses, rollouts.mask)
    let weight = weight(rollouts.mask)
    var metrics = clipMetrics(tokens, rollouts.mask)
    metrics["policy_loss"] = Mean(value: policyLoss, weight: weight)
    guard let reference = rollouts.referenceLogProbs else {
      return Terms(loss: policyLoss, weight: weight, metrics: metrics)
    }
    let kl = klEstimator(logProbs - emptied(reference.detached()))
    metrics.merge(klMetrics(kl, rollouts.mask)) { first, _ in first }
    guard klCoefficient > 0 else {
      return Terms(loss: policyLoss, weight: weight, metrics: metrics)
    }
    let penalty = averaged(weighsKL ? ratio * kl : kl, rollouts.mask)
    return Terms(loss: policyLoss + klCoefficient * penalty, weight: weight, metrics: metrics)
  }

  /// log ρ of every token, `[B, T]`, from differences that are 0 on padding.
  private func logRatio(_ difference: Tensor, _ mask: Tensor) -> Tensor {
    switch ratio {
    case .token: difference
    case .sequence: means(difference, mask).expanded(difference.shape)
    case .product: difference.sum(1, keep: true).expanded(difference.shape)
    }
  }

  /// Means over each row's tokens, `[B, 1]`; 0 for a row without.
  private func means(_ x: Tensor, _ mask: Tensor) -> Tensor {
    let counts = mask.to(.bool).to(x.elementType).sum(1, keep: true).clamped(min: 1)
    return x.filled(where: not(mask.to(.bool)), with: 0).sum(1, keep: true) / counts
  }

  private func averaged(_ losses: Tensor, _ mask: Tensor) -> Tensor {
    let counted = losses.filled(where: not(mask.to(.bool)), with: 0)
    switch average {
    case .sequenceMeans: return means(losses, mask).mean()
    case .tokens: return maskedMean(losses, mask)
    case .sequenceSums: return counted.sum(1).mean()
    case .constantLength(let length): return counted.sum() / Double(mask.size(0) * length)
    }
  }

  private func clipMetrics(_ tokens: TokenLosses, _ mask: Tensor) -> [String: Mean] {
    let count = mask.to(.bool).to(.float64).sum().item
    return [
      "clip_ratio/low_mean": tokens.isClippedLow, "clip_ratio/high_mean": tokens.isClippedHigh,
      "clip_ratio/region_mean": tokens.isClippedLow .|| tokens.isClippedHigh,
    ].mapValues { Mean(value: maskedMean($0.to(.float32), mask), weight: count) }
  }

  private func klMetrics(_ kl: Tensor, _ mask: Tensor) -> [String: Mean] {
    let count = mask.to(.bool).to(.float64).sum().item
    let sums = kl.detached().filled(where: not(mask.to(.bool)), with: 0).sum(1)
    return [
      "kl": Mean(value: maskedMean(kl.detached(), mask), weight: count),
      "kl_sequence": Mean(value: sums.mean(), weight: Double(mask.size(0))),
    ]
  }

  private func requireShapes(_ tokenLogProbs: Tensor, _ rollouts: Rollouts) {
    var tensors = [
      (name: "log-probs", tensor: tokenLogProbs), ("advantages", rollouts.advantages),
      ("mask", rollouts.mask),
    ]
    if let old = rollouts.oldLogProbs { tensors.append(("old log-probs", old)) }
    if let reference = rollouts.referenceLogProbs {
      tensors.append(("reference log-probs", reference))
    }
    requireEqualShapes("policy gradient", tensors)
    requireArguments(
      klCoefficient == 0 || rollouts.referenceLogProbs != nil, "policy gradient",
      "the KL needs the reference's log-probs; pass them, or set the KL coefficient to 0")
  }
}
