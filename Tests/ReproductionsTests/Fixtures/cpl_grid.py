# SPDX-License-Identifier: Apache-2.0
"""CPL on the lava grid by an independent program (PyTorch): how returns and KL spread over seeds.

    pip install torch==2.13.0 numpy==2.4.6
    python cpl_grid.py

Prints, for 2,000 and 4,000 pairs, the extremes over 30 seeds that Docs/systems/CPL.md names, and a table over five seeds
for the other kinds of labels. Takes five minutes. Random numbers are NumPy's, so single seeds differ from the program's.
"""

import numpy as np
import torch
from torch.nn.functional import softplus

torch.set_num_threads(1)
GAMMA, ALPHA, GOAL, LAVA, CELLS, LENGTH, SHARPNESS = 0.95, 0.04, 24, {7, 11, 12}, 25, 8, 15.0
STEPS = [(-1, 0), (1, 0), (0, -1), (0, 1)]


def move(cell, action):
    if cell == GOAL:
        return GOAL
    row, column = divmod(cell, 5)
    down, right = STEPS[action]
    return min(4, max(0, row + down)) * 5 + min(4, max(0, column + right))


TO = np.array([[move(s, a) for a in range(4)] for s in range(CELLS)])
EARNED = np.array([
    [0.0 if s == GOAL else -0.05 + (TO[s, a] == GOAL) - 0.5 * (TO[s, a] in LAVA) for a in range(4)]
    for s in range(CELLS)
])
WEIGHTS = GAMMA ** np.arange(LENGTH)


def advantages():
    value = np.zeros(CELLS)
    for _ in range(3000):
        q = EARNED + GAMMA * value[TO]
        top = q.max(1)
        value = top + ALPHA * np.log(np.exp((q - top[:, None]) / ALPHA).sum(1))
        value[GOAL] = 0
    result = EARNED + GAMMA * value[TO] - value[:, None]
    result[GOAL] = ALPHA * np.log(0.25)
    return result


ADVANTAGES = advantages()
TRAP = np.where(np.arange(CELLS)[:, None] == GOAL, 0.0, ADVANTAGES)
BEST = np.exp(ADVANTAGES / ALPHA)
WALKER = 0.5 * BEST + 0.125


def worth(policy):
    chain = np.zeros((CELLS, CELLS))
    for s in range(GOAL):
        for a in range(4):
            chain[s, TO[s, a]] += policy[s, a]
    earned = (policy * EARNED).sum(1)
    return np.linalg.solve(np.eye(CELLS) - GAMMA * chain, earned)[:GOAL].mean()


def distance(policy):
    return (BEST * np.log(BEST / policy)).sum(1)[:GOAL].mean()


def segments(count, random):
    cell = random.integers(0, GOAL, (count, 2))
    cells, moves = np.zeros((count, 2, LENGTH), int), np.zeros((count, 2, LENGTH), int)
    cumulative = WALKER.cumsum(1)
    for t in range(LENGTH):
        action = (random.random((count, 2))[..., None] > cumulative[cell]).sum(-1).clip(0, 3)
        cells[..., t], moves[..., t] = cell, action
        cell = TO[cell, action]
    return cells, moves


def labels(cells, moves, table, random):
    """1 where the second segment was preferred."""
    scores = (WEIGHTS * table[cells, moves]).sum(-1)
    return (random.random(len(cells)) < 1 / (1 + np.exp(-SHARPNESS * (scores[:, 1] - scores[:, 0])))).astype(float)


def fit(cells, moves, second, bias):
    logits = torch.zeros(CELLS, 4, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    places, y, weights = torch.tensor(cells * 4 + moves), torch.tensor(second), torch.tensor(WEIGHTS)
    for _ in range(250):
        scores = SHARPNESS * ALPHA * (torch.log_softmax(logits, 1).reshape(-1)[places] * weights).sum(-1)
        a, b = scores[:, 0], scores[:, 1]
        loss = (y * softplus(-(b - bias * a)) + (1 - y) * softplus(-(a - bias * b))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.softmax(logits, 1).detach().numpy()


print(f"optimal {worth(BEST):.4f}, walker {worth(WALKER):.4f}, KL {distance(WALKER):.4f}")
for count in (2000, 4000):
    found = []
    for seed in range(100, 130):
        random = np.random.default_rng(seed)
        cells, moves = segments(count, random)
        policy = fit(cells, moves, labels(cells, moves, ADVANTAGES, random), 0.5)
        found.append((worth(policy), distance(policy)))
    returns, kls = np.array(found).T
    print(f"{count} pairs: return at least {returns.min():.3f}, KL at most {kls.max():.3f}, "
          f"above 0.12 in {(kls > 0.12).sum()} of 30")
for name, table, flip in (("regret", ADVANTAGES, False), ("return", EARNED, False), ("flipped", ADVANTAGES, True),
                          ("A(goal) = 0", TRAP, False)):
    for bias in (0.5, 1):
        found = []
        for seed in range(5):
            random = np.random.default_rng(seed)
            cells, moves = segments(4000, random)
            second = labels(cells, moves, table, random)
            policy = fit(cells, moves, 1 - second if flip else second, bias)
            found.append((worth(policy), distance(policy)))
        print(f"labels by {name}, lambda {bias}: return {np.mean(found, 0)[0]:.3f}, KL {np.mean(found, 0)[1]:.3f}")
