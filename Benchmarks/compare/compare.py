# SPDX-License-Identifier: Apache-2.0
"""Runs every workload on both sides in turn and writes the table of Docs/performance.md.

    python compare.py --attune .build/release/attune --work_dir work --rounds 5 [--page FILE] [NAME ...]

Rounds alternate the two programs. A step's time leaves out the first two (memory, first touch); the table
has the median over rounds of the median step, and the least and the greatest ratio of a round. Memory is
the greatest resident set of the process, imports included.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import roofline
import workloads

HERE = Path(__file__).resolve().parent
MARKS = ("<!-- table: begin -->", "<!-- table: end -->")
PRECISIONS = ("fp32", "bf16")


def run(command):
    """Runs a program; returns its output, its seconds, and its greatest resident set in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{errors[-3000:]}")
    return output, errors, time.perf_counter() - start


def timed(command):
    """As `run`, under a small parent of its own, whose children are this program alone."""
    wrapper = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)")
    output, errors, seconds = run([sys.executable, "-c", wrapper, *command])
    return output, int(errors.split()[-1]) / 1024, seconds


def peer(name, precision, options):
    """The peer at its default and, for rows of unequal length, with its packing too; the faster one counts."""
    results = []
    for more in ([], ["--packing"]) if name == "sft ragged" else ([],):
        path = options.work_dir / "peer.json"
        _, memory, _ = timed([
            sys.executable, HERE / "peer.py", name, "--work_dir", options.work_dir, "--precision", precision,
            "--output", path, *more])
        results.append(json.loads(path.read_text()) | {"memory": memory})
    return min(results, key=lambda result: statistics.median(result["seconds"][2:]))


def ours(name, precision, options):
    kind, model, rows, batch = workloads.WORKLOADS[name]
    if kind == "generate":
        return our_generation(model, batch, precision, options)
    if kind in workloads.ONLINE:
        return our_rollouts(kind, model, batch, precision, options)
    place = options.work_dir / (f"{model}-reward" if kind == "reward" else model)
    output = options.work_dir / "ours"
    shutil.rmtree(output, ignore_errors=True)
    _, memory, wall = timed([
        options.attune, kind, "--model_name_or_path", place, "--dataset_path",
        options.work_dir / f"{rows}.jsonl", "--output_dir", output, "--max_steps", workloads.STEPS,
        "--per_device_train_batch_size", batch, "--max_length", 256, "--learning_rate", 1e-4,
        "--lr_scheduler_type", "constant", "--shuffle_dataset", "false", "--logging_steps", 1,
        "--save_strategy", "no", "--seed", 1, "--threads", 2, "--bf16", str(precision == "bf16").lower()])
    steps = [json.loads(line) for line in (output / "metrics.jsonl").open()]
    steps = [step for step in steps if "loss" in step]
    return {
        "seconds": [step["step_time"] for step in steps], "losses": [step["loss"] for step in steps],
        "memory": memory, "wall": wall}


def our_rollouts(kind, model, batch, precision, options):
    place, output = options.work_dir / model, options.work_dir / "ours"
    shutil.rmtree(output, ignore_errors=True)
    if kind == "ppo":
        more = ["--value_model", f"{place}-reward", "--num_ppo_epochs", 1, "--num_mini_batches", 1, "--vf_coef", 0.05,
                "--rollout_batch_size", batch]
    else:
        more = ["--num_generations", workloads.GROUP]
    _, memory, _ = timed([
        options.attune, kind, "--model_name_or_path", place, "--dataset_path", options.work_dir / "prompts.jsonl",
        "--output_dir", output, "--max_steps", workloads.STEPS, "--per_device_train_batch_size", batch,
        "--reward_funcs", f"count:{options.work_dir / 'wanted.txt'}", "--max_completion_length", workloads.SAMPLED,
        "--min_new_tokens", workloads.SAMPLED, "--learning_rate", 1e-5, "--lr_scheduler_type", "constant",
        "--logging_steps", 1, "--save_strategy", "no", "--seed", 1, "--threads", 2,
        "--bf16", str(precision == "bf16").lower(), *more])
    steps = [json.loads(line) for line in (output / "metrics.jsonl").open()]
    steps = [step for step in steps if "step_time" in step]
    return {"seconds": [step["step_time"] for step in steps], "losses": [], "memory": memory}


def our_generation(model, batch, precision, options):
    """The time of 128 new tokens less that of 1, both with the start of the program."""
    rows = options.work_dir / "some.jsonl"
    lines = (options.work_dir / "prompts.jsonl").read_text().splitlines()[:batch]
    rows.write_text("\n".join(lines) + "\n")

    def call(count):
        output, memory, seconds = timed([
            options.attune, "generate", "--model_name_or_path", options.work_dir / model,
            "--dataset_path", rows, "--temperature", 0, "--max_new_tokens", count, "--min_new_tokens", count,
            "--batch_size", batch, "--threads", 2, "--json", "--dtype",
            "bfloat16" if precision == "bf16" else "float32"])
        return [json.loads(line)["ids"] for line in output.splitlines()], memory, seconds

    long, memory, seconds = call(workloads.NEW_TOKENS)
    start = min(call(1)[2] for _ in range(2))
    return {"seconds": [seconds - start] * 3, "ids": long, "losses": [], "memory": memory}


def tokens_of(name, options):
    """Real tokens of a step, or new tokens of a call."""
    kind, _, rows, batch = workloads.WORKLOADS[name]
    if kind == "generate":
        return batch * workloads.NEW_TOKENS
    if kind in workloads.ONLINE:
        return batch * (64 + workloads.SAMPLED)
    lines = [json.loads(line) for line in (options.work_dir / f"{rows}.jsonl").open()]
    per_row = [
        sum(len((row["prompt"] + row[side]).split()) + 1 for side in ("completion", "chosen", "rejected") if side in row)
        for row in lines]
    return statistics.mean(per_row) * batch


def agreement(name, mine, theirs):
    if mine["losses"]:
        if name == "sft ragged":
            return "-" if len(mine["losses"]) != len(theirs["losses"]) else loss_difference(mine, theirs)
        return loss_difference(mine, theirs)
    if "ids" not in mine:
        return "sampled"
    same = sum(a == b for x, y in zip(mine["ids"], theirs["ids"]) for a, b in zip(x, y))
    return f"{same} of {sum(map(len, theirs['ids']))} tokens"


def loss_difference(mine, theirs):
    return f"{max(abs(a - b) for a, b in zip(mine['losses'], theirs['losses'])):.0e}"


def compare(name, precision, options):
    rounds = []
    for _ in range(options.rounds):
        rounds.append((ours(name, precision, options), peer(name, precision, options)))
    tokens = tokens_of(name, options)
    rates = [
        [tokens / statistics.median(side["seconds"][2:] or side["seconds"]) for side in pair] for pair in rounds]
    ratios = sorted(mine / theirs for mine, theirs in rates)
    memory = [statistics.median(pair[i]["memory"] for pair in rounds) for i in (0, 1)]
    return [
        name, precision, f"{statistics.median(rate[0] for rate in rates):,.0f}",
        f"{statistics.median(rate[1] for rate in rates):,.0f}",
        f"{statistics.median(ratios):.2f}" + (f" ({ratios[0]:.2f} to {ratios[-1]:.2f})" if len(ratios) > 1 else ""),
        f"{memory[0]:,.0f}", f"{memory[1]:,.0f}", f"{memory[0] / memory[1]:.2f}", agreement(name, *rounds[0]),
        share_of_limit(name, precision, statistics.median(rate[0] for rate in rates))]


def share_of_limit(name, precision, rate):
    """Our rate as a part of what the machine can do, measured now."""
    found = roofline.limit(name, precision, roofline.bandwidth())
    return f"{100 * rate / found[0]:.0f} % of {found[0]:,.0f} ({found[1]})" if found else "-"


def starts(options):
    """Seconds from the start of a program to its first step of `sft 13M`, for both sides: median over rounds."""
    found = []
    for _ in range(options.rounds):
        mine, theirs = ours("sft 13M", "fp32", options), peer("sft 13M", "fp32", options)
        found.append((mine["wall"] - sum(mine["seconds"]), theirs["start"]))
    return [statistics.median(pair[i] for pair in found) for i in (0, 1)]


def machine(options):
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor())
    import torch
    import transformers
    import trl
    return (
        f"{time.strftime('%Y-%m-%d')}, {model}, {os.cpu_count()} cores, 2 threads a side, rounds: {options.rounds}; "
        f"trl {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attune", required=True)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--precision", choices=PRECISIONS, action="append", help="default: both")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    unknown = set(options.names) - set(workloads.WORKLOADS) - {"start"}
    if unknown:
        raise SystemExit(f"no workload {unknown}; known: {', '.join(workloads.WORKLOADS)}, start")
    workloads.prepare(options.work_dir)
    roofline.torch.set_num_threads(2)
    lines = [
        "| workload | precision | Attune, tokens/s | TRL, tokens/s | ratio (least to greatest) "
        "| Attune, MiB | TRL, MiB | memory | losses or tokens | Attune of the limit |", "|---|---|---|---|---|---|---|---|---|---|"]
    for name in [name for name in options.names or workloads.WORKLOADS if name != "start"]:
        for precision in options.precision or PRECISIONS:
            lines.append("| " + " | ".join(compare(name, precision, options)) + " |")
            print(lines[-1], flush=True)
    if not options.names or "start" in options.names:
        mine, theirs = starts(options)
        lines += ["", f"From the start of the program to the first step of `sft 13M`: {mine:.1f} s (with saving the model at "
                  f"the end) against {theirs:.1f} s."]
        print(lines[-1], flush=True)
    if options.page and not options.names and not options.precision:
        before, rest = options.page.read_text().split(MARKS[0])
        table = "\n".join([MARKS[0], "", machine(options), "", *lines, "", MARKS[1]])
        options.page.write_text(before + table + rest.split(MARKS[1])[1])


if __name__ == "__main__":
    main()
