# SPDX-License-Identifier: Apache-2.0
"""The formulas behind the fixtures, in float64 PyTorch: plain, slow and independent of Attune.

Shapes: B sequences or pairs, T completion positions, V vocabulary. `mask` [B, T] is 1 on real
tokens. Every loss is differentiated by autograd; make_fixtures.py checks that against central
differences.
"""

import torch
from torch.nn.functional import logsigmoid, softplus

# --- pairs ---------------------------------------------------------------------------------------


def dpo(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta, smoothing):
    """[B] losses: -(1 - e) log s(beta h) - e log s(-beta h)."""
    h = (policy_chosen - policy_rejected) - (reference_chosen - reference_rejected)
    return -(1 - smoothing) * logsigmoid(beta * h) - smoothing * logsigmoid(-beta * h)


def bradley_terry(chosen, rejected, margin=None, smoothing=0.0, center=0.0, l2=0.0):
    """Scalar: mean over pairs of softplus(-(c - r - m)), smoothed, plus the two score penalties."""
    d = chosen - rejected - (0.0 if margin is None else margin)
    loss = ((1 - smoothing) * softplus(-d) + smoothing * softplus(d)).mean()
    loss = loss + center * ((chosen + rejected) ** 2).mean()
    return loss + l2 * torch.cat([chosen, rejected]).square().mean()


def k_wise(scores):
    """Mean Bradley-Terry loss over all pairs of scores given best first."""
    losses = [softplus(scores[j] - scores[i]) for i in range(len(scores)) for j in range(i + 1, len(scores))]
    return torch.stack(losses).mean()


def plackett_luce(scores):
    """-sum_i [s_i - logsumexp(s_i..)] for scores given best first."""
    return -sum(scores[i] - torch.logsumexp(scores[i:], 0) for i in range(len(scores)))


# --- KL ------------------------------------------------------------------------------------------


def kl_estimators(d):
    """Per-token estimators of KL(policy || reference) from d = log policy - log reference."""
    return {"k1": d, "abs": d.abs(), "k2": d**2 / 2, "k3": torch.exp(-d) - 1 + d}


def adaptive_coefficients(initial, target, horizon, batch, measured):
    """Ziegler et al. 2019: the coefficient after each measured sequence KL."""
    coefficient, result = initial, []
    for kl in measured:
        error = min(max(kl / target - 1, -0.2), 0.2)
        coefficient *= 1 + error * batch / horizon
        result.append(coefficient)
    return result


# --- rollouts ------------------------------------------------------------------------------------


def length_mask(lengths, width):
    return (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).double()


def token_rewards(log_probs, reference, lengths, scores, beta, position):
    """-beta k1 on real tokens; the score on the last one, or one past it where there is room."""
    width = log_probs.shape[1]
    rewards = -beta * (log_probs - reference) * length_mask(lengths, width)
    for row, (length, score) in enumerate(zip(lengths, scores)):
        index = length if position == "afterLast" and length < width else length - 1
        rewards[row, index] += score
    return rewards


def gae(rewards, values, gamma, lam, mask):
    """Advantages and returns [B, T]; what lies past the mask counts as a value of 0."""
    rewards, values = rewards * mask, values * mask
    advantages = torch.zeros_like(rewards)
    following_advantage = torch.zeros(len(rewards), dtype=torch.float64)
    following_value = torch.zeros(len(rewards), dtype=torch.float64)
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * following_value - values[:, t]
        following_advantage = (delta + gamma * lam * following_advantage) * mask[:, t]
        advantages[:, t] = following_advantage
        following_value = values[:, t]
    return advantages, (advantages + values) * mask


def masked_mean(x, mask):
    return (x * mask).sum() / mask.sum()


def whiten(x, mask, shift=True, unbiased=False, epsilon=1e-8):
    """(x - mean) / sqrt(var + epsilon) over the masked entries, 0 elsewhere."""
    mean = masked_mean(x, mask)
    count = mask.sum()
    variance = ((x - mean) ** 2 * mask).sum() / (count - 1 if unbiased else count)
    whitened = (x - mean) / torch.sqrt(variance + epsilon)
    return (whitened if shift else whitened + mean) * mask


def ppo_policy_tokens(log_probs, old, advantages, epsilon, dual_clip=None):
    """[B, T] clipped surrogate losses; with dual_clip c, at most -A c where A < 0."""
    ratio = torch.exp(log_probs - old)
    clipped = torch.clamp(ratio, 1 - epsilon, 1 + epsilon)
    loss = torch.maximum(-advantages * ratio, -advantages * clipped)
    if dual_clip is not None:
        loss = torch.where(advantages < 0, torch.minimum(loss, -advantages * dual_clip), loss)
    return loss


def value_tokens(values, old_values, returns, epsilon=None):
    """[B, T] squared errors; with epsilon the worse of the plain and the clipped value's."""
    plain = (values - returns) ** 2
    if epsilon is None:
        return plain
    clipped = torch.maximum(torch.minimum(values, old_values + epsilon), old_values - epsilon)
    return torch.maximum(plain, (clipped - returns) ** 2)


def entropies(logits):
    """[B, T] entropies in nats of softmax(logits [B, T, V])."""
    log_p = torch.log_softmax(logits, -1)
    return -(log_p.exp() * log_p).sum(-1)
