# SPDX-License-Identifier: Apache-2.0
"""Compares the numbers TRL logged with those in Attune's metrics.jsonl files, step by step.

    python compare.py --trl work/8x1/trl.json --attune work/8x1 [--tolerance 1e-4]

`--attune` is a folder that holds sft/metrics.jsonl, dpo/metrics.jsonl and reward/metrics.jsonl.
Prints one line a metric: its worst step. The difference of the loss is |a - b|; that of any other
metric |a - b| / max(1, |b|), b being TRL's number. A metric is *judged* when both programs define it
alike. With gradient accumulation TRL averages per-micro-batch values of some metrics while Attune
sums and counts exactly: these are printed but not judged. Reward accuracy is passed over at steps
where policy and reference are still equal, since rounding alone decides it there.
Exit code 0: everything judged is within the tolerance; 1: something is above it, or a step or the
loss itself is missing; 2: a file cannot be read.
"""

import argparse
import json
import math
import sys
from pathlib import Path

RUNS = ("sft", "dpo", "reward")
# Equal for any split into micro-batches, because every micro-batch has the same number of rows.
ALWAYS_JUDGED = {
    "loss", "grad_norm", "learning_rate", "num_tokens",
    "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies",
    "logps/chosen", "logps/rejected", "accuracy", "margin", "mean_reward",
}
# Token-weighted means, minima and maxima: judged only without accumulation.
JUDGED_WITHOUT_ACCUMULATION = {
    "mean_token_accuracy", "entropy", "logits/chosen", "logits/rejected", "min_reward", "max_reward",
}


def fail(message):
    print(f"compare.py: {message}", file=sys.stderr)
    raise SystemExit(2)


def read_attune(path):
    """Step -> metrics of that step; lines without a loss (evaluations, the summary) are passed over."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}; run `attune` first (see run.sh)")
    steps = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            fail(f"{path}:{number}: not JSON: {error}")
        step = entry.get("step", entry.get("global_step"))
        if step is not None and "loss" in entry:
            steps[int(step)] = entry
    return steps


def difference(name, ours, theirs):
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return math.inf
    return abs(ours - theirs) / (1.0 if name == "loss" else max(1.0, abs(theirs)))


def is_undecided(name, entry):
    """Whether a step's reward accuracy only counts rounding errors of equal rewards."""
    return name == "rewards/accuracies" and abs(entry.get("rewards/margins", 1.0)) < 1e-6


def compare_metric(name, theirs, ours):
    """The worst step of one metric as (difference, step, ours, theirs), and the steps without it."""
    worst, missing = (-1.0, None, None, None), []
    for step, entry in theirs.items():
        if name not in entry or is_undecided(name, entry):
            continue
        mine = ours.get(step, {}).get(name)
        if not isinstance(mine, (int, float)):
            missing.append(step)
            continue
        gap = difference(name, float(mine), float(entry[name]))
        if gap > worst[0]:
            worst = (gap, step, mine, entry[name])
    return worst, missing


def compare_run(run, theirs, ours, judged, tolerance):
    """Prints the lines of one trainer; returns whether everything judged holds."""
    holds = True
    names = sorted({name for entry in theirs.values() for name in entry} - {"step", "epoch"},
                   key=lambda name: (name != "loss", name))
    for name in names:
        (gap, step, mine, reference), missing = compare_metric(name, theirs, ours)
        if step is None:
            verdict = "MISSING" if name == "loss" else "not logged"
            holds = holds and name != "loss"
            print(f"{run:7} {name:22} {'-':>10} {'-':>5} {'-':>14} {'-':>14}  {verdict}")
            continue
        if name not in judged:
            verdict = "not judged"
        elif gap <= tolerance and not missing:
            verdict = "ok"
        else:
            verdict = f"ABOVE {tolerance:g}" if gap > tolerance else f"MISSING at steps {missing}"
            holds = False
        print(f"{run:7} {name:22} {gap:10.2e} {step:5d} {mine:14.7g} {reference:14.7g}  {verdict}")
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trl", required=True, help="the JSON file of trl_losses.py")
    parser.add_argument("--attune", required=True, help="folder with <run>/metrics.jsonl")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    options = parser.parse_args()
    try:
        reference = json.loads(Path(options.trl).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        fail(f"cannot read {options.trl}: {error}; run trl_losses.py first")

    judged = set(ALWAYS_JUDGED)
    if reference["settings"]["gradient_accumulation_steps"] == 1:
        judged |= JUDGED_WITHOUT_ACCUMULATION
    holds = True
    print(f"{'run':7} {'metric':22} {'difference':>10} {'step':>5} {'attune':>14} {'trl':>14}")
    for run in options.runs:
        theirs = {int(entry["step"]): entry for entry in reference[run]["steps"]}
        ours = read_attune(Path(options.attune) / run / "metrics.jsonl")
        holds = compare_run(run, theirs, ours, judged, options.tolerance) and holds
    print("parity holds" if holds else "parity does NOT hold")
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
