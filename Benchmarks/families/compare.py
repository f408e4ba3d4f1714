# SPDX-License-Identifier: Apache-2.0
"""Compares Attune's command with transformers on random checkpoints of every family.

    python compare.py --attune .build/release/attune --work_dir work --page Docs/families.md [NAME ...]

For each family, in float32:

  log-probs     `attune score` gives log p of every token of the vocabulary behind prefixes of 1, 20,
                57 and 120 tokens (batches of unequal rows) and of each token of a text of 150; the
                largest difference from transformers' log-softmax of the logits
  greedy        `attune generate` with temperature 0 adds 64 tokens to 4 prompts of unequal length in
                one batch; the share of tokens equal to transformers' `generate` of the batch padded
                on the left. Where the two differ, the lead of transformers' choice is printed: below
                1e-4 rounding decides, and the row counts up to there
  save, reload  the model after `attune sft` with a learning rate of 1e-30, which moves no
                number, opened by transformers: nothing
                missing or unexpected, and the largest difference of its logits from the original's
  adapter       a LoRA adapter on every linear layer, trained by `attune sft` for four steps and
                opened by PEFT: the largest difference of a log-probability from `attune score`
  classifier    `attune score` with a sequence classifier of the family: the largest difference of an
                output
  tokenizer     `attune tokenize` with a tokenizer of the kind such models have: texts with the ids
                of `tokenizers`, and decoded to its text
  template      `attune tokenize` with chat templates of such models: conversations laid out as
                transformers does, or refused by both

The table goes between the two marks in the page when all families were compared.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

import checkpoints
import texts

MARKS = ("<!-- table: begin -->", "<!-- table: end -->")
TOLERANCE = 1e-4
GREEDY = 64
PROMPTS = [
    "a", "The mill stands by the river.", "x = 3; y = 4; print(x * y)",
    "In week 12 on Sunday it was snowy, so Frieda lent Moritz the ladder of her brother Jonas.",
]


def attune(program, *arguments):
    result = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"attune {' '.join(map(str, arguments))}\n{result.stderr}")
    return result.stdout


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_rows(text):
    # Not splitlines, which ends lines at characters that texts here have.
    return [json.loads(line) for line in text.split("\n") if line]


def random_ids(count, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, 257, (count,), generator=generator).tolist()


def log_prob_difference(options, folder, model, seed):
    """Over the vocabulary behind some prefixes, and along a text."""
    rows, wanted = [], []
    with torch.no_grad():
        for length in (1, 20, 57, 120):
            ids = random_ids(length, seed + length)
            log_probs = model(torch.tensor([ids])).logits[0, -1].float().log_softmax(-1)
            # Tokens only an image may stand behind are no targets.
            for token in range(checkpoints.VOCABULARY - 1):
                rows.append({"prompt_ids": ids, "completion_ids": [token]})
                wanted.append(log_probs[token:token + 1])
        ids = random_ids(150, seed)
        log_probs = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        rows.append({"prompt_ids": ids[:1], "completion_ids": ids[1:]})
        wanted.append(log_probs[:-1].gather(-1, torch.tensor(ids[1:])[:, None])[:, 0])
    path = options.work_dir / "rows.jsonl"
    write_rows(path, rows)
    found = read_rows(attune(
        options.attune, "score", path, "--model_name_or_path", folder, "--batch_size", 32))
    return max(
        (torch.tensor(row["log_probs"]) - expected).abs().max().item()
        for row, expected in zip(found, wanted, strict=True))


def greedy_agreement(options, folder, model):
    path = options.work_dir / "prompts.jsonl"
    write_rows(path, [{"prompt": prompt} for prompt in PROMPTS])
    found = read_rows(attune(
        options.attune, "generate", "--model_name_or_path", folder, "--dataset_path", path,
        "--temperature", 0, "--max_new_tokens", GREEDY, "--json"))
    prompts = [[byte + 1 for byte in prompt.encode()] for prompt in PROMPTS]
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in prompts])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts])
    result = model.generate(
        ids, attention_mask=mask, max_new_tokens=GREEDY, do_sample=False, output_scores=True,
        return_dict_in_generate=True)
    best = torch.stack(result.scores).topk(2).values  # [64, B, 2]
    lead = best[..., 0] - best[..., 1]
    equal = total = 0
    for row, ours in enumerate(found):
        theirs = result.sequences[row, width:].tolist()
        first = next((i for i, (a, b) in enumerate(zip(ours["ids"], theirs)) if a != b), None)
        if first is not None and lead[first, row] < 1e-4:
            print(f"  row {row}: rounding decides token {first}, lead {lead[first, row]:.1e}")
            theirs = theirs[:first]
        equal += sum(a == b for a, b in zip(ours["ids"], theirs))
        total += len(theirs)
    return equal, total


def reload_difference(options, folder, kind, model, seed):
    """`attune sft` whose step rounds to nothing reads and writes the model; transformers opens it."""
    path = options.work_dir / "texts.jsonl"
    write_rows(path, [{"text": prompt} for prompt in PROMPTS])
    output = options.work_dir / "saved"
    shutil.rmtree(output, ignore_errors=True)
    attune(
        options.attune, "sft", "--model_name_or_path", folder, "--dataset_path", path,
        "--output_dir", output, "--learning_rate", 1e-30, "--max_steps", 1,
        "--per_device_train_batch_size", 2, "--max_length", 64)
    again, report = kind.from_pretrained(
        output, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    problems = {key: value for key, value in report.items() if value}
    if problems:
        raise SystemExit(f"{folder}: transformers, reading what was saved: {problems}")
    ids = random_ids(60, seed)
    extra = {}
    if hasattr(model.config, "image_token_id"):
        count = model.config.image_seq_length
        ids[5:5 + count] = [model.config.image_token_id] * count
        extra["pixel_values"] = torch.randn(
            1, 3, 28, 28, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        ids = torch.tensor([ids])
        return (again.eval()(ids, **extra).logits - model(ids, **extra).logits).abs().max().item()


def adapter_difference(options, folder, kind, seed):
    """An adapter trained here, on the base as PEFT opens it."""
    path = options.work_dir / "texts.jsonl"
    write_rows(path, [{"text": prompt} for prompt in PROMPTS])
    output = options.work_dir / "adapter"
    shutil.rmtree(output, ignore_errors=True)
    attune(
        options.attune, "sft", "--model_name_or_path", folder, "--dataset_path", path,
        "--output_dir", output, "--learning_rate", 0.01, "--max_steps", 4, "--use_peft",
        "--lora_r", 4, "--lora_dropout", 0, "--per_device_train_batch_size", 2,
        "--max_length", 64)
    base = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model = PeftModel.from_pretrained(base, output).eval()
    ids = random_ids(60, seed)
    rows = options.work_dir / "rows.jsonl"
    write_rows(rows, [{"prompt_ids": ids[:1], "completion_ids": ids[1:]}])
    found = torch.tensor(read_rows(attune(
        options.attune, "score", rows, "--model_name_or_path", output))[0]["log_probs"])

    def log_probs():
        logits = model(torch.tensor([ids])).logits[0, :-1].float()
        return logits.log_softmax(-1).gather(-1, torch.tensor(ids[1:])[:, None])[:, 0]

    with torch.no_grad():
        difference = (found - log_probs()).abs().max().item()
        with model.disable_adapter():
            moved = (found - log_probs()).abs().max().item()
    if moved < 0.01:
        raise SystemExit(f"{folder}: four steps moved no log-probability by more than {moved}")
    return difference


def tokenize(options):
    """Functions that run `attune tokenize` on rows, and that say whether it refuses one."""
    path = options.work_dir / "rows.jsonl"

    def run(rows, *arguments):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return read_rows(attune(options.attune, "tokenize", path, *arguments))

    def refuses(row, *arguments):
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
        done = subprocess.run(
            [options.attune, "tokenize", path, *map(str, arguments)], capture_output=True,
            check=False)
        return done.returncode == 3

    return run, refuses


def classifier_difference(options, name, seed):
    folder = options.work_dir / "classifier"
    shutil.rmtree(folder, ignore_errors=True)
    checkpoints.make_classifier(name, folder, seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    texts = [random_ids(length, seed + length) for length in (3, 40, 90)]
    path = options.work_dir / "rows.jsonl"
    write_rows(path, [{"prompt_ids": [], "completion_ids": ids} for ids in texts])
    found = read_rows(attune(options.attune, "score", path, "--model_name_or_path", folder))
    worst = 0.0
    with torch.no_grad():
        for row, ids in zip(found, texts, strict=True):
            wanted = model(torch.tensor([ids])).logits[0]
            scores = torch.tensor(row.get("scores", [row.get("score")]), dtype=torch.float32)
            worst = max(worst, (scores - wanted).abs().max().item())
    return worst


def compare(options, name, seed):
    folder = options.work_dir / "model"
    shutil.rmtree(folder, ignore_errors=True)
    kind = checkpoints.make(name, folder, seed)
    model = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    if hasattr(model.config, "image_token_id"):
        patches = (28 // 7) ** 2
        model.config.image_seq_length = patches
    difference = log_prob_difference(options, folder, model, seed)
    equal, total = greedy_agreement(options, folder, model)
    reloaded = reload_difference(options, folder, kind, model, seed)
    classifier = classifier_difference(options, name, seed) if name in checkpoints.TEXTS else None
    adapter = adapter_difference(options, folder, kind, seed)
    run, refuses = tokenize(options)
    kind, templates = texts.LAYOUTS[name]
    same, count = texts.tokenizer_agreement(run, options.work_dir, kind)
    laid, asked = texts.template_agreement(run, refuses, options.work_dir, kind, templates)
    is_good = difference < TOLERANCE and equal == total and reloaded == 0
    is_good = is_good and max(classifier or 0, adapter) < TOLERANCE
    is_good = is_good and same == count and laid == asked
    cells = [
        name, f"{difference:.1e}", f"{equal} of {total}",
        "yes, equal" if reloaded == 0 else f"{reloaded:.1e}",
        f"{adapter:.1e}", "-" if classifier is None else f"{classifier:.1e}",
        f"{same} of {count} ({kind})",
        f"{laid} of {asked} ({', '.join(templates)})" if templates else "-"]
    return is_good, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attune", required=True)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.work_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    known = [*checkpoints.TEXTS, *checkpoints.images()]
    for name in options.names:
        if name not in known:
            raise SystemExit(f"no family '{name}'; known: {', '.join(known)}")
    lines = [
        "| family | largest difference of a log-probability | greedy tokens equal "
        "| saved, opened by transformers | adapter, opened by PEFT | classifier | tokenizer | template |",
        "|---|---|---|---|---|---|---|---|"]
    status = 0
    for index, name in enumerate(known):
        if options.names and name not in options.names:
            continue
        is_good, cells = compare(options, name, seed=index)
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], "" if is_good else "<- differs", flush=True)
        status = status if is_good else 1
    if options.page and not options.names:
        before, rest = options.page.read_text().split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        table = "\n".join([MARKS[0], "", *lines, "", MARKS[1]])
        options.page.write_text(before + table + after)
    sys.exit(status)


if __name__ == "__main__":
    main()
