# SPDX-License-Identifier: Apache-2.0
"""Makes named.json beside this script: exact solutions of the named environments, in float64.

    pip install numpy==2.4.6
    python make_named.py

Everything is written once more here. Equilibria are found by another way than the program's (extragradient steps on
the regularised game), the grid by matrix inversion. PUBLISHED holds rounded values computed elsewhere; a difference
stops the script. Nothing is random.
"""

import json
from itertools import product
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
P = np.array([[0.5, 0.9, 0.3, 0.6], [0.1, 0.5, 0.8, 0.7], [0.7, 0.2, 0.5, 0.4], [0.4, 0.3, 0.6, 0.5]])
MU = np.array([0.4, 0.3, 0.2, 0.1])


def softmax(x):
    x = np.exp(x - x.max())
    return x / x.sum()


def nash(tau, step=0.2):
    """Optimistic steps on log pi: each side follows P(. > pi) - tau log(pi/mu), looking one step ahead."""
    logits = np.log(MU).copy()
    for _ in range(40000):
        policy = softmax(logits)
        ahead = softmax(logits + step * (P @ policy - tau * (np.log(policy) - np.log(MU))))
        logits = logits + step * (P @ ahead - tau * (np.log(ahead) - np.log(MU)))
        logits -= logits.max()
    return softmax(logits)


def game():
    published = {0.5: [0.461106, 0.245689, 0.206148, 0.087057], 0.1: [0.458037, 0.155131, 0.317711, 0.069120]}
    mixed = {
        (0.5, 0.25): [0.448653, 0.259495, 0.202139, 0.089713],
        (0.5, 0.5): [0.434027, 0.273555, 0.199669, 0.092750],
        (0.1, 0.25): [0.477621, 0.162657, 0.287184, 0.072538],
        (0.1, 0.5): [0.489749, 0.184547, 0.248715, 0.076989],
    }
    rows = []
    for tau, wanted in list(published.items()) + [(t / (1 - b), v) for (t, b), v in mixed.items()]:
        found = nash(tau)
        assert np.abs(found - wanted).max() < 1e-6, (tau, found)
        residual = np.log(found) - np.log(MU) - P @ found / tau
        assert np.ptp(residual) < 1e-9, residual
        rows.append({"kl_coefficient": tau, "nash": found.tolist()})
    uniform = np.full(4, 0.25)
    best = softmax(np.log(MU) + P @ uniform / 0.1)
    kl = lambda p: float((p * np.log(p / MU)).sum())
    gap = best @ P @ uniform - 0.1 * kl(best) - (0.5 - 0.1 * kl(uniform))
    return {"equilibria": rows, "exploitability_of_uniform": gap, "win_rates_against_uniform": (P @ uniform).tolist()}


def bandit():
    reference, r1, r2 = MU, np.array([1, 0, 0.5, 2]), np.array([0, 1.5, 1, -1])
    published = {
        0.2: [0.115678, 0.641063, 0.234549, 0.008710],
        0.5: [0.302033, 0.373476, 0.248984, 0.075508],
        0.8: [0.409652, 0.113027, 0.137299, 0.340023],
    }
    optima = []
    for w, wanted in published.items():
        policy = reference * np.exp((w * r1 + (1 - w) * r2) / 0.5)
        policy /= policy.sum()
        assert np.abs(policy - wanted).max() < 1e-6
        optima.append({"weight": w, "policy": policy.tolist(), "rewards": [policy @ r1, policy @ r2]})
    best = []
    for count in (1, 2, 4):
        # By counting: every way to draw `count` of four equally likely answers worth 0, 1, 2, 3.
        tally = np.zeros(4)
        for draw in product(range(4), repeat=count):
            tally[max(draw)] += 0.25**count
        best.append({"count": count, "policy": tally.tolist()})
    assert np.abs(np.array(best[2]["policy"]) - [0.003906, 0.058594, 0.253906, 0.683594]).max() < 1e-6
    return {"optima": optima, "best_of": best}


def grid():
    gamma, alpha, goal, lava, cells = 0.95, 0.04, 24, {7, 11, 12}, 25
    step = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def move(cell, action):
        row, column = divmod(cell, 5)
        down, right = step[action]
        return min(4, max(0, row + down)) * 5 + min(4, max(0, column + right))

    to = np.array([[move(s, a) if s != goal else goal for a in range(4)] for s in range(cells)])
    earned = np.array(
        [[-0.05 + (to[s, a] == goal) - 0.5 * (to[s, a] in lava) for a in range(4)] for s in range(cells)])
    earned[goal] = 0
    value = np.zeros(cells)
    for _ in range(3000):
        q = earned + gamma * value[to]
        top = q.max(1)
        value = top + alpha * np.log(np.exp((q - top[:, None]) / alpha).sum(1))
        value[goal] = 0
    advantage = earned + gamma * value[to] - value[:, None]
    advantage[goal] = alpha * np.log(0.25)
    policy = np.exp(advantage / alpha)

    def worth(table):
        chain = np.zeros((cells, cells))
        for s in range(cells):
            for a in range(4):
                chain[s, to[s, a]] += table[s, a]
        return float(np.linalg.solve(np.eye(cells) - gamma * chain, (table * earned).sum(1))[:goal].mean())

    walker = 0.5 * policy + 0.125
    kl = float((policy * np.log(policy / walker)).sum(1)[:goal].mean())
    # Published to three digits: .600, .089 and .221.
    assert abs(worth(policy) - 0.600) < 6e-4 and abs(worth(walker) - 0.089) < 6e-4 and abs(kl - 0.221) < 6e-4
    return {
        "values": value.tolist(), "policy_of_start": policy[0].tolist(), "return": worth(policy),
        "walker_return": worth(walker), "walker_kl": kl,
    }


def bits():
    ones = np.array([bin(i).count("1") for i in range(256)])
    base = ones * np.log(0.7) + (8 - ones) * np.log(0.3)
    z = float(np.exp(base)[ones == 3].sum())
    assert abs(z - 0.046675) < 1e-6
    return {"normalizer": z, "log_probability_of_37": float(base[37])}


def token_classes():
    """Worth of answers by topic, from a table of good words and string replacement; the first ends at its end token."""
    answers = [[4, 7, 10, 13, 16, 19, 1, 4, 4], [4, 4, 4, 1], [1], [2, 3, 5, 5, 8, 11, 11, 11], [0, 2, 5, 8, 1],
               [6, 9, 6, 9, 6, 9, 6, 9, 6], [17, 17, 3, 12, 18, 2, 7, 1]]
    rows = []
    for topic in range(2, 20):
        good = {word for word in range(2, 20) if (word + topic) % 3 == 0}
        assert len(good) == 6
        for answer in answers:
            words = (answer + [1])[: (answer + [1]).index(1)]
            worth = sum(1 for word in words if word in good) - abs(len(words) - 6) / 10
            worth -= 0.5 * float((np.diff(np.array(words, dtype=float)) == 0).sum())
            rows.append({"topic": topic, "answer": answer, "reward": worth})
    # Random answers: a third of the words is good, one neighbour in 18 equal, and six lengths are equally likely.
    expected = np.mean([n / 3 - 0.5 * (n - 1) / 18 - abs(n - 6) / 10 for n in range(3, 9)])
    return {"answers": rows, "mean_of_random": float(expected)}


out = {"game": game(), "bandit": bandit(), "grid": grid(), "bits": bits(), "token_classes": token_classes()}
(HERE / "named.json").write_text(json.dumps(out, indent=1) + "\n")
