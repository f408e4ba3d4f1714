# SPDX-License-Identifier: Apache-2.0
"""Makes the reference numbers beside this script: optimizer steps and learning-rate schedules.

    pip install torch==2.13.0 transformers==5.23.0
    python make_fixtures.py

Everything is float64 PyTorch or the schedule code of transformers; nothing is random.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import optimization

HERE = Path(__file__).resolve().parent

WEIGHT = [[0.5, -1.0, 2.0], [0.25, 0.0, -0.75]]
BIAS = [0.1, -0.2]
# One gradient a step; the bias has none in the second step.
WEIGHT_GRADIENTS = [
    [[0.1, -0.2, 0.3], [0.0, 1e-4, -5.0]],
    [[-0.3, 0.1, 0.2], [0.5, 1e-4, 4.0]],
    [[0.2, 0.2, -0.1], [-0.5, 1e-4, 0.5]],
]
BIAS_GRADIENTS = [[0.5, -0.01], None, [-0.25, 0.02]]


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def run(make_optimizer, step=None):
    """Weight and bias after each of the three steps."""
    weight, bias = tensor(WEIGHT).requires_grad_(), tensor(BIAS).requires_grad_()
    optimizer = make_optimizer(weight, bias)
    trace = []
    for weight_gradient, bias_gradient in zip(WEIGHT_GRADIENTS, BIAS_GRADIENTS):
        weight.grad = tensor(weight_gradient)
        bias.grad = None if bias_gradient is None else tensor(bias_gradient)
        optimizer.step()
        trace.append({"weight": weight.tolist(), "bias": bias.tolist()})
    return trace


class EpsilonHatAdam:
    """TensorFlow 1's Adam: lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps), decoupled decay on matrices."""

    def __init__(self, parameters, lr, betas, eps, weight_decay):
        self.slots = [(p, torch.zeros_like(p), torch.zeros_like(p), [0]) for p in parameters]
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay

    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        for p, m, v, count in self.slots:
            if p.grad is None:
                continue
            count[0] += 1
            t = count[0]
            m.copy_(b1 * m + (1 - b1) * p.grad)
            v.copy_(b2 * v + (1 - b2) * p.grad**2)
            if p.dim() > 1:
                p.copy_(p - self.lr * self.weight_decay * p)
            rate = self.lr * (1 - b2**t) ** 0.5 / (1 - b1**t)
            p.copy_(p - rate * m / (v.sqrt() + self.eps))


def adamw(**options):
    decay = options.pop("weight_decay", 0.0)
    return lambda weight, bias: torch.optim.AdamW(
        [{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}], **options)


def make_optimizers():
    settings = {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}
    options = {**settings, "betas": tuple(settings["betas"])}
    sgd = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    result = {
        "torch": torch.__version__, "weight": WEIGHT, "bias": BIAS,
        "weight_gradients": WEIGHT_GRADIENTS, "bias_gradients": BIAS_GRADIENTS,
        "adamw": {"settings": settings, "trace": run(adamw(**options))},
        "adamw_plain": {"trace": run(adamw(lr=0.001))},
        "epsilon_hat": {
            "settings": settings, "trace": run(lambda w, b: EpsilonHatAdam([w, b], **options))},
        "sgd_plain": {"trace": run(lambda w, b: torch.optim.SGD([w, b], lr=0.1))},
        "sgd": {"settings": sgd, "trace": run(lambda w, b: torch.optim.SGD([w, b], **sgd))},
    }
    gradients = [tensor(WEIGHT_GRADIENTS[0]).requires_grad_(), tensor(BIAS_GRADIENTS[0]).requires_grad_()]
    for gradient in gradients:
        gradient.grad = gradient.detach().clone()
    norm = torch.nn.utils.clip_grad_norm_(gradients, 1.0)
    result["clipping"] = {
        "norm": norm.item(), "limit": 1.0, "weight": gradients[0].grad.tolist(), "bias": gradients[1].grad.tolist()}
    (HERE / "optimizers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def make_schedules():
    """The factor on the base rate at steps 0 to 20, for runs of 20 steps."""
    def factors(make):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = make(optimizer)
        rates = []
        for _ in range(21):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        return rates

    cases = []
    for warmup in (0, 1, 5):
        for name, make in {
            "constant": lambda o, w: optimization.get_constant_schedule(o),
            "constant_with_warmup": lambda o, w: optimization.get_constant_schedule_with_warmup(o, w),
            "linear": lambda o, w: optimization.get_linear_schedule_with_warmup(o, w, 20),
            "cosine": lambda o, w: optimization.get_cosine_schedule_with_warmup(o, w, 20),
            "cosine_with_min_lr": lambda o, w: optimization.get_cosine_with_min_lr_schedule_with_warmup(
                o, w, 20, min_lr_rate=0.1),
            "wsd": lambda o, w: optimization.get_wsd_schedule(
                o, num_warmup_steps=w, num_decay_steps=(20 - w) // 5, num_stable_steps=20 - w - (20 - w) // 5,
                decay_type="linear", min_lr_ratio=0.1),
        }.items():
            if name == "wsd" and (20 - warmup) % 5:
                continue  # transformers wants whole decay steps
            cases.append({"name": name, "warmup": warmup, "steps": 20,
                          "factors": factors(lambda o, m=make, w=warmup: m(o, w))})
    text = json.dumps({"transformers": transformers.__version__, "cases": cases}, indent=None)
    (HERE / "schedules.json").write_text(text.replace('{"name"', '\n {"name"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    make_optimizers()
    make_schedules()
