#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows for the systems of Docs/real-data.md, out of public data sets as their authors publish them.

    Scripts/real-data-rows.py DATA FOLDER

DATA holds data/{tutoring_expert_edits,qa_fine_grained,hh_two_objectives}; FOLDER gets one file of rows each.
"""

import gzip
import json
import sys
from pathlib import Path


def read(data, name):
    with gzip.open(data / "data" / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def turns(history):
    return " ".join(turn["text"] for turn in history)


def tutors(data):
    """Expert over novice, after the same conversation."""
    for row in read(data, "tutoring_expert_edits/edits.jsonl.gz"):
        history = "\n".join(f"{turn['role']}: {turn['text']}" for turn in row["history"])
        yield {"prompt": f"{history}\ntutor:", "chosen": " " + turns(row["expert_reply"]),
               "rejected": " " + turns(row["novice_reply"])}


def lists(data):
    """Four answers, each with the share of its comparisons that it won; a tie is half."""
    for row in read(data, "qa_fine_grained/feedback.jsonl.gz"):
        won, met = [0.0] * len(row["outputs"]), [0] * len(row["outputs"])
        for pair in row["comparisons"]:
            a, b, share = pair["a"], pair["b"], {0: 0.5, 1: 1.0, 2: 0.0}[pair["choice"]]
            won[a], won[b], met[a], met[b] = won[a] + share, won[b] + 1 - share, met[a] + 1, met[b] + 1
        if all(met):
            yield {"prompt": f"question: {row['question']}\nanswer:",
                   "completions": [" " + text for text in row["outputs"]],
                   "scores": [x / n for x, n in zip(won, met)]}


def brevity(data):
    """People's choice, with a second objective beside it: shorter answers, a hundredth a word."""
    for row in read(data, "hh_two_objectives/pairs.jsonl.gz"):
        better = row["human_choice"]
        sides = [row["responses"][better], row["responses"][1 - better]]
        prices = [-0.01 * len(side.split()) for side in sides]
        yield {"prompt": row["prompt"], "chosen": [{"role": "assistant", "content": sides[0]}],
               "rejected": [{"role": "assistant", "content": sides[1]}],
               "margin_chosen": prices[0], "margin_rejected": prices[1]}


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    data, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("tutors", tutors), ("lists", lists), ("brevity", brevity)):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows(data)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{folder / name}.jsonl: {len(lines)} rows")


main()
