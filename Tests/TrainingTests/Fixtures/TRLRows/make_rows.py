# SPDX-License-Identifier: Apache-2.0
"""Makes rows.json, tokenizer.json and tokenizer_config.json from a run of the parity benchmark.

    Benchmarks/parity/run.sh          # fills Benchmarks/parity/work
    python make_rows.py WORK ROWS     # WORK/model, WORK/*.jsonl; ROWS holds trl_rows_*.jsonl

The first 60 rows of each data file with the token ids that TRL 1.16.0 trained on; null where TRL
dropped the row. Nothing here tokenises: TRL's kept rows are matched with the data in order, by text.
"""

import json
import shutil
import sys
from pathlib import Path

from transformers import AutoTokenizer

COUNT = 60
MAX_LENGTH = 64


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def aligned(rows, kept, text_of_row, ids_of_kept, tokenizer):
    """For each data row the kept row whose tokens are the beginning of its text, or None."""
    result, place = [], 0
    for row in rows:
        texts = text_of_row(row)
        found = None
        if place < len(kept):
            decoded = [tokenizer.decode(ids, skip_special_tokens=True) for ids in ids_of_kept(kept[place])]
            if all(text.replace("</s>", "").startswith(part) for text, part in zip(texts, decoded)):
                found, place = kept[place], place + 1
        result.append(found)
    assert place == len(kept), f"{len(kept) - place} of TRL's rows match no data row"
    return result


def main():
    work, rows_folder = Path(sys.argv[1]), Path(sys.argv[2])
    here = Path(__file__).parent
    tokenizer = AutoTokenizer.from_pretrained(work / "model")
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        shutil.copyfile(work / "model" / name, here / name)

    supervised = lines(work / "prompt_completion.jsonl")
    pairs = lines(work / "preference.jsonl")
    sides = lambda row: [row["prompt"] + row["chosen"], row["prompt"] + row["rejected"]]
    sft = aligned(
        supervised, lines(rows_folder / "trl_rows_sft.jsonl"),
        lambda row: [row["prompt"] + row["completion"]], lambda kept: [kept["input_ids"]], tokenizer)
    dpo = aligned(
        pairs, lines(rows_folder / "trl_rows_dpo.jsonl"), sides,
        lambda kept: [kept["prompt_ids"] + kept["chosen_ids"], kept["prompt_ids"] + kept["rejected_ids"]],
        tokenizer)
    reward = aligned(
        pairs, lines(rows_folder / "trl_rows_reward.jsonl"), sides,
        lambda kept: [kept["chosen_ids"], kept["rejected_ids"]], tokenizer)

    def masked(kept):
        """Ids, and how many of the first carry no loss."""
        if kept is None:
            return None
        border = sum(label == -100 for label in kept["labels"])
        assert kept["labels"] == [-100] * border + kept["input_ids"][border:]
        return {"ids": kept["input_ids"], "border": border}

    result = {
        "max_length": MAX_LENGTH,
        "supervised": [dict(row, kept=masked(kept)) for row, kept in zip(supervised, sft)][:COUNT],
        "pairs": [dict(row, dpo=a, reward=b) for row, a, b in zip(pairs, dpo, reward)][:COUNT],
    }
    for name, kept, total in [("sft", sft, 230), ("dpo", dpo, 230), ("reward", reward, 199)]:
        assert sum(row is not None for row in kept) == total, name
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    (here / "rows.json").write_text(text.replace('},{"prompt"', '},\n{"prompt"') + "\n", encoding="utf-8")


main()
