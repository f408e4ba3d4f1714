// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Generalized advantage estimation: how much better each action turned out than the critic expected.
///
///     δ_t = r_t + γ V_{t+1} − V_t        A_t = δ_t + γ λ A_{t+1}        R_t = A_t + V_t
///
/// V and A are 0 past the last real token. λ = 1 gives the rewards to come minus V (no bias), λ = 0 gives δ (least
/// variance). Source: Schulman et al. 2016, arXiv:1506.02438, eq. 16. Departures: none. Whiten A afterwards; R, the
/// critic's target, comes from the A before that. Nothing carries a gradient.
public struct GeneralizedAdvantage: Sendable, Equatable {
  /// γ in [0, 1]: what a reward one token later is worth; usual 1 for language.
  public var gamma: Double
  /// λ in [0, 1]; usual 0.95.
  public var gaeLambda: Double

  /// Creates the estimator; the defaults are those for language.
  public init(gamma: Double = 1, gaeLambda: Double = 0.95) {
    requireArguments(
      (0...1).contains(gamma) && (0...1).contains(gaeLambda), "GAE",
      "gamma and lambda must be within 0 and 1; got \(gamma) and \(gaeLambda)")
    self.gamma = gamma
    self.gaeLambda = gaeLambda
  }

  /// Advantages and returns of B completions.
  ///
  /// - Parameters:
  ///   - rewards: r, `[B, T]`.
  ///   - values: V of the state before each token, `[B, T]`.
  ///   - mask: 1 where rewards and values count, `[B, T]`; elsewhere they may hold anything. An episode ends where
  ///     the ones do.
  /// - Returns: A and R, `[B, T]`, detached, of the type of `rewards` (float32 at least); 0 where the mask is.
  public func callAsFunction(
    rewards: Tensor, values: Tensor, mask: Tensor
  ) -> (advantages: Tensor, returns: Tensor) {
    requireEqualShapes("GAE", [("rewards", rewards), ("values", values), ("mask", mask)])
    requireArguments(rewards.rank == 2, "GAE", "rewards must be [B, T]; got \(rewards.shape)")
    // One pass over Swift arrays: T dependent steps of B numbers are too small for tensor operations.
    let reward = rewards.doubles
    let value = values.doubles
    let isReal = mask.to(.bool).array(of: Bool.self)
    let width = rewards.size(1)
    var advantages = [Double](repeating: 0, count: reward.count)
    var returns = advantages
    for row in 0..<rewards.size(0) {
      var nextValue = 0.0
      var nextAdvantage = 0.0
      for index in stride(from: (row + 1) * width - 1, through: row * width, by: -1) {
        guard isReal[index] else {
          nextValue = 0
          nextAdvantage = 0
          continue
        }
        let delta = reward[index] + gamma * nextValue - value[index]
        nextAdvantage = delta + gamma * gaeLambda * nextAdvantage
        nextValue = value[index]
        advantages[index] = nextAdvantage
        returns[index] = nextAdvantage + nextValue
      }
    }
    let type: ElementType = rewards.elementType == .float64 ? .float64 : .float32
    func place(_ numbers: [Double]) -> Tensor {
      Tensor(numbers, shape: rewards.shape).to(type).to(rewards.device)
    }
    return (place(advantages), place(returns))
  }
}
