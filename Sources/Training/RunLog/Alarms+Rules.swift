// SPDX-License-Identifier: Apache-2.0

/// One function an alarm: what it saw and what to do, or nil.
extension Alarms {
  typealias Values = [String: Double]

  func notFinite(_ metrics: [(name: String, value: Double)]) -> String? {
    let broken = metrics.filter { !$0.value.isFinite }
    guard !broken.isEmpty else { return nil }
    let list = broken.map { "\($0.name) is \(NumberText.short($0.value))" }
    return """
      \(list.joined(separator: ", ")); the weights may be damaged from here on. Resume from the last \
      checkpoint before this step with a lower learning_rate, a lower max_grad_norm or warm-up; with \
      bf16, try float32.
      """
  }

  mutating func stuckLoss(_ values: Values, step: Int) -> String? {
    guard let loss = values["loss"], values["rewards/margins"] != nil else { return nil }
    guard neverLeftLn2(loss), step >= bounds.stuckLossStep else { return nil }
    return """
      the loss is still exactly ln 2 = 0.693147, so policy and reference are equal and nothing \
      trains. Check that learning_rate and beta are above 0 and that the policy's weights (or its \
      adapter) are not frozen; bfloat16 weights also swallow very small updates.
      """
  }

  mutating func fallingChosen(_ values: Values) -> String? {
    let margins = means("rewards/margins", values["rewards/margins"])
    let chosen = means("logps/chosen", values["logps/chosen"])
    guard let margins, let chosen, margins.newest > margins.first else { return nil }
    let fall = chosen.first - chosen.newest
    guard fall > max(bounds.chosenFallNats, bounds.chosenFall * abs(chosen.first)) else {
      return nil
    }
    return """
      rewards/margins grows while logps/chosen fell from \(NumberText.short(chosen.first)) to \
      \(NumberText.short(chosen.newest)): the policy unlearns the chosen texts too. Raise beta, lower \
      learning_rate, or train fewer steps.
      """
  }

  mutating func highKL(_ values: Values) -> String? {
    // KTO and online DPO log `kl` summed over a completion, group methods as a mean per token.
    let isSequenceSum = values["rewards/chosen"] != nil
    let tokenKL = isSequenceSum ? nil : values["kl"]
    let sequenceKL = values["objective/kl"] ?? (isSequenceSum ? values["kl"] : nil)
    let tokenIsHigh = holds(
      tokenKL.map { $0 > bounds.tokenKL }, "kl/token", count: bounds.klCount)
    let sequenceIsHigh = holds(
      sequenceKL.map { $0 > bounds.sequenceKL }, "kl/sequence", count: bounds.klCount)

    let found: String
    if tokenIsHigh, let tokenKL {
      found =
        "\(NumberText.short(tokenKL)) nats a token (bound \(NumberText.short(bounds.tokenKL)))"
    } else if sequenceIsHigh, let sequenceKL {
      found = """
        \(NumberText.short(sequenceKL)) nats a completion \
        (bound \(NumberText.short(bounds.sequenceKL)))
        """
    } else {
      return nil
    }
    return """
      the policy is far from its reference: KL is \(found). A reward this far out is often \
      exploited rather than earned; read samples, raise kl_coef or beta, or lower learning_rate.
      """
  }

  mutating func collapsedEntropy(_ values: Values) -> String? {
    // Entropy that falls while imitating is learning; only sampled training starves from it.
    guard values["reward"] != nil || values["objective/scores"] != nil else { return nil }
    for name in ["entropy", "objective/entropy", "policy/entropy_avg"] {
      guard let entropy = means(name, values[name]), entropy.first > 0 else { continue }
      guard entropy.newest < bounds.entropyShare * entropy.first else { continue }
      return """
        \(name) fell from \(NumberText.short(entropy.first)) to \(NumberText.short(entropy.newest)) \
        nats: the policy says nearly the same each time and learns no more. Lower learning_rate, \
        raise kl_coef, beta or epsilon_high, keep temperature at 1, and use more varied prompts.
        """
    }
    return nil
  }

  mutating func uselessValues(_ values: Values) -> String? {
    let name = "value/explained_variance"
    let isUseless = values[name].map { !($0 > 0) }
    guard holds(isUseless, name, count: bounds.unexplainedCount) else { return nil }
    return """
      \(name) has been 0 or less for \(bounds.unexplainedCount) logged steps: the value head predicts \
      returns no better than their mean. Raise vf_coef or num_ppo_epochs, start the critic from \
      the reward model, or check that rewards are of a usual size (whiten_rewards).
      """
  }

  mutating func cutCompletions(_ values: Values) -> String? {
    // PPO counts end tokens instead: none at all means the same.
    let isCut =
      values["completions/clipped_ratio"].map { $0 >= 1 }
      ?? values["val/num_eos_tokens"].map { $0 <= 0 }
    guard holds(isCut, "all_cut", count: bounds.repeatCount) else { return nil }
    return """
      all completions are cut at the length limit, none ends by itself, so rewards judge unfinished \
      texts. Raise max_completion_length, check that the end token is trained \
      and is the one sampling stops at (eos_token_id), or set missing_eos_penalty.
      """
  }

  mutating func equalRewards(_ values: Values) -> String? {
    let isEqual =
      values["frac_reward_zero_std"].map { $0 >= 1 } ?? values["reward_std"].map { $0 == 0 }
    guard holds(isEqual, "no_reward_spread", count: bounds.repeatCount) else { return nil }
    return """
      the completions of every group have equal rewards, so advantages are zero and nothing is \
      learned. Use prompts that are neither solved nor failed each time, a finer reward, more \
      completions, or a higher temperature; check that the reward function is not constant.
      """
  }

  mutating func zeroGradient(_ values: Values) -> String? {
    let isZero = values["grad_norm"].map { $0 == 0 }
    guard holds(isZero, "no_gradient", count: bounds.repeatCount) else { return nil }
    return """
      grad_norm is exactly 0: no trainable weight gets a gradient. Check which weights are \
      trainable, that the loss covers tokens at all (masks, \
      max_length), and for sampled groups that their rewards differ.
      """
  }
}
