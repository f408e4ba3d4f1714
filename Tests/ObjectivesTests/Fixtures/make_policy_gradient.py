# SPDX-License-Identifier: Apache-2.0
"""Writes policy_gradient.json: losses of methods without a critic, with their gradients, in float64.

    pip install torch==2.13.0
    python make_policy_gradient.py

Each case is written out as its paper has it, sequence by sequence and token by token in plain loops; autograd
gives the gradients. Nothing is random.
"""

import json
from pathlib import Path

import torch

LOG_PROBS = [[-1.0, -0.5, -2.0, -0.3, -0.9], [-0.7, -1.2, -0.1, 0, 0], [-2.5, -0.05, -1.1, -0.6, 0]]
OLD = [[-1.3, -0.4, -1.2, -0.3, -1.6], [-0.9, -1.0, -0.9, 0, 0], [-2.1, -0.3, -1.0, -0.2, 0]]
REFERENCE = [[-1.1, -0.7, -1.5, -0.3, -1.0], [-0.9, -1.0, -0.4, 0, 0], [-1.9, -0.1, -1.6, -0.7, 0]]
LENGTHS = [5, 3, 4]
ADVANTAGES = [1.0, -0.5, 0.75]
LIMIT = 6


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def clipped(low, high, delta=None):
    def loss(ratio, log_prob, advantage):
        free = torch.clamp(ratio, max=delta) if delta else ratio
        return -torch.minimum(free * advantage, torch.clamp(ratio, 1 - low, 1 + high) * advantage)

    return loss


def cispo(largest):
    return lambda ratio, log_prob, advantage: -torch.clamp(ratio.detach(), max=largest) * advantage * log_prob


def sapo(positive, negative):
    def loss(ratio, log_prob, advantage):
        temperature = positive if advantage > 0 else negative
        return -4 / temperature * torch.sigmoid(temperature * (ratio - 1)) * advantage

    return loss


def total(log_probs, level, surrogate, average, beta=0.0, weighs=True, estimator="k3"):
    old, reference = tensor(OLD), tensor(REFERENCE)
    sums, means = [], []
    for row, length in enumerate(LENGTHS):
        differences = [log_probs[row, t] - old[row, t] for t in range(length)]
        whole = sum(differences)
        losses = []
        for t in range(length):
            exponent = {"token": differences[t], "sequence": whole / length, "product": whole}[level]
            ratio = torch.exp(exponent)
            loss = surrogate(ratio, log_probs[row, t], tensor(ADVANTAGES[row]))
            if beta:
                d = log_probs[row, t] - reference[row, t]
                kl = d * d / 2 if estimator == "k2" else torch.exp(-d) - 1 + d
                loss = loss + beta * kl * (ratio if weighs else 1)
            losses.append(loss)
        sums.append(sum(losses))
        means.append(sum(losses) / length)
    rows = len(LENGTHS)
    return {
        "sequence_means": lambda: sum(means) / rows,
        "sequence_sums": lambda: sum(sums) / rows,
        "tokens": lambda: sum(sums) / sum(LENGTHS),
        "constant": lambda: sum(sums) / (rows * LIMIT),
    }[average]()


CASES = {
    "grpo": ("token", clipped(0.2, 0.2), "sequence_means"),
    "bnpo": ("token", clipped(0.2, 0.2), "tokens"),
    "dapo": ("token", clipped(0.2, 0.28), "tokens"),
    "dr_grpo": ("token", clipped(0.2, 0.2), "constant"),
    "gspo": ("sequence", clipped(0.02, 0.03), "sequence_means"),
    "luspo": ("sequence", clipped(0.2, 0.2), "sequence_sums"),
    "cispo": ("token", cispo(1.2), "tokens"),
    "sapo": ("token", sapo(1.0, 1.05), "sequence_means"),
    "two_sided": ("token", clipped(0.2, 0.2, 1.5), "sequence_means"),
    "rloo": ("product", clipped(0.2, 0.2), "sequence_means"),
    "kl": ("token", clipped(0.2, 0.2), "sequence_means", 0.04),
    "plain_kl": ("token", clipped(0.2, 0.28), "tokens", 0.04, False),
    "k2": ("sequence", clipped(0.2, 0.2), "sequence_means", 0.3, True, "k2"),
}

results = {}
for name, case in CASES.items():
    leaf = tensor(LOG_PROBS).requires_grad_()
    value = total(leaf, *case)
    (gradient,) = torch.autograd.grad(value, leaf)
    results[name] = {"loss": value.item(), "gradient": gradient.tolist()}

mask = [[1.0 if t < length else 0.0 for t in range(5)] for length in LENGTHS]
document = {
    "log_probs": LOG_PROBS, "old": OLD, "reference": REFERENCE, "mask": mask,
    "advantages": [[value] * 5 for value in ADVANTAGES], "cases": results,
}
lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
(Path(__file__).resolve().parent / "policy_gradient.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
