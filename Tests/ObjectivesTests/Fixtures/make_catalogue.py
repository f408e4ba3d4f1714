# SPDX-License-Identifier: Apache-2.0
"""Makes catalogue.json beside this script: every loss of the table on four pairs, in float64.

    pip install torch==2.13.0
    python make_catalogue.py

The formulas are written once more here, from the papers, over plain PyTorch; gradients are autograd's. PUBLISHED
holds rounded values computed elsewhere (NumPy, and TRL 1.16's trainers where they have the loss); a difference stops
the script. Nothing is random.
"""

import json
from math import log
from pathlib import Path

import torch
from torch.nn.functional import logsigmoid as ls, relu, softplus

HERE = Path(__file__).resolve().parent
ROWS = {
    "policy_chosen": [[-0.5, -1.2, -0.3], [-0.9, -0.4], [-0.2, -0.7, -1.1, -0.6], [-2.0, -1.5, -0.1]],
    "ref_chosen": [[-0.9, -1.9, -0.7], [-0.8, -0.2], [-0.5, -1.4, -1.3, -0.7], [-2.6, -3.1, -0.9]],
    "policy_rejected": [[-0.8, -0.6, -1.5, -0.4], [-1.0, -0.4, -0.3], [-0.6, -0.9], [-1.1, -0.7, -0.9, -1.6, -0.2]],
    "ref_rejected": [[-0.6, -0.9, -1.1, -0.3], [-1.1, -0.8, -0.6], [-0.8, -1.1], [-0.4, -0.5, -0.8, -1.3, -0.1]],
    "log_sum_squares_chosen": [[-0.4, -0.9, -0.2], [-0.6, -0.3], [-0.1, -0.5, -0.8, -0.4], [-1.2, -1.0, -0.1]],
    "log_sum_squares_rejected": [[-0.5, -0.4, -1.0, -0.2], [-0.7, -0.3, -0.1], [-0.3, -0.6], [-0.8, -0.5, -0.6, -1.1, -0.1]],
    "policy_mismatched": [-2.5, -2.2, -3.0, -2.6, -2.0, -1.7, -2.4, -3.3],
    "ref_mismatched": [-2.7, -2.3, -2.9, -3.1, -2.4, -1.6, -2.9, -3.7],
    "margins": [0.2, 0.0, 0.5, 1.0],
    "margin_chosen": [0.2, -0.1, 0.4, 0.0],
    "margin_rejected": [0.6, 0.3, -0.2, 0.5],
    "kl_chosen": [[0.1, 0.05, 0.2], [0.3, 0.0], [0.02, 0.1, 0.04, 0.3], [0.5, 0.2, 0.1]],
    "kl_rejected": [[0.2, 0.1, 0.4, 0.05], [0.1, 0.1, 0.0], [0.6, 0.2], [0.1, 0.3, 0.2, 0.05, 0.0]],
    "policy_gold": [[-0.4, -0.2], [-0.9, -1.1, -0.3], [-0.5], [-0.6, -0.7]],
    "policy_reference_response": [[-0.7, -0.2], [-1.9, -0.1, -0.3], [-0.8], [-0.6, -1.7]],
    "ref_reference_response": [[-0.3, -0.5], [-1.0, -0.4, -0.2], [-0.9], [-0.2, -0.7]],
    "density_ratios": [0.5, 1.5, 2.0, 0.8],
    # Lists of four, two and three candidates: sums, and token by token.
    "policy": [[-0.8, -0.5, -1.3, -0.9], [-0.8, -0.5], [[-0.5, -0.2], [-1.0], [-0.3, -0.6]]],
    "ref": [[-1.0, -1.0, -1.0, -1.0], [-1.0, -1.0], [[-0.4, -0.9], [-0.7], [-0.8, -0.1]]],
    "labels": [[0.9, 0.4, 0.6, 0.1], [0.9, 0.4], [0.3, 0.3, 0.8]],
}
PUBLISHED = {  # by name and options: rows, mean (None where only the mean is known)
    ("sigmoid", ()): ([0.326956, 1.005492, 0.493249, 0.105083], 0.482695),
    ("cdpo", ()): ([0.421956, 0.950492, 0.538249, 0.325083], 0.558945),
    ("robust", ()): ([0.208206, 1.074242, 0.436999, -0.169917], 0.387383),
    ("hinge", ()): ([0.05, 1.55, 0.55, 0], 0.5375),
    ("ipo_sum", ()): ([0.81, 4.41, 0.01, 11.56], 4.1975),
    ("ipo", ()): ([0.16, 2.006944, 0.765625, 0.0784], 0.752742),
    ("sigmoid_norm", ()): ([0.554355, 0.802729, 0.662385, 0.423497], 0.610742),
    ("exo_pair", ()): ([1.335293, 3.724102, 2.021759, 0.365418], 1.861643),
    ("nca_pair", ()): ([1.254376, 1.537943, 1.354152, 1.253713], 1.350046),
    ("bco_pair", ()): ([0.98501, 1.683972, 1.218194, 0.604599], 1.122944),
    ("bco_shift", ()): ([0.967409, 1.68819, 1.177403, 0.576317], 1.102330),
    ("sppo_hard", ()): ([0.61, 4.93, 2.05, 4.16], 2.9375),
    ("aot", ()): ([0.263282, 0.263282, 0.386871, 0.744397], 0.414458),
    ("aot_unpaired", ()): ([0.455492, 0.355865, 0.455492, 0.287335], 0.388546),
    ("apo_zero", ()): ([0.770987, 1.136118, 0.892824, 0.514238], 0.828542),
    ("apo_down", ()): ([0.958064, 1.096706, 1.046371, 0.917325], 1.004616),
    ("discopop", ()): ([0.386741, 1.005505, 0.63761, 0.110803], 0.535165),
    ("sft", ()): (None, 0.791667),
    ("mpo", ()): ([1.250234, 1.932855, 1.429905, 0.996653], 1.402412),
    ("ld_dpo", ()): ([0.333992, 0.958589, 0.523123, 0.11552], 0.482806),
    ("r_dpo", ()): ([0.329755, 1.011845, 0.485509, 0.107096], 0.483552),
    ("wpo", ()): ([0.205031, 0.674002, 0.299171, 0.051492], 0.307424),
    ("f_dpo_forward_kl", ()): ([0.425452, 0.943411, 0.598637, 0.126606], 0.523526),
    ("f_dpo_js", ()): ([0.530988, 0.821241, 0.627456, 0.375489], 0.588793),
    ("f_dpo_alpha", ()): ([0.38718, 0.968803, 0.555767, 0.154313], 0.516516),
    ("dpop", ()): ([0.326956, 1.541008, 0.493249, 0.105083], 0.616574),
    ("rpo", ()): ([0.993623, 1.655492, 1.143249, 1.305083], 1.274362),
    ("odpo", ()): ([0.386871, 1.005492, 0.71846, 0.263282], 0.593526),
    ("cal_dpo", ()): ([0.749387, 6.317335, 2.391154, 4.172203], 3.407520),
    ("kto", ()): ([.347227, .566786, .370225, .200808, .420980, .569853, .520301, .306029], 0.412776),
    ("kto", (("undesirable_weight", 1.33),)): (None, 0.487734),
    ("kto_pair", ()): (None, 0.335525),
    ("apo_zero_unpaired", ()): (None, 0.414271),
    ("cpo", (("cpo_alpha", 0.0),)): ([0.420055, 0.598139, 1.005492, 0.493249], 0.629234),
    ("cpo", ()): (None, 1.420901),
    ("cpo_hinge", (("cpo_alpha", 0.0),)): ([.35, .8, 1.55, .55], 0.8125),
    ("cpo_ipo", (("cpo_alpha", 0.0),)): ([.708403, 1.173611, .81, 1.69], 1.095503),
    ("simpo", ()): ([1.09208, 1.437764, 1.171101, 1.783901], 1.371212),
    ("cpo_simpo", ()): (None, 1.371212 + .791667),
    ("alphapo", ()): ([1.049407, 1.45871, 1.144863, 1.936086], 1.397266),
    ("orpo", ()): (None, 0.361561 + 0.791667),
    ("slic_hf", (("nll_weight", 0.0),)): ([0, .6, 2.1, .1], 0.7),
    ("rrhf", (("nll_weight", 0.0),)): ([0, .083333, 0, .3], 0.095833),
    ("simper", ()): ([-.075182, .045368, -.049679, .105375], 0.006470),
    ("tpo", (("tpo_alpha", 0.0),)): (None, 0.629234),
    ("tpo_l", (("tpo_alpha", 0.0),)): ([.789009, 1.081037, .854355, 1.387335], 1.027934),
}
LISTS = {  # the first list, and the second of two candidates; scores are already scaled: beta 1
    "lipo_lambda": (0.714247, .248633), "pair_logistic": (4.569960, .854355), "pair_hinge": (6.5, None),
    "list_mle": (3.415251, .854355), "softmax": (2.891970, None), "info_nca": (1.434435, None),
    "point_mse": (1.31, None), "point_sigmoid": (2.860968, None),
}


def tensor(value):
    return torch.tensor(value, dtype=torch.float64)


class Inputs:
    """Leaves by field, and the letters of the formulas."""

    def __init__(self, names):
        self.leaves = {name: self.leaf(ROWS[name]) for name in names}

    def leaf(self, rows):
        return [self.leaf(row) if isinstance(row, list) else tensor(row).requires_grad_() for row in rows]

    def gradients(self):
        def plain(part):
            if isinstance(part, list):
                return [plain(item) for item in part]
            return 0.0 if part.grad is None else part.grad.item()
        return {name: plain(part) for name, part in self.leaves.items()}

    def sums(self, name):
        return torch.stack([torch.stack(row).sum() if isinstance(row, list) else row for row in self.leaves[name]])

    def counts(self, name):
        return tensor([float(len(row)) for row in self.leaves[name]])

    w = property(lambda self: self.sums("policy_chosen"))
    l = property(lambda self: self.sums("policy_rejected"))
    n_w = property(lambda self: self.counts("policy_chosen"))
    n_l = property(lambda self: self.counts("policy_rejected"))
    a = property(lambda self: self.w - self.sums("ref_chosen").detach())
    r = property(lambda self: self.l - self.sums("ref_rejected").detach())
    D = property(lambda self: self.a - self.r)
    mean_w = property(lambda self: self.w / self.n_w)
    mean_l = property(lambda self: self.l / self.n_l)
    nll = property(lambda self: -self.w.sum() / self.n_w.sum())

    def gold_nll(self):
        return -self.sums("policy_gold").sum() / self.counts("policy_gold").sum()

    def lists(self, beta):
        """Scores and labels of each list."""
        def candidate(part):
            return torch.stack(part).sum() if isinstance(part, list) else part
        for policy, ref, labels in zip(self.leaves["policy"], self.leaves["ref"], self.leaves["labels"]):
            scores = torch.stack([candidate(p) - candidate(q).detach() for p, q in zip(policy, ref)])
            yield beta * scores, torch.stack(labels).detach()


def smoothed(z, epsilon):
    return -(1 - epsilon) * ls(z) - epsilon * ls(-z)


def exo(x, b, e):
    z = b * x.D
    q = torch.sigmoid(z)
    return q * (ls(z) - log(1 - e)) + (1 - q) * (ls(-z) - log(e))


def discopop(x, b, tau):
    z = b * x.D
    m = torch.sigmoid(z / tau)
    return (1 - m) * -ls(z) + m * torch.exp(-z)


def bco_shift(x, b):
    delta = ((b * x.a).mean() + (b * x.r).mean()).detach() / 2
    return -ls(b * x.a - delta) - ls(-(b * x.r - delta))


def aot(x, b, e):
    ref = (x.sums("ref_chosen") - x.sums("ref_rejected")).detach()
    return smoothed(b * ((x.w - x.l).sort().values - ref.sort().values), e)


def ld_dpo(x, b, alpha):
    def total(name, place):
        row = x.leaves[name][place]
        m = min(len(x.leaves["policy_chosen"][place]), len(x.leaves["policy_rejected"][place]))
        return sum(row[:m]) + alpha * sum(row[m:], tensor(0.0))
    margins = [
        total("policy_chosen", i) - total("policy_rejected", i)
        - (total("ref_chosen", i) - total("ref_rejected", i)).detach() for i in range(4)]
    return -ls(b * torch.stack(margins))


def wpo(x, b):
    def omega(side, counts):
        return ((x.sums(f"policy_{side}") - x.sums(f"log_sum_squares_{side}")) / counts).exp().detach()
    return -omega("chosen", x.n_w) * omega("rejected", x.n_l) * ls(b * x.D)


def odds(mean):
    return mean - torch.log(1 - mean.exp())


def kto(x, b, desirable, undesirable):
    z = (x.sums("policy_mismatched") - x.sums("ref_mismatched")).mean().clamp(min=0).detach()
    return torch.cat([
        desirable * (1 - torch.sigmoid(b * (x.a - z))), undesirable * (1 - torch.sigmoid(b * (z - x.r)))])


def kto_pair(x, b):
    z_w, z_l = x.a.mean().clamp(min=0), x.r.mean().clamp(min=0)
    return ((1 - torch.sigmoid(b * (x.a - z_l))) + (1 - torch.sigmoid(b * (z_w - x.r)))) / 2


def bco(x, b):
    delta = ((b * x.a).mean() + (b * x.r).mean()).detach() / 2
    u = x.sums("density_ratios").detach()
    return torch.cat([-ls(b * x.a - delta), -u * ls(-(b * x.r - delta))])


def alpha_g(x, alpha):
    return (((alpha - 1) * x).exp() - 1) / (alpha - 1)


def tdpo(x, b, alpha=1.0, detached=False):
    chosen, rejected = x.sums("kl_chosen"), x.sums("kl_rejected")
    return -ls(b * (x.D - alpha * (rejected - (chosen.detach() if detached else chosen))))


def ordered(s, psi, function):
    pairs = [function(i, j) for i in range(len(s)) for j in range(len(s)) if psi[i] > psi[j]]
    return torch.stack(pairs).sum()


def list_mle(s, psi):
    """Best first; a tie is in the draw of the one it is tied with."""
    return sum(torch.logsumexp(s[psi <= psi[k]], 0) - s[k] for k in range(len(s)))


def lipo_lambda(s, psi):
    order = sorted(range(len(s)), key=lambda i: -s[i].item())
    rank = {place: position + 1 for position, place in enumerate(order)}

    def delta(i, j):
        gain = abs(2 ** psi[i].item() - 2 ** psi[j].item())
        return gain * abs(1 / log(1 + rank[i]) - 1 / log(1 + rank[j]))
    return ordered(s, psi, lambda i, j: delta(i, j) * softplus(-(s[i] - s[j])))


PAIR = ["policy_chosen", "policy_rejected"]
REF = PAIR + ["ref_chosen", "ref_rejected"]
# name: inputs, defaults, formula; each formula gives rows, the loss is their mean
CASES = {
    "sigmoid": (REF, {"label_smoothing": 0.0}, lambda x, b, e: smoothed(b * x.D, e)),
    "cdpo": (REF, {"label_smoothing": 0.1}, lambda x, b, e: smoothed(b * x.D, e)),
    "robust": (REF, {"label_smoothing": 0.1},
               lambda x, b, e: (-(1 - e) * ls(b * x.D) + e * ls(-b * x.D)) / (1 - 2 * e)),
    "hinge": (REF, {}, lambda x, b: relu(1 - b * x.D)),
    "ipo": (REF, {}, lambda x, b: (x.a / x.n_w - x.r / x.n_l - 1 / (2 * b)) ** 2),
    "ipo_sum": (REF, {}, lambda x, b: (x.D - 1 / (2 * b)) ** 2),
    "sigmoid_norm": (REF, {}, lambda x, b: -ls(b * (x.a / x.n_w - x.r / x.n_l))),
    "exo_pair": (REF, {"label_smoothing": 1e-3}, exo),
    "nca_pair": (REF, {}, lambda x, b: -ls(b * x.a) - ls(-b * x.a) / 2 - ls(-b * x.r) / 2),
    "bco_pair": (REF, {}, lambda x, b: -ls(b * x.a) - ls(-b * x.r)),
    "bco_shift": (REF, {}, bco_shift),
    "sppo_hard": (REF, {}, lambda x, b: (x.a - 1 / (2 * b)) ** 2 + (x.r + 1 / (2 * b)) ** 2),
    "aot": (REF, {"label_smoothing": 0.0}, aot),
    "aot_unpaired": (REF, {"label_smoothing": 0.0},
                     lambda x, b, e: smoothed(b * (x.a.sort().values - x.r.sort().values), e)),
    "apo_zero": (REF, {}, lambda x, b: 1 - torch.sigmoid(b * x.a) + torch.sigmoid(b * x.r)),
    "apo_down": (REF, {}, lambda x, b: torch.sigmoid(b * x.a) + 1 - torch.sigmoid(b * x.D)),
    "discopop": (REF, {"discopop_tau": 0.05}, discopop),
    "sft": (["policy_chosen"], {}, lambda x: x.nll.expand(4)),
    "mpo": (REF, {}, lambda x, b: -.8 * ls(b * x.D) - .2 * (ls(b * x.a) + ls(-b * x.r)) + x.nll),
    "f_dpo_forward_kl": (REF, {}, lambda x, b: -ls(b * ((1 - (-x.a).exp()) - (1 - (-x.r).exp())))),
    "f_dpo_js": (REF, {}, lambda x, b: -ls(b * (ls(x.a) - ls(x.r)))),
    "f_dpo_alpha": (REF, {"f_alpha_divergence_coef": 0.5},
                    lambda x, b, alpha: -ls(b * (alpha_g(x.a, alpha) - alpha_g(x.r, alpha)))),
    "ld_dpo": (REF, {"ld_alpha": 0.5}, ld_dpo),
    "r_dpo": (REF, {"length_alpha": 0.01}, lambda x, b, alpha: -ls(b * x.D + alpha * (x.n_w - x.n_l))),
    "dpop": (REF, {"dpop_lambda": 5.0}, lambda x, b, lam: -ls(b * (x.D - lam * relu(-x.a)))),
    "rpo": (REF, {"rpo_alpha": 1.0}, lambda x, b, alpha: -ls(b * x.D) - alpha * x.mean_w),
    "cal_dpo": (REF, {}, lambda x, b: -ls(x.D) + (x.a - 1 / (2 * b)) ** 2 + (x.r + 1 / (2 * b)) ** 2),
    "kto_pair": (REF, {}, kto_pair),
    "cpo": (PAIR, {"cpo_alpha": 1.0}, lambda x, b, alpha: -ls(b * (x.w - x.l)) + alpha * x.nll),
    "cpo_hinge": (PAIR, {"cpo_alpha": 1.0}, lambda x, b, alpha: relu(1 - b * (x.w - x.l)) + alpha * x.nll),
    "cpo_ipo": (PAIR, {"cpo_alpha": 1.0},
                lambda x, b, alpha: (x.mean_w - x.mean_l - 1 / (2 * b)) ** 2 + alpha * x.nll),
    "simpo": (PAIR, {"simpo_gamma": 1.0}, lambda x, b, g: -ls(b * (x.mean_w - x.mean_l) - g)),
    "cpo_simpo": (PAIR, {"simpo_gamma": 1.0, "cpo_alpha": 1.0},
                  lambda x, b, g, alpha: -ls(b * (x.mean_w - x.mean_l) - g) + alpha * x.nll),
    "alphapo": (PAIR, {"simpo_gamma": 1.0, "alphapo_alpha": 0.25},
                lambda x, b, g, c: -ls(b * ((-c * x.mean_l).exp() - (-c * x.mean_w).exp()) / c - g)),
    "orpo": (PAIR, {}, lambda x, b: x.nll - b * ls(odds(x.mean_w) - odds(x.mean_l))),
    "slic_hf": (PAIR, {"slic_delta": 1.0, "nll_weight": 1.0},
                lambda x, d, lam: relu(d - x.w + x.l) + lam * x.nll),
    "rrhf": (PAIR, {"nll_weight": 1.0}, lambda x, lam: relu(x.mean_l - x.mean_w) + lam * x.nll),
    "simper": (PAIR, {}, lambda x: -x.mean_w.exp() + x.mean_l.exp()),
    "odpo": (REF + ["margins"], {}, lambda x, b: -ls(b * x.D - x.sums("margins").detach())),
    "wpo": (REF + ["log_sum_squares_chosen", "log_sum_squares_rejected"], {}, wpo),
    "modpo": (REF + ["margin_chosen", "margin_rejected"], {"modpo_weight": 0.5},
              lambda x, b, w: -ls((b * x.D - (x.sums("margin_chosen") - x.sums("margin_rejected")).detach()) / w)),
    "selm": (REF + ["policy_reference_response", "ref_reference_response"], {"selm_alpha": 1e-3},
             lambda x, b, alpha: -ls(b * x.D) + alpha * b * (
                 x.sums("policy_reference_response") - x.sums("ref_reference_response").detach())),
    "xpo": (REF + ["policy_reference_response"], {"selm_alpha": 1e-3},
            lambda x, b, alpha: -ls(b * x.D) + alpha * x.sums("policy_reference_response")),
    "tdpo": (REF + ["kl_chosen", "kl_rejected"], {}, tdpo),
    "tdpo2": (REF + ["kl_chosen", "kl_rejected"], {"tdpo_alpha": 0.5}, lambda x, b, alpha: tdpo(x, b, alpha, True)),
    "tpo": (PAIR + ["policy_gold"], {"tpo_alpha": 1.0},
            lambda x, b, alpha: -ls(b * (x.w - x.l)) + alpha * x.gold_nll()),
    "tpo_l": (PAIR + ["policy_gold"], {"tpo_l_gamma": 0.5, "tpo_alpha": 1.0},
              lambda x, b, g, alpha: -ls(b * (x.mean_w - x.mean_l) - g) + alpha * x.gold_nll()),
    "kto": (REF + ["policy_mismatched", "ref_mismatched"], {"desirable_weight": 1.0, "undesirable_weight": 1.0}, kto),
    "apo_zero_unpaired": (REF, {},
                          lambda x, b: torch.cat([1 - torch.sigmoid(b * x.a), torch.sigmoid(b * x.r)])),
    "bco": (REF + ["density_ratios"], {}, bco),
}
WITHOUT_BETA = {"sft", "slic_hf", "rrhf", "simper"}
OWN_BETA = {"simpo": 2.0, "cpo_simpo": 2.0, "alphapo": 2.0, "tpo_l": 2.0}
LIST_LOSSES = {
    "pair_logistic": lambda s, psi: ordered(s, psi, lambda i, j: softplus(-(s[i] - s[j]))),
    "pair_hinge": lambda s, psi: ordered(s, psi, lambda i, j: relu(1 - (s[i] - s[j]))),
    "list_mle": list_mle,
    "softmax": lambda s, psi: -(psi * s.log_softmax(0)).sum(),
    "info_nca": lambda s, psi: -(psi.softmax(0) * s.log_softmax(0)).sum(),
    "point_mse": lambda s, psi: ((psi - s) ** 2).sum(),
    "point_sigmoid": lambda s, psi: -(psi * ls(s) + (1 - psi) * ls(-s)).sum(),
    "lipo_lambda": lipo_lambda,
}
# Each loss once with its defaults, and again with other values of its options.
VARIANTS = [{}, {"beta": 0.2}] + [
    {name: value} for name, value in [
        ("label_smoothing", 0.2), ("discopop_tau", 0.3), ("f_alpha_divergence_coef", 0.25), ("ld_alpha", 0.0),
        ("length_alpha", 0.5), ("dpop_lambda", 0.7), ("rpo_alpha", 0.3), ("cpo_alpha", 0.0), ("simpo_gamma", 0.3),
        ("alphapo_alpha", -0.5), ("slic_delta", 2.5), ("nll_weight", 0.0), ("modpo_weight", 0.25),
        ("selm_alpha", 0.4), ("tdpo_alpha", 2.0), ("tpo_alpha", 0.0), ("tpo_l_gamma", 0.1),
        ("undesirable_weight", 1.33), ("desirable_weight", 0.6)]]


def close(found, expected, what):
    # Rounded to six places.
    assert abs(found - expected) <= 1.1e-6, f"{what}: {found}, published {expected}"


def case(name, options, rows, inputs):
    loss = rows.mean()
    loss.backward()
    return {"name": name, "options": options, "loss": loss.item(), "losses": rows.tolist(),
            "gradients": inputs.gradients()}


def pair_cases():
    checked = set()
    for name, (fields, defaults, formula) in CASES.items():
        beta = {} if name in WITHOUT_BETA else {"beta": OWN_BETA.get(name, 0.5)}
        for variant in VARIANTS:
            if not variant.keys() <= beta.keys() | defaults.keys():
                continue
            values = beta | defaults | variant
            inputs = Inputs(fields)
            found = case(name, beta | variant, formula(inputs, *values.values()), inputs)
            published = PUBLISHED.get((name, tuple(variant.items())))
            if published:
                checked.add((name, tuple(variant.items())))
                close(found["loss"], published[1], name)
                for value, expected in zip(found["losses"], published[0] or []):
                    close(value, expected, name)
            yield found
    assert checked == PUBLISHED.keys(), PUBLISHED.keys() - checked


def list_cases():
    for name, formula in LIST_LOSSES.items():
        for beta in (1.0, 0.3):
            inputs = Inputs(["policy", "ref", "labels"])
            rows = torch.stack([formula(s, psi) for s, psi in inputs.lists(beta)])
            found = case(name, {"beta": beta}, rows, inputs)
            if beta == 1:
                for value, expected in zip(found["losses"], LISTS[name]):
                    if expected is not None:
                        close(value, expected, name)
            yield found


def shortened(value):
    """Twelve digits are plenty, and keep the file small."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def main():
    cases = [json.dumps(shortened(item)) for item in [*pair_cases(), *list_cases()]]
    inputs = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in ROWS.items())
    text = '{\n "inputs": {\n  ' + inputs + '\n },\n "cases": [\n  ' + ",\n  ".join(cases) + "\n ]\n}\n"
    (HERE / "catalogue.json").write_text(text, encoding="utf-8")


main()
