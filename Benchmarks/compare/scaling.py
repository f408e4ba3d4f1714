#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the cost of a training step grows: with tokens, and not with steps, rows or finished runs.

    python scaling.py --attune .build/release/attune --work_dir work [--precision bf16]

Prints seconds and nanoseconds a token of SFT steps of one text of 128 to 2,048 tokens, then the time of the first and last
steps of a long run over many rows, in a folder in which other runs have ended.
"""

import argparse
import json
import shutil
import statistics
import subprocess
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM

import workloads

LENGTHS = (128, 256, 512, 1024, 2048)
LONG_STEPS = 400


def prepare(work):
    work.mkdir(parents=True, exist_ok=True)
    folder = work / "13M-long"
    if not (folder / "tokenizer.json").exists():
        vocabulary, width, layers, heads, key_heads, inner = workloads.SHAPES["13M"]
        model = LlamaForCausalLM(LlamaConfig(
            vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=key_heads, intermediate_size=inner, max_position_embeddings=4096,
            tie_word_embeddings=True, pad_token_id=0, bos_token_id=None, eos_token_id=2))
        workloads.fill(model, 1)
        model.save_pretrained(folder)
        workloads.tokenizer(vocabulary).save_pretrained(folder)
    for length in LENGTHS:
        rows = [{"text": " ".join(f"w{(i * j) % 8188}" for i in range(length - 1))} for j in range(1, 17)]
        (work / f"long-{length}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    many = [{"text": " ".join(f"w{(i * j) % 8188}" for i in range(31))} for j in range(1, 4 * LONG_STEPS + 1)]
    (work / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in many))


def steps(options, rows, output, count, batch, length):
    subprocess.run(list(map(str, [
        options.attune, "sft", "--model_name_or_path", options.work_dir / "13M-long", "--dataset_path", rows,
        "--output_dir", output, "--overwrite_output_dir", "true", "--max_steps", count,
        "--per_device_train_batch_size", batch, "--max_length", length, "--learning_rate", 1e-4, "--lr_scheduler_type",
        "constant", "--shuffle_dataset", "false", "--logging_steps", 1, "--save_strategy", "no", "--seed", 1,
        "--threads", 2, "--bf16", str(options.precision == "bf16").lower()])), check=True, capture_output=True)
    found = [json.loads(line) for line in (output / "metrics.jsonl").open()]
    return [step["step_time"] for step in found if "step_time" in step]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attune", required=True)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    options = parser.parse_args()
    prepare(options.work_dir)
    runs = options.work_dir / "scaling"
    shutil.rmtree(runs, ignore_errors=True)
    print("| tokens of the text | seconds a step | microseconds a token |\n|--:|--:|--:|")
    for length in LENGTHS:
        found = steps(options, options.work_dir / f"long-{length}.jsonl", runs / f"{length}", 12, 1, length)
        median = statistics.median(found[2:])
        print(f"| {length:,} | {median:.3f} | {1e6 * median / length:.0f} |", flush=True)
    found = steps(options, options.work_dir / "many.jsonl", runs / "many", LONG_STEPS, 4, 32)
    part = LONG_STEPS // 4
    print(f"\nSteps 3 to {part} of a run of {LONG_STEPS}: {1e3 * statistics.median(found[2:part]):.1f} ms each; "
          f"the last {part}: {1e3 * statistics.median(found[-part:]):.1f} ms.")


if __name__ == "__main__":
    main()
