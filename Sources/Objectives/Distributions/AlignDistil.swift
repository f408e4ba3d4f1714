// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Token-level alignment as distillation: two models' logits make a teacher, and the policy follows it by reverse KL.
///
/// With z⁺ of a preference-trained model and z⁻ of its contrast (the reference, or a model trained on swapped pairs), at
/// each token t
///
///     z* = z⁺ + α (z⁺ − z⁻)        ``Origin/aligned``: beyond the aligned model
///     z* = z⁻ + α (z⁺ − z⁻)        ``Origin/contrast``: theorem 1 with α = β/β′
///     α_t constant, or α_t = s · d_t + 10⁻³ with d_t = Σ_v |softmax(z⁺)_v − softmax(z⁻)_v|
///     L_t = (β/α_t) KL(softmax(z_θ) ‖ softmax(z*/T))
///     L = mean over completions of the mean of L_t over their tokens
///
/// Theorem 1: with r = β log π⁺/π⁻, E_π[r − β′ log π/π⁻] = −β′ KL(π‖π*) + β′ log Z, so following the teacher is the
/// RLHF objective at every token.
///
/// Source: Zhang et al. 2025, arXiv:2503.02832, theorem 1 and the released code's four modes.
///
/// Departures: the released code applies the mask of token t to the logits that predict token t + 1; here each row of
/// logits is the one that predicts its token. The teacher is detached. Tokens that z⁺ or z⁻ forbids (−∞) are left out of
/// all three distributions; logits beyond the smallest vocabulary are cut off.
public struct AlignDistil: Sendable, Equatable {
  /// Where the teacher's line through the two models begins.
  public enum Origin: Sendable, Equatable {
    /// At z⁺.
    case aligned
    /// At z⁻.
    case contrast
  }

  /// How two distributions are told apart.
  public enum Distance: Sendable, Equatable {
    /// Σ_v |p_v − q_v|, from 0 to 2: what the released code computes.
    case l1
    /// Half of that: total variation, from 0 to 1.
    case totalVariation
  }

  /// α: how far the teacher goes along z⁺ − z⁻.
  public enum Strength: Sendable, Equatable {
    /// The same at every token, above 0.
    case constant(Double)
    /// `scale` times the distance of the two models at the token, and 10⁻³.
    case adaptive(scale: Double, distance: Distance = .l1)
  }

  /// β of the two models' training, above 0.
  public var beta: Double
  /// Where the teacher begins.
  public var origin: Origin
  /// How far it goes.
  public var strength: Strength
  /// T: divides the teacher's logits, above 0.
  public var temperature: Double
  /// Whether each completion's sum is divided by its tokens.
  public var normalizesLength: Bool

  /// Creates the loss; the defaults are the released code's on policy, whose scale is 10 off policy.
  public init(
    beta: Double = 0.1, origin: Origin = .aligned,
    strength: Strength = .adaptive(scale: 15), temperature: Double = 1,
    normalizesLength: Bool = true
  ) {
    self.beta = beta
    self.origin = origin
    self.strength = strength
    self.temperature = temperature
    self.normalizesLength = normalizesLength
  }

  /// What the policy is to follow at N tokens.
  public struct Teacher {
    /// log π*, `[N, V]`; −∞ where a token is forbidden.
    public let logProbs: Tensor
    /// α, `[N]`.
    public let strengths: Tensor
    /// β log π⁺/π⁻, `[N, V]`; 0 where a token is forbidden.
    public let rewards: Tensor
    /// True where a token is forbidden, `[N, V]`.
    let isForbidden: Tensor
  }

  /// The teacher of N tokens, without gradient.
  ///
  /// - Parameters:
  ///   - aligned: z⁺, `[N, V]`.
  ///   - contrast: z⁻, `[N, V′]`.
  /// - Returns: over the smaller vocabulary.
  public func teacher(aligned: Tensor, contrast: Tensor) -> Teacher {
    requireArguments(
      aligned.rank == 2 && contrast.rank == 2 && aligned.size(0) == contrast.size(0),
      "AlignDistil",
      "logits must be [N, V] with as many tokens each; got \(aligned.shape) and \(contrast.shape)")
    return withoutGrad {
      let width = Swift.min(aligned.size(1), contrast.size(1))
      let plus = aligned.narrowed(1, 0..<width).widened
      let minus = contrast.narrowed(1, 0..<width).widened
      let isForbidden = not(isFinite(plus) .&& isFinite(minus))
      func logProbs(_ logits: Tensor) -> Tensor {
        logits.filled(where: isForbidden, with: -.infinity).logSoftmax(1)
      }
      let above = logProbs(plus)
      let below = logProbs(minus)
      let gap = (above - below).filled(where: isForbidden, with: 0)
      let strengths = strengths(exp(above), exp(below))  // [N]
      let start = origin == .aligned ? above : below
      let mixed = (start + strengths.unsqueezed(1) * gap) / temperature
      return Teacher(
        logProbs: mixed.logSoftmax(1), strengths: strengths, rewards: beta * gap,
        isForbidden: isForbidden)
    }
  }

  private func strengths(_ above: Tensor, _ below: Tensor) -> Tensor {
    let distances = abs(above - below).sum(1)
    return switch strength {
    case .constant(let value): distances * 0 + value
    case .adaptive(let scale, .l1): scale * distances + 1e-3
    case .adaptive(let scale, .totalVariation): scale * distances / 2 + 1e-3
    }
  }

  /// L_t of N tokens, `[N]`.
  ///
  /// - Parameters:
  ///   - policy: z_θ, `[N, V]`; carries the gradient.
  ///   - teacher: made by ``teacher(aligned:contrast:)``.
  /// - Returns: nats times β/α.
  public func tokenLosses(policy: Tensor, teacher: Teacher) -> Tensor {
    beta / teacher.strengths * divergences(logProbs(policy, teacher), teacher)
  }

  /// Loss of N tokens of B completions.
  ///
  /// - Parameters:
  ///   - policy: the logits that predict each token, `[N, V]`; carries the gradient.
  ///   - aligned: those of the preference-trained model, `[N, V]`.
  ///   - contrast: those of the reference or of the model of swapped pairs, `[N, V]`.
  ///   - rows: the completion of each token, int64, `[N]`, each from 0 to B − 1.
  ///   - rowCount: B, at least 1.
  /// - Returns: the mean over the B completions; as plain means over tokens `distillation/kl` (KL to the teacher),
  ///   `distillation/strength` (α) and `distillation/reward` (E_π β log π⁺/π⁻).
  public func callAsFunction(
    policy: Tensor, aligned: Tensor, contrast: Tensor, rows: Tensor, rowCount: Int
  ) -> Terms {
    let teacher = teacher(aligned: aligned, contrast: contrast)
    requireArguments(
      policy.rank == 2 && policy.size(0) == aligned.size(0), "AlignDistil",
      "the policy's logits must be [N, V] with N = \(aligned.size(0)); got \(policy.shape)")
    let logProbs = logProbs(policy, teacher)
    let divergences = divergences(logProbs, teacher)
    let losses = beta / teacher.strengths * divergences
    func rowSums(_ values: Tensor) -> Tensor {
      Tensor.zeros([rowCount], elementType: values.elementType, device: values.device)
        .scatterAdding(0, rows, values)
    }
    let counts = rowSums(losses.detached() * 0 + 1).clamped(min: 1)
    let sums = rowSums(losses)
    let tokenCount = Double(losses.elementCount)
    let earned = (exp(logProbs.detached()) * teacher.rewards).sum(1)
    return Terms(
      loss: (normalizesLength ? sums / counts : sums).mean(), weight: Double(rowCount),
      metrics: [
        "distillation/kl": Mean(value: divergences.detached().mean(), weight: tokenCount),
        "distillation/strength": Mean(value: teacher.strengths.mean(), weight: tokenCount),
        "distillation/reward": Mean(value: earned.mean(), weight: tokenCount),
      ])
  }

  /// log π_θ over the teacher's vocabulary, `[N, V]`; −∞ where forbidden.
  private func logProbs(_ policy: Tensor, _ teacher: Teacher) -> Tensor {
    let width = teacher.logProbs.size(1)
    requireArguments(
      policy.size(1) >= width, "AlignDistil",
      "the policy knows \(policy.size(1)) tokens, its teachers \(width); "
        + "cut the teachers' logits to the policy's vocabulary")
    return policy.narrowed(1, 0..<width).widened
      .filled(where: teacher.isForbidden, with: -.infinity).logSoftmax(1)
  }

  /// KL(π_θ‖π*), `[N]`.
  private func divergences(_ logProbs: Tensor, _ teacher: Teacher) -> Tensor {
    let gap = (logProbs - teacher.logProbs).filled(where: teacher.isForbidden, with: 0)
    return (exp(logProbs) * gap).sum(1)
  }
}
