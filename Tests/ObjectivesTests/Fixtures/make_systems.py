# SPDX-License-Identifier: Apache-2.0
"""Makes systems.json beside this script: losses of games, distributions and segments, in float64.

    pip install torch==2.13.0
    python make_systems.py

The formulas are written once more here over plain PyTorch; gradients are autograd's. PUBLISHED values are rounded
ones computed elsewhere; a difference stops the script. Nothing is random.
"""

import json
from math import log
from pathlib import Path

import torch
from torch.nn.functional import softplus

torch.set_default_dtype(torch.float64)
HERE = Path(__file__).resolve().parent


def leaf(values):
    return torch.tensor(values, requires_grad=True)


def graded(loss, *leaves):
    return {"loss": loss.item(), "gradients": [g.tolist() for g in torch.autograd.grad(loss, leaves)]}


def games():
    first, second = leaf([-1.2, -0.4, -2.0]), leaf([-0.9, -1.4, -0.7])
    ref_first, ref_second = torch.tensor([-1.6, -0.6, -1.5]), torch.tensor([-0.1, -1.1, -0.8])
    p = torch.tensor([0.8, 0.5, 0.1])
    h = (first - ref_first) - (second - ref_second)
    out = {"policy": [first.tolist(), second.tolist()], "reference": [ref_first.tolist(), ref_second.tolist()],
           "preferences": p.tolist(), "kl_coefficient": 0.1}
    ipo = p * (h - 5) ** 2 + (1 - p) * (h + 5) ** 2
    dpo = p * softplus(-0.1 * h) + (1 - p) * softplus(0.1 * h)
    slic = p * torch.relu(1 - 0.1 * h) + (1 - p) * torch.relu(1 + 0.1 * h)
    out["ipo"] = graded(ipo.mean(), first, second)
    out["dpo"] = graded(dpo.mean(), first, second)
    out["slic"] = graded(slic.mean(), first, second)
    advantage = (p - 0.5 - 0.1 * (first - ref_first)).detach()
    out["nash_md"] = graded(-(advantage * first).mean(), first)
    # Published: h = 1.2, tau = .1, p = .8 gives 19.24 and the slope -3.6.
    hand = leaf(1.2)
    value = 0.8 * (hand - 5) ** 2 + 0.2 * (hand + 5) ** 2
    assert abs(value.item() - 19.24) < 1e-12 and abs(torch.autograd.grad(value, hand)[0].item() + 3.6) < 1e-12
    # Published: policy (.7, .1, .1, .1) and reference (.4, .3, .2, .1) at weight .05.
    q, mu = torch.tensor([0.7, 0.1, 0.1, 0.1]), torch.tensor([0.4, 0.3, 0.2, 0.1])
    mixture = torch.softmax(0.95 * q.log() + 0.05 * mu.log(), 0)
    assert (mixture - torch.tensor([0.687659, 0.106729, 0.104587, 0.101025])).abs().max() < 1e-6
    out["mixture"] = mixture.tolist()
    return out


def f_and_slope(name, t):
    return {
        "forward_kl": (-t.log(), -1 / t),
        "reverse_kl": (t * t.log(), t.log() + 1),
        "total_variation": (0.5 * (t - 1).abs(), 0.5 * (t - 1).sign()),
        "jensen_shannon": (t * (2 * t / (t + 1)).log() + (2 / (t + 1)).log(), (2 * t / (t + 1)).log()),
        "forward_chi_squared": (t + 1 / t - 2, 1 - t**-2),
        "reverse_chi_squared": ((t - 1) ** 2, 2 * (t - 1)),
    }[name]


PUBLISHED = {
    "forward_kl": (0.193794, [0.3, -0.2, -0.1]),
    "reverse_kl": (0.223805, [0.346243, -0.220389, -0.125854]),
    "total_variation": (0.3, [0.25, -0.15, -0.1]),
    "jensen_shannon": (0.101749, [0.154635, -0.100526, -0.054110]),
}


def distributions():
    policy, target = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.5, 0.3])
    out = {"policy": policy.tolist(), "target": target.tolist(), "divergences": []}
    names = list(PUBLISHED) + ["forward_chi_squared", "reverse_chi_squared"]
    for name in names:
        # The gradient by autograd of the divergence itself, not by the policy gradient.
        logits = policy.log().clone().requires_grad_()
        pi = torch.softmax(logits, 0)
        value = (target * f_and_slope(name, pi / target)[0]).sum()
        gradient = torch.autograd.grad(value, logits)[0]
        if name in PUBLISHED:
            wanted, slope = PUBLISHED[name]
            assert abs(value.item() - wanted) < 1e-6, name
            assert (gradient - torch.tensor(slope)).abs().max() < 1e-6, name
        out["divergences"].append({
            "name": name, "value": value.item(), "slopes": f_and_slope(name, policy / target)[1].tolist(),
            "logit_gradient": gradient.tolist()})
    # One batch with a proposal, a baseline and a forbidden string.
    log_policy = leaf([-1.0, -2.0, -0.5, -3.0])
    scores, proposal = torch.tensor([-2.0, -2.5, float("-inf"), -1.0]), torch.tensor([-1.2, -1.5, -0.9, -2.0])
    t = (log_policy.detach() - (scores - (-0.7))).exp()
    slope = torch.log(torch.tensor(2.0)) - softplus(-t.log())
    rewards = -slope
    loss = ((log_policy.detach() - proposal).exp() * -(rewards - 0.25) * log_policy).mean()
    out["batch"] = {"policy": log_policy.tolist(), "target": [-2.0, -2.5, None, -1.0], "proposal": proposal.tolist(),
                    "log_normalizer": -0.7, "baseline": 0.25, "pseudo_rewards": rewards.tolist(),
                    **graded(loss, log_policy)}
    return out


def segments():
    out = {"cases": []}
    first, second = leaf([[-0.4, -0.9, -0.2]]), leaf([[-0.7, -0.3, -0.8]])
    published = [(0.1, 1, 1, 0.678260), (0.1, 0.5, 1, 0.723597), (1, 1, 0.9, 0.577693), (1, 0.5, 0.9, 1.013756)]
    out["first"], out["second"] = first.tolist(), second.tolist()
    for alpha, bias, gamma, wanted in published:
        weights = gamma ** torch.arange(3)
        s1, s2 = alpha * (first * weights).sum(1), alpha * (second * weights).sum(1)
        loss = softplus(-(s1 - bias * s2)).mean()
        assert abs(loss.item() - wanted) < 1e-6, (alpha, bias, gamma, loss.item())
        out["cases"].append({"temperature": alpha, "conservative_bias": bias, "discount": gamma,
                             **graded(loss, first, second)})
    # Two pairs with soft labels, masks, a reference and the imitation term over preferred steps.
    a, b = leaf([[-0.4, -0.9, -0.2], [-1.1, -0.3, -5.0]]), leaf([[-0.7, -0.3, -0.8], [-0.6, -2.0, -9.0]])
    ra, rb = a.detach() * 0.5 - 0.2, b.detach() * 0.3 - 0.1
    mask = torch.tensor([[1.0, 1, 1], [1, 1, 0]])
    p = torch.tensor([0.9, 0.0])
    weights = 0.9 ** torch.arange(3)
    s1 = 0.2 * ((a - ra) * weights * mask).sum(1)
    s2 = 0.2 * ((b - rb) * weights * mask).sum(1)
    loss = (p * softplus(-(s1 - 0.75 * s2)) + (1 - p) * softplus(-(s2 - 0.75 * s1))).mean()
    share = p[:, None]
    imitation = -((a * mask * share).sum() + (b * mask * (1 - share)).sum()) / (
        (mask * share).sum() + (mask * (1 - share)).sum())
    out["soft"] = {"first": a.tolist(), "second": b.tolist(), "first_reference": ra.tolist(),
                   "second_reference": rb.tolist(), "mask": mask.tolist(), "preferences": p.tolist(),
                   **graded(loss + 0.3 * imitation, a, b)}
    return out


def distillation():
    def close(found, wanted):
        assert all(abs(a - b) < 1e-6 for a, b in zip(found, wanted, strict=True)), (found, wanted)

    beta = 0.1
    plus, minus, policy = [torch.tensor([v]) for v in ([1.0, 0.5, -0.5], [0.2, 0.6, -0.1], [0.4, 0.1, 0.0])]
    # Published, theorem 1 with beta' = 0.05: teacher, beta' KL, the RLHF objective and their sum, which is beta' log Z.
    pi, p, q = policy.softmax(1), plus.softmax(1), minus.softmax(1)
    star = (2 * plus - minus).softmax(1)
    kl = (pi * (pi / star).log()).sum().item()
    objective = (pi * (beta * (p / q).log() - 0.05 * (pi / q).log())).sum().item()
    log_z = (q * (p / q) ** 2).sum().log().item()
    close(star[0].tolist(), [0.761149, 0.187697, 0.051153])
    close([0.05 * kl, objective, 0.05 * log_z], [0.018511, -0.006613, 0.011898])
    # Published, adaptive: distance, strength, teacher, divergence, coefficient and loss; then with half the distance.
    d = (p - q).abs().sum().item()
    alpha = 10 * d + 1e-3
    star = (plus + alpha * (plus - minus)).softmax(1)
    kl = (pi * (pi / star).log()).sum().item()
    close([d, alpha, kl, beta / alpha, beta / alpha * kl], [0.474410, 4.745100, 2.391498, 0.021074, 0.050399])
    close(star[0].tolist(), [0.990858, 0.008398, 0.000744])
    half = 5 * d + 1e-3
    close([half], [2.373050])
    close((plus + half * (plus - minus)).softmax(1)[0].tolist(), [0.921997, 0.066075, 0.011928])
    # Three tokens of two completions, every mode.
    plus = torch.tensor([[1.0, 0.5, -0.5, 0.1], [0.3, -1.2, 0.8, 2.0], [0.0, 0.2, -0.4, 1.0]])
    minus = torch.tensor([[0.2, 0.6, -0.1, 0.4], [0.1, 0.9, -0.3, 0.5], [0.1, 0.1, -0.2, 0.9]])
    logits = leaf([[0.4, 0.1, 0.0, -0.3], [1.1, -0.2, 0.6, 0.3], [-0.5, 0.2, 0.9, 0.1]])
    rows = torch.tensor([0, 0, 1])
    cases = []
    for origin in ("aligned", "contrast"):
        for scale in (None, 10.0, 15.0):
            for temperature, normalizes in ((1.0, True), (1.5, False)):
                gap = plus.softmax(1) - minus.softmax(1)
                strength = torch.full((3,), 2.0) if scale is None else scale * gap.abs().sum(1) + 1e-3
                start = plus if origin == "aligned" else minus
                star = ((start + strength[:, None] * (plus - minus)) / temperature).log_softmax(1)
                student = logits.log_softmax(1)
                losses = 0.3 / strength * (student.exp() * (student - star)).sum(1)
                first, second = losses[:2].sum(), losses[2]
                loss = ((first / 2 if normalizes else first) + second) / 2
                reward = (student.exp() * 0.3 * (plus.log_softmax(1) - minus.log_softmax(1))).sum(1).mean()
                cases.append({"origin": origin, "scale": scale, "temperature": temperature,
                              "normalizes": normalizes, "reward": reward.item(), **graded(loss, logits)})
    return {"aligned": plus.tolist(), "contrast": minus.tolist(), "policy": logits.tolist(), "rows": rows.tolist(),
            "beta": 0.3, "constant": 2.0, "cases": cases}


out = {"games": games(), "distributions": distributions(), "segments": segments(), "distillation": distillation()}
(HERE / "systems.json").write_text(json.dumps(out, indent=1) + "\n")
